/** Standard deviation with n - 1 below it. 0 for fewer than two values. */
export function deviation(values: ArrayLike<number>, count = values.length): number {
  if (count < 2) return 0;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (values[i]! - mean) ** 2;
  return Math.sqrt(squares / (count - 1));
}

/** 0 for no values. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) return 0;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Linear between the two nearest values in order. @param at - 0..1. @param values - At least one. */
export function quantile(values: ArrayLike<number>, at: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = at * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below);
}

/** @param values - At least one. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}

/** Median, and median distance from it. @param values - At least one. */
export function medianDeviation(values: readonly number[]): { median: number; mad: number } {
  const middle = median(values);
  return { median: middle, mad: median(values.map((value) => Math.abs(value - middle))) };
}

/** @param alpha - Share of `current`. @param previous - Null: there is none, and `current` is the average. */
export function movingAverage(alpha: number, current: number, previous: number | null): number {
  return previous === null ? current : alpha * current + (1 - alpha) * previous;
}

/**
 * Each value stands at the middle of its own weight; between them it is linear, beyond the ends it is flat (F12).
 *
 * @param weights - As many as values, >= 0, not all 0.
 * @param percentiles - 0..100, ascending.
 */
export function weightedPercentiles(
  values: ArrayLike<number>,
  weights: ArrayLike<number>,
  percentiles: readonly number[],
): number[] {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort(
    (a, b) => values[a]! - values[b]! || a - b,
  );
  const sorted = Float64Array.from(order, (i) => values[i]!);
  const places = new Float64Array(order.length);
  let below = 0;
  order.forEach((from, to) => {
    places[to] = below + weights[from]! / 2;
    below += weights[from]!;
  });
  return percentiles.map((percentile) => interpolate((percentile / 100) * below, places, sorted));
}

/** @param places - Ascending. */
function interpolate(place: number, places: Float64Array, values: Float64Array): number {
  const last = places.length - 1;
  if (place <= places[0]!) return values[0]!;
  if (place >= places[last]!) return values[last]!;
  let above = 1;
  while (places[above]! < place) above++;
  const gap = places[above]! - places[above - 1]!;
  const share = gap > 0 ? (place - places[above - 1]!) / gap : 1;
  // Rounding must not carry it beyond the value above: percentiles stay in their order.
  return Math.min(values[above]!, values[above - 1]! + share * (values[above]! - values[above - 1]!));
}
