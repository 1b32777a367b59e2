import type { Hotkey } from "../types.ts";

/** Correlations are kept this far from +-1, where Fisher's transformation is infinite. */
const MAX_CORRELATION = 0.999999;

/** Turns a median absolute deviation into a standard deviation, for normal values. */
const MAD_TO_SIGMA = 1.4826;

/** Groups of two or more that show the same fingerprint: the bytes of a reveal, a model hash. */
export function identicalGroups(fingerprints: ReadonlyMap<Hotkey, string>): Hotkey[][] {
  const groups = new Map<string, Hotkey[]>();
  for (const [hotkey, fingerprint] of fingerprints) {
    const group = groups.get(fingerprint);
    if (group) group.push(hotkey);
    else groups.set(fingerprint, [hotkey]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Two members of a field and how far their likeness stands out of it, in robust standard deviations. */
export type PairEvidence = [first: number, second: number, z: number];

/**
 * How alike are the errors of each pair? Answers to the same questions agree because both are right; only copies are
 * wrong in the same way. Pearson's correlation of the residuals, Fisher's z of it, then its distance from the median
 * pair: what all honest models share moves the median and does not count.
 *
 * @param residuals - One row per miner, equal lengths: answer minus truth on shared questions.
 * @returns One entry for each pair, the lower index first. With under three rows nothing can stand out: z is 0.
 */
export function residualCorrelation(residuals: readonly (readonly number[])[]): PairEvidence[] {
  const units = residuals.map(toUnitDeviation);
  const pairs: PairEvidence[] = [];
  for (let i = 0; i < units.length; i++) {
    for (let j = i + 1; j < units.length; j++) pairs.push([i, j, fisher(dot(units[i]!, units[j]!))]);
  }
  const middle = median(pairs.map(([, , z]) => z));
  const spread = MAD_TO_SIGMA * median(pairs.map(([, , z]) => Math.abs(z - middle)));
  return pairs.map(([i, j, z]) => [i, j, spread > 0 ? (z - middle) / spread : 0]);
}

/** Mean taken off, then scaled to length 1. A row without any deviation becomes all 0: it correlates with nothing. */
function toUnitDeviation(row: readonly number[]): Float64Array {
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  const deviations = Float64Array.from(row, (x) => x - mean);
  const length = Math.sqrt(dot(deviations, deviations));
  return deviations.map((x) => (length > 0 ? x / length : 0));
}

function fisher(correlation: number): number {
  return Math.atanh(Math.min(MAX_CORRELATION, Math.max(-MAX_CORRELATION, correlation)));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2;
}
