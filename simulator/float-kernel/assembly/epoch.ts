/* One epoch of a subnet, in the memory of layout.ts. */
import { bondTile, bondTileByStake, bondTileLiquid, rankTile, softenTile } from "./bonds.ts";
import {
  bondSums,
  bonds,
  consensus,
  dividendPairs,
  dividends,
  incentive,
  rowBytes,
  rows,
  scale,
  stake,
  stakePairs,
  TILE_BYTES,
  tile,
  tileBases,
  tileFactors,
  tileMeans,
  tileShifts,
  tileUnits,
  trust,
  trustPairs,
  voters,
} from "./layout.ts";
import { LEVELS, writeStakeLevels } from "./levels.ts";
import { agreeTile } from "./majority.ts";

/** A row whose sum is less says nothing: the reciprocal of a smaller one would be endless. */
const SOMETHING: f64 = 1e-300;
/** Weights that differ by less of their mean than this share a level. */
const SAME: f64 = 1e-7;
/** Adding this to a number leaves its whole part, rounded, in the lowest bits. */
const TO_WHOLE: f64 = 6755399441055744;

/** Yuma 3, or Yuma 2 where `isByStake`. @param penalty - Part of what exceeds the consensus that bonds do not count. */
export function run(isByStake: bool, kappa: f64, keep: f64, penalty: f64): void {
  begin();
  for (let miners: usize = 0; miners < rowBytes; miners += TILE_BYTES) {
    agree(miners, kappa);
    bond(miners, isByStake, keep, penalty);
  }
  finish(isByStake);
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
  let isAgreed = false;
  for (let miners: usize = 0; miners < rowBytes; miners += TILE_BYTES) {
    agree(miners, kappa);
    for (let at: usize = 0; at < TILE_BYTES; at += 8) {
      isAgreed = isAgreed || load<f64>(consensus + miners + at) > 0;
    }
  }
  for (let miners: usize = 0; miners < rowBytes; miners += TILE_BYTES) {
    loadTile(miners);
    if (!isAgreed) {
      bond(miners, false, keep, penalty);
      continue;
    }
    const held = bonds + miners * <usize>voters;
    const agreed = consensus + miners;
    rankTile(agreed, incentive + miners);
    bondTileLiquid(
      held,
      bondSums + miners,
      agreed,
      incentive + miners,
      alphaLow,
      alphaHigh,
      steepness,
      penalty,
    );
  }
  finish(false);
}

/** Ranks the tile's miners and pays their bonds. */
function bond(miners: usize, isByStake: bool, keep: f64, penalty: f64): void {
  const held = bonds + miners * <usize>voters;
  rankTile(consensus + miners, incentive + miners);
  if (penalty !== 1) softenTile(consensus + miners, f64x2.splat(penalty));
  if (isByStake) bondTileByStake(held, bondSums + miners, incentive + miners, keep);
  else bondTile(held, bondSums + miners, incentive + miners, keep);
}

function begin(): void {
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
    const sum = sumOfPair(f64x2.add(f64x2.add(sumA, sumB), f64x2.add(sumC, sumD)));
    store<f64>(scale + (v << 3), sum > SOMETHING ? 1 / sum : 0);
    v128.store(stakePairs + (v << 4), v128.load_splat<f64>(stake + (v << 3)));
    v128.store(trustPairs + (v << 4), i64x2.splat(0));
    v128.store(dividendPairs + (v << 4), i64x2.splat(0));
  }
  writeStakeLevels(stake);
}

/** Ranks and dividends become shares. Bonds of Yuma 2 were bought with stake; those of Yuma 3 count by it. */
function finish(isByStake: bool): void {
  for (let v: usize = 0; v < <usize>voters; v++) {
    const sum = sumOfPair(v128.load(dividendPairs + (v << 4)));
    store<f64>(dividends + (v << 3), isByStake ? sum : sum * load<f64>(stake + (v << 3)));
    store<f64>(trust + (v << 3), sumOfPair(v128.load(trustPairs + (v << 4))));
  }
  toShares(dividends, (<usize>voters) << 3);
  toShares(incentive, rowBytes);
}

/** In place, unchanged when nobody has any. @param bytes - A multiple of four numbers. */
function toShares(from: usize, bytes: usize): void {
  const end = from + bytes;
  let sumA = f64x2.splat(0);
  let sumB = f64x2.splat(0);
  for (let at = from; at < end; at += 32) {
    sumA = f64x2.add(sumA, v128.load(at));
    sumB = f64x2.add(sumB, v128.load(at, 16));
  }
  const sum = sumOfPair(f64x2.add(sumA, sumB));
  if (sum === 0) return;
  const sums = f64x2.splat(sum);
  for (let at = from; at < end; at += 32) {
    v128.store(at, f64x2.div(v128.load(at), sums));
    v128.store(at, f64x2.div(v128.load(at, 16), sums), 16);
  }
}

function sumOfPair(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** Loads the tile and finds its consensus. */
function agree(miners: usize, kappa: f64): void {
  loadTile(miners);
  agreeTile(consensus + miners, kappa);
}

/** Shares of each validator's own row into the tile, with their mean and deviation among the stake. */
function loadTile(miners: usize): void {
  let meanA = f64x2.splat(0);
  let meanB = f64x2.splat(0);
  let meanC = f64x2.splat(0);
  let meanD = f64x2.splat(0);
  let squaresA = f64x2.splat(0);
  let squaresB = f64x2.splat(0);
  let squaresC = f64x2.splat(0);
  let squaresD = f64x2.splat(0);
  let from = rows + miners;
  let to = tile;
  let stakes = stakePairs;
  const step = rowBytes;
  const end = scale + ((<usize>voters) << 3);
  for (let at = scale; at < end; at += 8) {
    const scaled = v128.load_splat<f64>(at);
    const staked = v128.load(stakes);
    const a = f64x2.mul(v128.load(from), scaled);
    v128.store(to, a);
    const stakedA = f64x2.mul(staked, a);
    meanA = f64x2.add(meanA, stakedA);
    squaresA = f64x2.add(squaresA, f64x2.mul(stakedA, a));
    const b = f64x2.mul(v128.load(from, 16), scaled);
    v128.store(to, b, 16);
    const stakedB = f64x2.mul(staked, b);
    meanB = f64x2.add(meanB, stakedB);
    squaresB = f64x2.add(squaresB, f64x2.mul(stakedB, b));
    const c = f64x2.mul(v128.load(from, 32), scaled);
    v128.store(to, c, 32);
    const stakedC = f64x2.mul(staked, c);
    meanC = f64x2.add(meanC, stakedC);
    squaresC = f64x2.add(squaresC, f64x2.mul(stakedC, c));
    const d = f64x2.mul(v128.load(from, 48), scaled);
    v128.store(to, d, 48);
    const stakedD = f64x2.mul(staked, d);
    meanD = f64x2.add(meanD, stakedD);
    squaresD = f64x2.add(squaresD, f64x2.mul(stakedD, d));
    stakes += 16;
    from += step;
    to += TILE_BYTES;
  }
  layLevels(0, meanA, squaresA);
  layLevels(16, meanB, squaresB);
  layLevels(32, meanC, squaresC);
  layLevels(48, meanD, squaresD);
}

/** Of two miners of the tile. @param pair - Where they stand in it, in bytes. */
function layLevels(pair: usize, mean: v128, squares: v128): void {
  const variance = f64x2.pmax(f64x2.splat(0), f64x2.sub(squares, f64x2.mul(mean, mean)));
  const deviation = f64x2.pmax(f64x2.sqrt(variance), f64x2.mul(mean, f64x2.splat(SAME)));
  v128.store(tileMeans + pair, mean);
  const unit = f64x2.mul(deviation, f64x2.splat(2 / LEVELS));
  const factor = f64x2.div(f64x2.splat(1), unit);
  const base = f64x2.nearest(f64x2.mul(f64x2.sub(mean, deviation), factor));
  v128.store(tileUnits + pair, unit);
  v128.store(tileBases + pair, base);
  v128.store(tileFactors + pair, factor);
  v128.store(tileShifts + pair, f64x2.sub(f64x2.splat(TO_WHOLE), base));
}
