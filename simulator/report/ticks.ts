/** Steps that people count in. */
const STEPS = [1, 2, 2.5, 5, 10];
/** A range that is narrower than this part of its numbers has no ticks that differ in print, and no steps that a double can count. */
const NARROW = 1e-9;
/** Nor has one that is narrower than this. */
const TINY = 1e-290;

/**
 * Round numbers within a range, evenly spaced, about `count` of them.
 *
 * @param whole - Only whole numbers.
 */
export function ticksOf(low: number, high: number, count: number, whole = false): number[] {
  if (!(high - low > Math.max(TINY, NARROW * Math.max(Math.abs(low), Math.abs(high))))) return [low];
  const rough = (high - low) / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const found = STEPS.find((step) => step * magnitude >= rough * 0.999)! * magnitude;
  const step = whole ? Math.max(1, Math.ceil(found)) : found;
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

/** Smallest round number that holds `value`, a little air above it. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return Number(
    ([1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * magnitude >= value)! * magnitude).toPrecision(
      12,
    ),
  );
}
