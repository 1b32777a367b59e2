import { deviation, quantile } from "./statistics.ts";
import type { TopicConfig } from "./topic-config.ts";

/*
 * From regrets to weights (F1 to F4, F9), as allora-chain v0.6 does. What runs for every variant of a synthesis works in
 * arrays that its caller keeps, and looks at their first `count` entries.
 */

/** What the map from regrets to weights is made of. */
export type WeightMap = Pick<TopicConfig, "pNorm" | "cNorm" | "epsilon">;

/** Normalised regrets above c + 6.75/p count as that, below c - 17.25/p as nothing. */
const CAP = 6.75;
const NOTHING = 17.25;
/** When even the best is below c - 8.25/p, all move up together until it is there. */
const ANCHOR = 8.25;
/** Least sum of weights that divides (F4). */
const LEAST_SUM = 1e-7;
/** Newcomers start from this quantile of experienced regrets (F9). */
const NEWCOMER_QUANTILE = 0.25;

/** F1: ln(1 + exp(p (x - c))), also where the power is too large for a double. */
export function potential(x: number, p: number, c: number): number {
  const power = p * (x - c);
  return power > 0 ? power + Math.log1p(Math.exp(-power)) : Math.log1p(Math.exp(power));
}

/** F1: the slope of the potential. */
export function slope(x: number, p: number, c: number): number {
  return p / (1 + Math.exp(p * (c - x)));
}

/** F3. @param best - The largest normalised regret of all who are weighed together. */
export function weightOf(normalised: number, best: number, { pNorm: p, cNorm: c }: WeightMap): number {
  const cap = c + CAP / p;
  const anchor = c - ANCHOR / p;
  const moved = best < anchor ? normalised + anchor - best : Math.min(normalised, cap);
  return moved < c - NOTHING / p ? 0 : slope(moved, p, c);
}

/** F2: what regrets are divided by. */
export function spreadOf(regrets: ArrayLike<number>, count: number, epsilon: number): number {
  return deviation(regrets, count) + epsilon;
}

/**
 * F2 and F3 for those who are weighed together.
 *
 * @param weights - Filled, may be `regrets` itself.
 * @param spread - Default: that of these regrets.
 */
export function weigh(
  regrets: Float64Array,
  count: number,
  weights: Float64Array,
  map: WeightMap,
  spread = spreadOf(regrets, count, map.epsilon),
): void {
  let best = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) if (regrets[i]! > best) best = regrets[i]!;
  best /= spread;
  for (let i = 0; i < count; i++) weights[i] = weightOf(regrets[i]! / spread, best, map);
}

/** F4: the weighted mean. */
export function combine(values: ArrayLike<number>, weights: ArrayLike<number>, count: number): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    sum += values[i]! * weights[i]!;
    total += weights[i]!;
  }
  return sum / Math.max(total, LEAST_SUM);
}

/** F9: what somebody starts from of whom nothing is known. @param experienced - Regrets, at least one. */
export function newcomerRegret(experienced: readonly number[], { pNorm, cNorm, epsilon }: WeightMap): number {
  const below = (cNorm - ANCHOR / pNorm) * spreadOf(experienced, experienced.length, epsilon);
  return quantile(experienced, NEWCOMER_QUANTILE) + below;
}
