import {
  candidateStakes,
  candidates,
  levels,
  majorityLevels,
  stakePairs,
  TILE_BYTES,
  tile,
  tileBases,
  tileUnits,
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
/** Adding this to a number leaves its whole part, rounded, in the lowest bits. */
const TO_WHOLE: f64 = 6755399441055744;
/** A validator's eight levels, then eight times that of its stake. */
const ROW: usize = 32;

/** Once an epoch. @param stake - Shares, one per validator. */
export function writeStakeLevels(stake: usize): void {
  for (let v: usize = 0; v < <usize>voters; v++) {
    const level = <i32>Math.round(min(load<f64>(stake + (v << 3)), 1) * ALL);
    v128.store(levels + v * ROW, i16x8.splat(<i16>level), 16);
  }
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
      supportA = i16x8.add_sat_u(supportA, supportOf(row, at));
      supportB = i16x8.add_sat_u(supportB, supportOf(row + ROW, at));
      supportA = i16x8.add_sat_u(supportA, supportOf(row + 2 * ROW, at));
      supportB = i16x8.add_sat_u(supportB, supportOf(row + 3 * ROW, at));
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
  for (let pair: usize = 0; pair < 2 * TILE_BYTES; pair += 16) v128.store(candidates + pair, f64x2.splat(-1));
  memory.fill(candidateStakes, 0, 2 * TILE_BYTES);
  for (let v: usize = 0; v < <usize>voters; v++) {
    let there = i16x8.bitmask(i16x8.eq(v128.load(levels + v * ROW), found));
    while (there) {
      const lane = (<usize>ctz(there)) << 3;
      there &= there - 1;
      add(lane, load<f64>(tile + v * TILE_BYTES + lane), load<f64>(stakePairs + (v << 4)));
    }
  }
}

function add(lane: usize, weight: f64, staked: f64): void {
  const at = candidates + lane;
  const stake = candidateStakes + lane;
  const first = load<f64>(at);
  if (!(first >= 0 && first !== weight)) {
    store<f64>(at, weight);
    store<f64>(stake, load<f64>(stake) + staked);
    return;
  }
  const second = load<f64>(at, TILE_BYTES);
  if (second >= 0 && second !== weight) {
    store<f64>(stake, NaN);
    store<f64>(stake, NaN, TILE_BYTES);
    return;
  }
  store<f64>(at, weight, TILE_BYTES);
  store<f64>(stake, load<f64>(stake, TILE_BYTES) + staked, TILE_BYTES);
}

function supportOf(row: usize, at: v128): v128 {
  return v128.andnot(v128.load(row, 16), i16x8.lt_s(v128.load(row), at));
}

/** What is far outside may be given any level: majority.ts notices. */
function writeLevels(): void {
  const one = f64x2.splat(1);
  const factorA = f64x2.div(one, v128.load(tileUnits));
  const factorB = f64x2.div(one, v128.load(tileUnits, 16));
  const factorC = f64x2.div(one, v128.load(tileUnits, 32));
  const factorD = f64x2.div(one, v128.load(tileUnits, 48));
  const whole = f64x2.splat(TO_WHOLE);
  const shiftA = f64x2.sub(whole, v128.load(tileBases));
  const shiftB = f64x2.sub(whole, v128.load(tileBases, 16));
  const shiftC = f64x2.sub(whole, v128.load(tileBases, 32));
  const shiftD = f64x2.sub(whole, v128.load(tileBases, 48));
  const end = levels + <usize>voters * ROW;
  let from = tile;
  for (let to = levels; to < end; to += ROW) {
    const a = f64x2.add(f64x2.mul(v128.load(from), factorA), shiftA);
    const b = f64x2.add(f64x2.mul(v128.load(from, 16), factorB), shiftB);
    const c = f64x2.add(f64x2.mul(v128.load(from, 32), factorC), shiftC);
    const d = f64x2.add(f64x2.mul(v128.load(from, 48), factorD), shiftD);
    const ab = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    const cd = v128.shuffle<i32>(c, d, 0, 2, 4, 6);
    v128.store(to, i16x8.narrow_i32x4_s(ab, cd));
    from += TILE_BYTES;
  }
}
