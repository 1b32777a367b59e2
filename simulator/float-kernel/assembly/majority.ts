import { stakePairs, TILE_BYTES, voters } from "./layout.ts";

/** How far the first step goes, in deviations per share of the stake that is missing: past the answer, to enclose it. */
const FIRST_STEP: f64 = 4;

/**
 * The consensus of two miners: for each the largest weight that `kappa` of the stake supports, 0 where there is none.
 * Exact: the search only decides how soon it is found. Each pass over the column asks how much stake supports at least
 * `at`, and looks up the weights next to it, so that every pass excludes one at least.
 *
 * @param column - First of the two in the tile.
 */
export function majorityOf(column: usize, kappa: v128): v128 {
  const zero = f64x2.splat(0);
  let mean = zero;
  let squares = zero;
  const firstStake = stakePairs;
  const end = firstStake + ((<usize>voters) << 4);
  let weights = column;
  for (let stakes = firstStake; stakes < end; stakes += 16) {
    const weight = v128.load(weights);
    const staked = f64x2.mul(v128.load(stakes), weight);
    mean = f64x2.add(mean, staked);
    squares = f64x2.add(squares, f64x2.mul(staked, weight));
    weights += TILE_BYTES;
  }
  const variance = f64x2.pmax(zero, f64x2.sub(squares, f64x2.mul(mean, mean)));
  const endless = f64x2.splat(Infinity);
  // The answer is in low..high; with the stake behind low, and behind more than high.
  let low = zero;
  let high = endless;
  let lowStake = zero;
  let highStake = zero;
  let at = mean;
  let step = f64x2.mul(f64x2.sqrt(variance), f64x2.splat(FIRST_STEP));
  // Nobody with stake votes: nothing to seek.
  let open = f64x2.gt(mean, zero);
  high = v128.and(high, open);
  while (v128.any_true(open)) {
    let supportA = zero;
    let supportB = zero;
    let next = endless;
    let previous = zero;
    weights = column;
    for (let stakes = firstStake; stakes < end; stakes += 32) {
      const a = v128.load(weights);
      const isLessA = f64x2.lt(a, at);
      supportA = f64x2.add(supportA, v128.andnot(v128.load(stakes), isLessA));
      // What is less becomes no number, which is never the minimum.
      next = f64x2.pmin(next, v128.or(a, isLessA));
      previous = f64x2.pmax(previous, v128.and(a, isLessA));
      const b = v128.load(weights, TILE_BYTES);
      const isLessB = f64x2.lt(b, at);
      supportB = f64x2.add(supportB, v128.andnot(v128.load(stakes, 16), isLessB));
      next = f64x2.pmin(next, v128.or(b, isLessB));
      previous = f64x2.pmax(previous, v128.and(b, isLessB));
      weights += 2 * TILE_BYTES;
    }
    const support = f64x2.add(supportA, supportB);
    const isEnough = f64x2.ge(support, kappa);
    const raises = v128.and(isEnough, open);
    const lowers = v128.andnot(open, isEnough);
    low = v128.bitselect(next, low, raises);
    lowStake = v128.bitselect(support, lowStake, raises);
    high = v128.bitselect(previous, high, lowers);
    highStake = v128.bitselect(support, highStake, lowers);
    open = f64x2.lt(low, high);

    // Between two known ends, where a line between them crosses; before that, a step in the right direction.
    const slope = f64x2.div(f64x2.sub(lowStake, kappa), f64x2.sub(lowStake, highStake));
    const crossing = f64x2.add(low, f64x2.mul(f64x2.sub(high, low), slope));
    const stepped = f64x2.add(at, f64x2.mul(step, f64x2.sub(support, kappa)));
    step = f64x2.add(step, step);
    const isBetween = v128.and(f64x2.gt(low, zero), f64x2.lt(high, endless));
    const wanted = v128.bitselect(crossing, stepped, isBetween);
    // Above low and not above high, whatever the digits do.
    const aboveLow = f64x2.add(f64x2.mul(low, f64x2.splat(1 + 1e-12)), f64x2.splat(5e-324));
    const floor = v128.bitselect(aboveLow, f64x2.mul(high, f64x2.splat(0.25)), f64x2.gt(low, zero));
    at = f64x2.pmin(f64x2.pmax(floor, wanted), high);
  }
  return low;
}
