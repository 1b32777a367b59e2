/** One comparison: us and a peer, measured in turn in the same run. */
export type BenchCase = {
  case: string;
  /** Median over the rounds. */
  ours: number;
  peer: number;
  unit: string;
  /** Median of the ratios of all rounds, oriented so that more is better for us. */
  ratio: number;
  /** Smallest and largest ratio of a round. */
  spread: [number, number];
  required: number;
  pass: boolean;
};

/** A round measures both sides close together, so that a slow moment of the machine hits both. */
export type Round = { ours: number; peer: number };

/** For costs such as time: the ratio is peer over ours. */
export function compareCosts(
  what: string,
  unit: string,
  required: number,
  rounds: readonly Round[],
): BenchCase {
  return compare({ case: what, unit, required }, rounds, ({ ours, peer }) => peer / ours);
}

/** For rates such as requests per second: the ratio is ours over peer. */
export function compareRates(
  what: string,
  unit: string,
  required: number,
  rounds: readonly Round[],
): BenchCase {
  return compare({ case: what, unit, required }, rounds, ({ ours, peer }) => ours / peer);
}

function compare(
  wanted: Pick<BenchCase, "case" | "unit" | "required">,
  rounds: readonly Round[],
  ratioOf: (round: Round) => number,
): BenchCase {
  const ratios = rounds.map(ratioOf);
  const ratio = median(ratios);
  return {
    case: wanted.case,
    ours: median(rounds.map((round) => round.ours)),
    peer: median(rounds.map((round) => round.peer)),
    unit: wanted.unit,
    ratio,
    spread: [Math.min(...ratios), Math.max(...ratios)],
    required: wanted.required,
    pass: ratio >= wanted.required,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
