/** One value of the dial that was played. */
export type BreakEvenPoint = {
  value: number;
  /** Profit per epoch beyond honest work, in shares of what an epoch emits. */
  advantage: number;
  pays: boolean;
};

/** From which value on an attack pays. */
export type BreakEven = {
  /** Such as "copycat.noise". */
  dial: string;
  low: number;
  high: number;
  outcome: "pays from" | "always pays" | "never pays";
  /** Smallest value found that pays. Undefined: it never does. */
  value?: number;
  /** All that was played, by rising value. */
  points: readonly BreakEvenPoint[];
};

export type BreakEvenOptions = {
  dial: string;
  /** Searched from low to high, both included. */
  low: number;
  high: number;
  /** The dial counts things: only whole values are played. */
  whole?: boolean;
  /** Evenly spaced values to begin with: an attack may pay in the middle alone, where halving would miss it. Default 5. */
  grid?: number;
  /** How close to look, as a part of the range. Default 1 %. */
  precision?: number;
  /** Plays the attack with the dial at this value. */
  at(value: number): Promise<{ advantage: number; pays: boolean }>;
};

/**
 * Smallest value of a dial at which an attack pays: a grid first, then halving between the first value that pays and the
 * one before. A narrower island than the grid may be missed.
 */
export async function findBreakEven(options: BreakEvenOptions): Promise<BreakEven> {
  const { dial, low, high, whole = false, grid = 5, precision = 0.01 } = options;
  const played = new Map<number, BreakEvenPoint>();
  const playAt = async (raw: number) => {
    const value = whole ? Math.round(raw) : raw;
    const known = played.get(value);
    if (known) return known;
    const point = { value, ...(await options.at(value)) };
    played.set(value, point);
    return point;
  };

  let paying: BreakEvenPoint | undefined;
  let before: BreakEvenPoint | undefined;
  for (let i = 0; i < grid; i++) {
    const point = await playAt(low + ((high - low) * i) / Math.max(1, grid - 1));
    if (!paying && point.pays) paying = point;
    else if (!paying) before = point;
  }
  const enough = whole ? 1 : (high - low) * precision;
  while (paying && before && paying.value - before.value > enough) {
    const middle = await playAt((before.value + paying.value) / 2);
    if (middle.value === before.value || middle.value === paying.value) break;
    if (middle.pays) paying = middle;
    else before = middle;
  }
  const points = [...played.values()].sort((a, b) => a.value - b.value);
  const about = { dial, low, high, points };
  if (!paying) return { ...about, outcome: "never pays" };
  return { ...about, outcome: before ? "pays from" : "always pays", value: paying.value };
}

/** In words, as tables show it. */
export function describeBreakEven({ dial, low, high, outcome, value }: BreakEven): string {
  if (outcome === "pays from") return `${dial} pays from ${plain(value!)}`;
  return `${dial} ${outcome} in [${plain(low)}, ${plain(high)}]`;
}

function plain(value: number): string {
  return String(Number(value.toPrecision(4)));
}
