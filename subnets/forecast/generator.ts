import { type Random, randomFrom } from "../../shared/rules/beacon.ts";

/** One step of the series: `value` was drawn in `regime`. */
export type SeriesPoint = { value: number; regime: 0 | 1 };

/**
 * Where the series goes in a step: up in the first regime, down in the second. Whoever repeats the last value, or says what
 * was right a step ago, is left behind in both; whoever sees the regime is not.
 */
const DRIFTS = [1.5, -1.5] as const;
/** What of a value is kept in the next one: it does not wander off for ever. */
const KEEPS = 0.98;
/** Deviation of what is new in a step. */
const MOVES = 1;
/** Chance of another regime in a step. */
const CHANGES = 0.04;

/** Where every series begins. */
const FIRST_POINT: SeriesPoint = { value: 0, regime: 0 };

/** The next point of an AR(1) series with two regimes. @param seed - 32 bytes that nobody knew before. */
export function nextPoint(last: SeriesPoint, seed: Uint8Array): SeriesPoint {
  return drawPoint(last, randomFrom(seed));
}

/** Many points of one seed, for training and tests: the first follows `FIRST_POINT`. */
export function drawSeries(seed: Uint8Array, count: number): SeriesPoint[] {
  const random = randomFrom(seed);
  const points: SeriesPoint[] = [];
  for (let last = FIRST_POINT; points.length < count; ) {
    last = drawPoint(last, random);
    points.push(last);
  }
  return points;
}

function drawPoint({ value, regime }: SeriesPoint, random: Random): SeriesPoint {
  const isChange = random.uniform() < CHANGES;
  const next = isChange ? (regime === 0 ? 1 : 0) : regime;
  return { value: KEEPS * value + DRIFTS[next] + MOVES * random.normal(), regime: next };
}

/** Newest moves that say which regime it is. */
const LOOKED = 3;

/** The best guess that a few values allow: the mean of what comes next, in the regime that the newest moves speak for. */
export function expectedNext(window: readonly number[]): { value: number; regime: 0 | 1 } {
  const newest = window.slice(-LOOKED - 1);
  const moved = newest.slice(1).reduce((sum, value, at) => sum + value - KEEPS * newest[at]!, 0);
  const regime = moved >= 0 ? 0 : 1;
  return { value: KEEPS * (window.at(-1) ?? 0) + DRIFTS[regime], regime };
}
