/** How runs spread: the mean, and where 5 % and 95 % of them lie. */
export type Band = { mean: number; low: number; high: number };

const LOW = 0.05;
const HIGH = 0.95;

/** @returns undefined for no values at all. */
export function toBand(values: readonly number[]): Band | undefined {
  if (values.length === 0) return undefined;
  return { mean: mean(values), low: quantile(values, LOW), high: quantile(values, HIGH) };
}

/** @returns NaN for no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Linear between order statistics. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  const between = at - below;
  // A step from below would round: a quantile must never leave the two values it lies between.
  return sorted[below]! * (1 - between) + sorted[above]! * between;
}

/**
 * Inequality of what the members of a group have: 0 when all have the same, towards 1 when one has all.
 *
 * @param shares - Not negative, any sum. All zero is 0.
 */
export function gini(shares: readonly number[]): number {
  const sorted = [...shares].sort((a, b) => a - b);
  const sum = sorted.reduce((total, share) => total + share, 0);
  if (sum === 0) return 0;
  const weighted = sorted.reduce((total, share, i) => total + (2 * (i + 1) - sorted.length - 1) * share, 0);
  return Math.max(0, weighted / (sorted.length * sum));
}

/** How many equal earners would be as concentrated: 1 / sum of squared shares. 0 when nobody has anything. */
export function effectiveNumber(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  if (sum === 0) return 0;
  return 1 / shares.reduce((total, share) => total + (share / sum) ** 2, 0);
}
