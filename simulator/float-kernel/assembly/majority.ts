import {
  candidateStakes,
  candidates,
  majorityLevels,
  stakePairs,
  TILE_BYTES,
  tile,
  tileBases,
  tileMeans,
  tileUnits,
  voters,
} from "./layout.ts";
import { findCandidates, LEVELS } from "./levels.ts";

/** A little more than half a level, for what the last digits of its ends may be wrong. */
const HALF_LEVEL: f64 = 0.501;
/** How far the first step of a search goes, in levels per share of the stake that is missing: past the answer, to enclose it. */
const FIRST_STEP: f64 = 2 * LEVELS;

/**
 * The consensus of the tile's miners: for each the largest weight that `kappa` of the stake supports, 0 where there is none.
 * Exact: levels only decide how soon it is found.
 */
export function agreeTile(into: usize, kappa: f64): void {
  findCandidates(kappa);
  const a = lesserOf(0);
  const b = lesserOf(16);
  const c = lesserOf(32);
  const d = lesserOf(48);
  let supportA = f64x2.splat(0);
  let supportB = f64x2.splat(0);
  let supportC = f64x2.splat(0);
  let supportD = f64x2.splat(0);
  const end = tile + <usize>voters * TILE_BYTES;
  let stakes = stakePairs;
  for (let at = tile; at < end; at += TILE_BYTES) {
    const staked = v128.load(stakes);
    supportA = f64x2.add(supportA, v128.andnot(staked, f64x2.lt(v128.load(at), a)));
    supportB = f64x2.add(supportB, v128.andnot(staked, f64x2.lt(v128.load(at, 16), b)));
    supportC = f64x2.add(supportC, v128.andnot(staked, f64x2.lt(v128.load(at, 32), c)));
    supportD = f64x2.add(supportD, v128.andnot(staked, f64x2.lt(v128.load(at, 48), d)));
    stakes += 16;
  }
  const kappas = f64x2.splat(kappa);
  settle(into, 0, supportA, kappas);
  settle(into, 16, supportB, kappas);
  settle(into, 32, supportC, kappas);
  settle(into, 48, supportD, kappas);
}

/** Puts the two candidates of two miners in order, where there are two. */
function lesserOf(pair: usize): v128 {
  const first = v128.load(candidates + pair);
  const second = v128.load(candidates + pair, TILE_BYTES);
  const stake = v128.load(candidateStakes + pair);
  const otherStake = v128.load(candidateStakes + pair, TILE_BYTES);
  const swaps = v128.and(f64x2.lt(second, first), f64x2.ge(second, f64x2.splat(0)));
  const lesser = v128.bitselect(second, first, swaps);
  v128.store(candidates + pair, lesser);
  v128.store(candidates + pair, v128.bitselect(first, second, swaps), TILE_BYTES);
  v128.store(candidateStakes + pair, v128.bitselect(otherStake, stake, swaps));
  v128.store(candidateStakes + pair, v128.bitselect(stake, otherStake, swaps), TILE_BYTES);
  return lesser;
}

/** A candidate with enough stake behind it, and not enough when its own is gone, is the one. */
function settle(into: usize, pair: usize, support: v128, kappa: v128): void {
  const aboveLesser = f64x2.sub(support, v128.load(candidateStakes + pair));
  const above = f64x2.sub(aboveLesser, v128.load(candidateStakes + pair, TILE_BYTES));
  const isLesser = v128.and(f64x2.ge(support, kappa), f64x2.lt(aboveLesser, kappa));
  const isGreater = v128.and(f64x2.ge(aboveLesser, kappa), f64x2.lt(above, kappa));
  const isFound = i64x2.all_true(v128.or(isLesser, isGreater));
  const found = v128.bitselect(
    v128.load(candidates + pair),
    v128.load(candidates + pair, TILE_BYTES),
    isLesser,
  );
  v128.store(into + pair, isFound ? found : majorityOf(pair, kappa));
}

/**
 * The same for two miners, where several weights lie on the level, or the majority is on another one.
 *
 * @param pair - Where the two stand among the miners of the tile, in bytes.
 */
function majorityOf(pair: usize, kappa: v128): v128 {
  const levels = v128.load32_splat(majorityLevels + (pair >> 2));
  const aboveBase = f64x2.convert_low_i32x4_s(i32x4.extend_low_i16x8_s(levels));
  const level = f64x2.add(v128.load(tileBases + pair), aboveBase);
  const unit = v128.load(tileUnits + pair);
  const half = f64x2.splat(HALF_LEVEL);
  const low = f64x2.mul(f64x2.sub(level, half), unit);
  const high = f64x2.mul(f64x2.add(level, half), unit);
  let lowStake = f64x2.splat(0);
  let highStake = f64x2.splat(0);
  let least = f64x2.splat(Infinity);
  let most = f64x2.splat(0);
  const end = stakePairs + ((<usize>voters) << 4);
  let weights = tile + pair;
  for (let stakes = stakePairs; stakes < end; stakes += 32) {
    const a = v128.load(weights);
    const b = v128.load(weights, TILE_BYTES);
    const stakedA = v128.load(stakes);
    const stakedB = v128.load(stakes, 16);
    const isBelowA = f64x2.lt(a, low);
    const isBelowB = f64x2.lt(b, low);
    const isNotAboveA = f64x2.lt(a, high);
    const isNotAboveB = f64x2.lt(b, high);
    lowStake = f64x2.add(lowStake, v128.andnot(stakedA, isBelowA));
    highStake = f64x2.add(highStake, v128.andnot(stakedA, isNotAboveA));
    lowStake = f64x2.add(lowStake, v128.andnot(stakedB, isBelowB));
    highStake = f64x2.add(highStake, v128.andnot(stakedB, isNotAboveB));
    // What is left out becomes no number, which is never the minimum, or 0.
    least = f64x2.pmin(least, v128.or(a, isBelowA));
    most = f64x2.pmax(most, v128.and(a, isNotAboveA));
    least = f64x2.pmin(least, v128.or(b, isBelowB));
    most = f64x2.pmax(most, v128.and(b, isNotAboveB));
    weights += 2 * TILE_BYTES;
  }
  const isHere = v128.and(f64x2.ge(lowStake, kappa), f64x2.lt(highStake, kappa));
  if (i64x2.all_true(v128.and(isHere, f64x2.eq(least, most)))) return least;
  return search(
    pair,
    kappa,
    v128.and(least, isHere),
    v128.and(lowStake, isHere),
    v128.bitselect(most, f64x2.splat(Infinity), isHere),
    v128.and(highStake, isHere),
  );
}

/**
 * The same where the level did not tell. Each pass over the column asks how much stake supports at least `at`, and looks up
 * the weights next to it, so that every pass excludes one at least. The answer is in low..high; with the stake behind
 * low, and behind more than high.
 */
function search(pair: usize, kappa: v128, low: v128, lowStake: v128, high: v128, highStake: v128): v128 {
  const zero = f64x2.splat(0);
  const endless = f64x2.splat(Infinity);
  const end = stakePairs + ((<usize>voters) << 4);
  let at = v128.load(tileMeans + pair);
  // Nobody with stake votes: nothing to seek.
  high = v128.and(high, f64x2.gt(at, zero));
  let open = f64x2.lt(low, high);
  let support = kappa;
  let step = f64x2.mul(v128.load(tileUnits + pair), f64x2.splat(FIRST_STEP / 2));
  while (v128.any_true(open)) {
    // Between two known ends, where a line between them crosses; before that, a step in the right direction.
    const slope = f64x2.div(f64x2.sub(lowStake, kappa), f64x2.sub(lowStake, highStake));
    const crossing = f64x2.add(low, f64x2.mul(f64x2.sub(high, low), slope));
    const stepped = f64x2.add(at, f64x2.mul(step, f64x2.sub(support, kappa)));
    step = f64x2.add(step, step);
    const isEnclosed = f64x2.lt(high, endless);
    const isBetween = v128.and(f64x2.gt(low, zero), isEnclosed);
    const wanted = v128.bitselect(crossing, stepped, isBetween);
    // Above low and not above high, whatever the digits do.
    const aboveLow = f64x2.add(f64x2.mul(low, f64x2.splat(1 + 1e-12)), f64x2.splat(5e-324));
    const aboveZero = v128.and(f64x2.mul(high, f64x2.splat(0.25)), isEnclosed);
    const floor = v128.bitselect(aboveLow, aboveZero, f64x2.gt(low, zero));
    at = f64x2.pmin(f64x2.pmax(floor, wanted), high);

    support = zero;
    let next = endless;
    let previous = zero;
    let weights = tile + pair;
    for (let stakes = stakePairs; stakes < end; stakes += 16) {
      const weight = v128.load(weights);
      const isLess = f64x2.lt(weight, at);
      support = f64x2.add(support, v128.andnot(v128.load(stakes), isLess));
      next = f64x2.pmin(next, v128.or(weight, isLess));
      previous = f64x2.pmax(previous, v128.and(weight, isLess));
      weights += TILE_BYTES;
    }
    const isEnough = f64x2.ge(support, kappa);
    const raises = v128.and(isEnough, open);
    const lowers = v128.andnot(open, isEnough);
    low = v128.bitselect(next, low, raises);
    lowStake = v128.bitselect(support, lowStake, raises);
    high = v128.bitselect(previous, high, lowers);
    highStake = v128.bitselect(support, highStake, lowers);
    open = f64x2.lt(low, high);
  }
  return low;
}
