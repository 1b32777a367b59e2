import {
  BLOCK,
  candidateStakes,
  candidates,
  levelled,
  levels,
  majorityLevels,
  present,
  stakePairs,
  TILE_BYTES,
  tile,
  tileFactors,
  tileShifts,
  voters,
} from "./layout.ts";

/*
 * A rough consensus of a whole tile at once: weights in few bits and stakes in 16, eight miners in a vector. It tells
 * majority.ts where to look, and need not be right.
 */

const BITS: i32 = 8;
/** From the lowest to the highest: a deviation to both sides of the mean, where every median is. */
export const LEVELS: f64 = <f64>(1 << BITS);
/** Level of all the stake. */
const ALL: f64 = 65535;
/** A validator's eight levels, then eight times that of its stake. */
const ROW: usize = 32;
const STAKE: usize = 16;

/** Once an epoch. @param stake - Shares, one per validator. */
export function writeStakeLevels(stake: usize): void {
  for (let v: usize = 0; v < <usize>voters; v++) {
    const level = <i32>Math.round(min(load<f64>(stake + (v << 3)), 1) * ALL);
    v128.store(levels + v * ROW, i16x8.splat(<i16>level), STAKE);
  }
  // Nobody is on no level.
  for (let v = <usize>voters; v < <usize>levelled; v++) v128.store(levels + v * ROW, i16x8.splat(-1));
}

/** Per miner of the tile the highest level that enough stake supports, and the weights that lie there. */
export function findCandidates(kappa: f64): void {
  writeLevels();
  // Rounding may have taken this much from those who are just enough.
  const slack = <f64>(voters >> 2) + 1;
  const enough = i16x8.splat(<i16>(<i32>max(0, min(ALL, kappa * ALL - slack))));
  const end = levels + <usize>voters * ROW;
  let found = i16x8.splat(0);
  for (let bit = 1 << (BITS - 1); bit > 0; bit >>= 1) {
    const at = v128.or(found, i16x8.splat(<i16>bit));
    let supportA = i16x8.splat(0);
    let supportB = i16x8.splat(0);
    for (let row = levels; row < end; row += 4 * ROW) {
      const a = v128.andnot(v128.load(row, STAKE), i16x8.lt_s(v128.load(row), at));
      supportA = i16x8.add_sat_u(supportA, a);
      const b = v128.andnot(v128.load(row, ROW + STAKE), i16x8.lt_s(v128.load(row, ROW), at));
      supportB = i16x8.add_sat_u(supportB, b);
      const c = v128.andnot(v128.load(row, 2 * ROW + STAKE), i16x8.lt_s(v128.load(row, 2 * ROW), at));
      supportA = i16x8.add_sat_u(supportA, c);
      const d = v128.andnot(v128.load(row, 3 * ROW + STAKE), i16x8.lt_s(v128.load(row, 3 * ROW), at));
      supportB = i16x8.add_sat_u(supportB, d);
    }
    const support = i16x8.add_sat_u(supportA, supportB);
    found = v128.bitselect(at, found, i16x8.ge_u(support, enough));
  }
  v128.store(majorityLevels, found);
  collect(found);
}

/**
 * The weights on the level of each miner and their stake: two at most, none is -1. Where there are more, their
 * stakes are no numbers.
 */
function collect(found: v128): void {
  for (let at: usize = 0; at < TILE_BYTES; at += 16) {
    v128.store(candidates + at, f64x2.splat(-1));
    v128.store(candidates + at, f64x2.splat(-1), TILE_BYTES);
    v128.store(candidateStakes + at, f64x2.splat(0));
    v128.store(candidateStakes + at, f64x2.splat(0), TILE_BYTES);
  }
  for (let from: usize = 0; from < <usize>levelled; from += 4 * BLOCK) {
    findPresent(from, found);
    for (let lane: usize = 0; lane < TILE_BYTES; lane += 8) {
      let there = load<u64>(present + lane);
      while (there) {
        const v = from + <usize>ctz(there);
        there &= there - 1;
        add(lane, load<f64>(tile + v * TILE_BYTES + lane), load<f64>(stakePairs + (v << 4)));
      }
    }
  }
}

/** Who of four blocks is on the level of each miner: a bit per validator. @param first - Validator they begin with. */
function findPresent(first: usize, found: v128): void {
  const a = presentInBlock(first, found);
  const b = presentInBlock(first + BLOCK, found);
  const c = presentInBlock(first + 2 * BLOCK, found);
  const d = presentInBlock(first + 3 * BLOCK, found);
  const lowAB = v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  const lowCD = v128.shuffle<i16>(c, d, 0, 8, 1, 9, 2, 10, 3, 11);
  const highAB = v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
  const highCD = v128.shuffle<i16>(c, d, 4, 12, 5, 13, 6, 14, 7, 15);
  v128.store(present, v128.shuffle<i32>(lowAB, lowCD, 0, 4, 1, 5));
  v128.store(present, v128.shuffle<i32>(lowAB, lowCD, 2, 6, 3, 7), 16);
  v128.store(present, v128.shuffle<i32>(highAB, highCD, 0, 4, 1, 5), 32);
  v128.store(present, v128.shuffle<i32>(highAB, highCD, 2, 6, 3, 7), 48);
}

/** The same of one block, which need not be there: sixteen bits per miner. */
function presentInBlock(first: usize, found: v128): v128 {
  let there = i16x8.splat(0);
  if (first >= <usize>levelled) return there;
  let bit = i16x8.splat(1);
  const end = levels + (first + BLOCK) * ROW;
  for (let row = levels + first * ROW; row < end; row += 2 * ROW) {
    there = v128.or(there, v128.and(i16x8.eq(v128.load(row), found), bit));
    bit = i16x8.add(bit, bit);
    there = v128.or(there, v128.and(i16x8.eq(v128.load(row, ROW), found), bit));
    bit = i16x8.add(bit, bit);
  }
  return there;
}

function add(lane: usize, weight: f64, staked: f64): void {
  const at = candidates + lane;
  const stake = candidateStakes + lane;
  const first = load<f64>(at);
  if (first < 0 || first === weight) {
    store<f64>(at, weight);
    store<f64>(stake, load<f64>(stake) + staked);
    return;
  }
  const second = load<f64>(at, TILE_BYTES);
  if (second < 0 || second === weight) {
    store<f64>(at, weight, TILE_BYTES);
    store<f64>(stake, load<f64>(stake, TILE_BYTES) + staked, TILE_BYTES);
    return;
  }
  store<f64>(stake, NaN);
  store<f64>(stake, NaN, TILE_BYTES);
}

/**
 * What is far outside may be given any level: majority.ts notices. Factors and shifts are loaded in every row, because
 * there are more of them than registers.
 */
function writeLevels(): void {
  const end = levels + <usize>voters * ROW;
  const factors = tileFactors;
  const shifts = tileShifts;
  let from = tile;
  for (let to = levels; to < end; to += ROW) {
    const a = f64x2.add(f64x2.mul(v128.load(from), v128.load(factors)), v128.load(shifts));
    const b = f64x2.add(f64x2.mul(v128.load(from, 16), v128.load(factors, 16)), v128.load(shifts, 16));
    const c = f64x2.add(f64x2.mul(v128.load(from, 32), v128.load(factors, 32)), v128.load(shifts, 32));
    const d = f64x2.add(f64x2.mul(v128.load(from, 48), v128.load(factors, 48)), v128.load(shifts, 48));
    const ab = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    const cd = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
    v128.store(to, i16x8.narrow_i32x4_s(ab, cd));
    from += TILE_BYTES;
  }
}
