/*
 * From scores to shares. Every shape takes scores in any unit, finite and >= 0, and returns shares of the same length
 * that sum to 1, or all 0 when nobody scored: an empty field is not an equal one.
 */

/** Shares in proportion to the scores. */
export function linear(scores: readonly number[]): number[] {
  const total = scores.reduce((sum, score) => sum + score, 0);
  return scores.map((score) => (total > 0 ? score / total : 0));
}

/** `score^exponent`: above 1 favours the best. Scaled by the best score first, so that nothing overflows. */
export function power(scores: readonly number[], exponent: number): number[] {
  const best = Math.max(0, ...scores);
  return linear(scores.map((score) => (best > 0 ? (score / best) ** exponent : 0)));
}

/** `exp(score / temperature)` over those who scored: e times as much for `temperature` more. */
export function softmax(scores: readonly number[], temperature: number): number[] {
  const best = Math.max(0, ...scores);
  return linear(scores.map((score) => (score > 0 ? Math.exp((score - best) / temperature) : 0)));
}

/** Almost all to whoever wins most often. `winRates` are 0..1. */
export function winner(winRates: readonly number[]): number[] {
  return softmax(winRates, 0.01);
}

/** A gathering of the best and a reserve behind it (after tplr-ai/templar). */
export type GatherReserve = {
  /** How many are gathered, and how many stand in reserve. */
  gather: number;
  reserve: number;
  /** First over last of the gathered: a straight ramp between them. */
  topRatio: number;
  /** Each in reserve over the one before it, beginning with the last gathered. */
  decay: number;
};

/** Shares by rank alone. Equal scores keep the order they came in. */
export function gatherReserve(scores: readonly number[], options: GatherReserve): number[] {
  const { gather, reserve, topRatio, decay } = options;
  const ranked = scores.map((score, index) => ({ score, index })).filter(({ score }) => score > 0);
  ranked.sort((a, b) => b.score - a.score || a.index - b.index);

  const shares = scores.map(() => 0);
  ranked.slice(0, gather + reserve).forEach(({ index }, rank) => {
    const step = gather > 1 ? (topRatio - 1) / (gather - 1) : 0;
    shares[index] = rank < gather ? topRatio - rank * step : decay ** (rank - gather + 1);
  });
  return linear(shares);
}

/** Drops whoever is below `share` of the best score. */
export function aboveShareOfBest(scores: readonly number[], share: number): number[] {
  const limit = share * Math.max(0, ...scores);
  return scores.map((score) => (score >= limit ? score : 0));
}
