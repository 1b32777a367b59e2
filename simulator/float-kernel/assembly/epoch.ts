/* One epoch of a subnet, in the memory of layout.ts. */
import { bondHalf, bondHalfByStake, bondHalfLiquid, rankHalf } from "./bonds.ts";
import {
  bonds,
  consensus,
  dividends,
  rank,
  rowBytes,
  rows,
  scale,
  stake,
  stakePairs,
  TILE_BYTES,
  tile,
  trust,
  voters,
} from "./layout.ts";
import { majorityOf } from "./majority.ts";

const HALF: usize = 32;
/** A row whose sum is less says nothing: the reciprocal of a smaller one would be endless. */
const SOMETHING: f64 = 1e-300;

/** Yuma 3, or Yuma 2 where `isByStake`. @param penalty - Part of what exceeds the consensus that bonds do not count. */
export function run(isByStake: bool, kappa: f64, keep: f64, penalty: f64): void {
  begin();
  const penalties = f64x2.splat(penalty);
  const kappas = f64x2.splat(kappa);
  for (let miners: usize = 0; miners < rowBytes; miners += TILE_BYTES) {
    agree(miners, kappas);
    for (let half: usize = 0; half < TILE_BYTES; half += HALF) {
      const agreed = consensus + miners + half;
      const ranks = rank + miners + half;
      const held = bonds + miners * <usize>voters + half;
      rankHalf(tile + half, agreed, ranks);
      if (isByStake) bondHalfByStake(tile + half, held, agreed, ranks, keep, penalties);
      else bondHalf(tile + half, held, agreed, ranks, keep, penalties);
    }
  }
}

/** Yuma 3 with liquid alpha. `keep` is for an epoch without any consensus. */
export function runLiquid(
  kappa: f64,
  keep: f64,
  penalty: f64,
  alphaLow: f64,
  alphaHigh: f64,
  steepness: f64,
): void {
  begin();
  const kappas = f64x2.splat(kappa);
  let isAgreed = false;
  for (let miners: usize = 0; miners < rowBytes; miners += TILE_BYTES) {
    agree(miners, kappas);
    for (let at: usize = 0; at < TILE_BYTES; at += 8) {
      isAgreed = isAgreed || load<f64>(consensus + miners + at) > 0;
    }
  }
  for (let miners: usize = 0; miners < rowBytes; miners += TILE_BYTES) {
    loadTile(miners);
    for (let half: usize = 0; half < TILE_BYTES; half += HALF) {
      const agreed = consensus + miners + half;
      const ranks = rank + miners + half;
      const held = bonds + miners * <usize>voters + half;
      rankHalf(tile + half, agreed, ranks);
      if (isAgreed) bondHalfLiquid(tile + half, held, agreed, ranks, alphaLow, alphaHigh, steepness, penalty);
      else bondHalf(tile + half, held, agreed, ranks, keep, f64x2.splat(penalty));
    }
  }
}

function begin(): void {
  memory.fill(trust, 0, (<usize>voters) << 4);
  memory.fill(dividends, 0, (<usize>voters) << 4);
  for (let v: usize = 0; v < <usize>voters; v++) {
    const row = rows + v * rowBytes;
    const end = row + rowBytes;
    let sumA = f64x2.splat(0);
    let sumB = f64x2.splat(0);
    let sumC = f64x2.splat(0);
    let sumD = f64x2.splat(0);
    for (let at = row; at < end; at += TILE_BYTES) {
      sumA = f64x2.add(sumA, v128.load(at));
      sumB = f64x2.add(sumB, v128.load(at, 16));
      sumC = f64x2.add(sumC, v128.load(at, 32));
      sumD = f64x2.add(sumD, v128.load(at, 48));
    }
    const sums = f64x2.add(f64x2.add(sumA, sumB), f64x2.add(sumC, sumD));
    const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
    store<f64>(scale + (v << 3), sum > SOMETHING ? 1 / sum : 0);
    v128.store(stakePairs + (v << 4), v128.load_splat<f64>(stake + (v << 3)));
  }
}

/** Shares of each validator's own row into the tile. */
function loadTile(miners: usize): void {
  let from = rows + miners;
  let to = tile;
  const step = rowBytes;
  const end = scale + ((<usize>voters) << 3);
  for (let at = scale; at < end; at += 8) {
    const scaled = v128.load_splat<f64>(at);
    v128.store(to, f64x2.mul(v128.load(from), scaled));
    v128.store(to, f64x2.mul(v128.load(from, 16), scaled), 16);
    v128.store(to, f64x2.mul(v128.load(from, 32), scaled), 32);
    v128.store(to, f64x2.mul(v128.load(from, 48), scaled), 48);
    from += step;
    to += TILE_BYTES;
  }
}

/** Loads the tile and finds its consensus. */
function agree(miners: usize, kappa: v128): void {
  loadTile(miners);
  for (let pair: usize = 0; pair < TILE_BYTES; pair += 16) {
    v128.store(consensus + miners + pair, majorityOf(tile + pair, kappa));
  }
}
