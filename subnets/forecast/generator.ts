import { type Random, randomFrom } from "../../shared/rules/beacon.ts";

/** One step of the series: `value` was drawn in `regime`. */
export type SeriesPoint = { value: number; regime: 0 | 1 };

/**
 * What of a value is kept in the next one. In the first regime the series hardly remembers, and a guess near the middle is
 * good; in the second it swings from one side to the other. Whoever repeats the last value is wrong in both.
 */
const KEEPS = [0.1, -0.8] as const;
/** Deviation of what is new in a step. */
const MOVES = 1;
/** Chance of another regime in a step. */
const CHANGES = 0.04;

/** Where every series begins. */
export const FIRST_POINT: SeriesPoint = { value: 0, regime: 0 };

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
  return { value: KEEPS[next] * value + MOVES * random.normal(), regime: next };
}

/** Newest moves that say which regime it is. */
const LOOKED = 6;

/** The best guess that a few values allow: the mean of what comes next, in the regime that explains the newest moves best. */
export function expectedNext(window: readonly number[]): { value: number; regime: 0 | 1 } {
  const newest = window.slice(-LOOKED - 1);
  const missed = KEEPS.map((keeps) =>
    newest.slice(1).reduce((sum, value, at) => sum + (value - keeps * newest[at]!) ** 2, 0),
  );
  const regime = missed[0]! <= missed[1]! ? 0 : 1;
  return { value: KEEPS[regime] * (window.at(-1) ?? 0), regime };
}
