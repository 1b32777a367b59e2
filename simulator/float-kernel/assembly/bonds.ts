import {
  caps,
  counted,
  countedStake,
  dividendPairs,
  stakePairs,
  TILE_BYTES,
  tile,
  trustPairs,
  voters,
} from "./layout.ts";

/*
 * What happens to the bonds in the eight miners of the tile: four vectors, named A to D. `held` is where their bonds begin,
 * `sums` what all bonds in each of them are together, `agreed` their consensus and `ranks` their ranks.
 */

/** Weights that count, up to the consensus: adds to the validators' trust and writes the miners' ranks. */
export function rankTile(agreed: usize, ranks: usize): void {
  for (let half: usize = 0; half < TILE_BYTES; half += 32) rankHalf(half, agreed + half, ranks + half);
}

function rankHalf(half: usize, agreed: usize, ranks: usize): void {
  const agreedA = v128.load(agreed);
  const agreedB = v128.load(agreed, 16);
  let rankA = f64x2.splat(0);
  let rankB = f64x2.splat(0);
  let countedA = f64x2.splat(0);
  let countedB = f64x2.splat(0);
  const end = tile + <usize>voters * TILE_BYTES;
  let stakes = stakePairs;
  let trusts = trustPairs;
  for (let at = tile + half; at < end; at += TILE_BYTES) {
    const staked = v128.load(stakes);
    const a = f64x2.pmin(v128.load(at), agreedA);
    rankA = f64x2.add(rankA, f64x2.mul(staked, a));
    countedA = f64x2.add(countedA, a);
    const b = f64x2.pmin(v128.load(at, 16), agreedB);
    rankB = f64x2.add(rankB, f64x2.mul(staked, b));
    countedB = f64x2.add(countedB, b);
    v128.store(trusts, f64x2.add(v128.load(trusts), f64x2.add(a, b)));
    stakes += 16;
    trusts += 16;
  }
  v128.store(ranks, rankA);
  v128.store(ranks, rankB, 16);
  // What bonds are bought with, unless `softenTile` says otherwise.
  v128.store(caps + half, agreedA);
  v128.store(caps + half, agreedB, 16);
  v128.store(counted + half, countedA);
  v128.store(counted + half, countedB, 16);
  v128.store(countedStake + half, rankA);
  v128.store(countedStake + half, rankB, 16);
}

/** Bonds are bought with a part of what exceeds the consensus too. The tile has what counts from here on. */
export function softenTile(agreed: usize, penalty: v128): void {
  const end = tile + <usize>voters * TILE_BYTES;
  for (let pair: usize = 0; pair < TILE_BYTES; pair += 16) {
    const most = v128.load(agreed + pair);
    let sum = f64x2.splat(0);
    let stake = f64x2.splat(0);
    let stakes = stakePairs;
    for (let at = tile + pair; at < end; at += TILE_BYTES) {
      const weight = v128.load(at);
      const excess = f64x2.sub(weight, f64x2.pmin(weight, most));
      const bought = f64x2.sub(weight, f64x2.mul(penalty, excess));
      v128.store(at, bought);
      sum = f64x2.add(sum, bought);
      stake = f64x2.add(stake, f64x2.mul(v128.load(stakes), bought));
      stakes += 16;
    }
    v128.store(caps + pair, f64x2.splat(Infinity));
    v128.store(counted + pair, sum);
    v128.store(countedStake + pair, stake);
  }
}

/** Yuma 3: a bond follows the validator's own weight; stake comes in with the dividends. */
export function bondTile(held: usize, sums: usize, ranks: usize, keep: f64): void {
  for (let half: usize = 0; half < TILE_BYTES; half += 32)
    bondHalf(half, held + half, sums + half, ranks + half, keep);
}

/** Four miners, or the numbers they need would not fit into registers. @param half - Where they stand in the tile, in bytes. */
function bondHalf(half: usize, held: usize, sums: usize, ranks: usize, keep: f64): void {
  const old = f64x2.splat(keep);
  const fresh = f64x2.splat(1 - keep);
  const sumA = f64x2.add(f64x2.mul(old, v128.load(sums)), f64x2.mul(fresh, v128.load(counted + half)));
  const sumB = f64x2.add(
    f64x2.mul(old, v128.load(sums, 16)),
    f64x2.mul(fresh, v128.load(counted + half, 16)),
  );
  v128.store(sums, sumA);
  v128.store(sums, sumB, 16);
  const capA = v128.load(caps + half);
  const capB = v128.load(caps + half, 16);
  const worthA = worthOf(v128.load(ranks), sumA);
  const worthB = worthOf(v128.load(ranks, 16), sumB);
  const end = tile + <usize>voters * TILE_BYTES;
  let into = dividendPairs;
  for (let at = tile + half; at < end; at += TILE_BYTES) {
    const freshA = f64x2.mul(fresh, f64x2.pmin(v128.load(at), capA));
    const a = f64x2.add(f64x2.mul(old, v128.load(held)), freshA);
    v128.store(held, a);
    const freshB = f64x2.mul(fresh, f64x2.pmin(v128.load(at, 16), capB));
    const b = f64x2.add(f64x2.mul(old, v128.load(held, 16)), freshB);
    v128.store(held, b, 16);
    v128.store(into, f64x2.add(v128.load(into), f64x2.add(f64x2.mul(a, worthA), f64x2.mul(b, worthB))));
    held += TILE_BYTES;
    into += 16;
  }
}

/** Yuma 3 with liquid alpha: how fast a bond follows depends on how far the validator is from the consensus. */
export function bondTileLiquid(
  held: usize,
  sums: usize,
  agreed: usize,
  ranks: usize,
  alphaLow: f64,
  alphaHigh: f64,
  steepness: f64,
  penalty: f64,
): void {
  const end = <usize>voters * TILE_BYTES;
  for (let lane: usize = 0; lane < TILE_BYTES; lane += 8) {
    const consensus = load<f64>(agreed + lane);
    let sum: f64 = 0;
    for (let at = lane; at < end; at += TILE_BYTES) {
      const weight = load<f64>(tile + at);
      const fresh = weight - penalty * max(0, weight - consensus);
      const old = load<f64>(held + at);
      const distance = fresh >= old ? max(0, fresh - consensus) : old - fresh;
      const curve = 1 / (1 + NativeMath.exp(-steepness * (min(1, distance) - 0.5)));
      const alpha = alphaLow + curve * (alphaHigh - alphaLow);
      // A bond whose weight is gone vanishes at once, as on the chain.
      const bond = weight > 0 ? min(1, (1 - alpha) * old + alpha * fresh) : 0;
      store<f64>(held + at, bond);
      sum += bond;
    }
    store<f64>(sums + lane, sum);
  }
  const worthA = worthOf(v128.load(ranks), v128.load(sums));
  const worthB = worthOf(v128.load(ranks, 16), v128.load(sums, 16));
  const worthC = worthOf(v128.load(ranks, 32), v128.load(sums, 32));
  const worthD = worthOf(v128.load(ranks, 48), v128.load(sums, 48));
  let into = dividendPairs;
  for (let at = held; at < held + end; at += TILE_BYTES) {
    const a = f64x2.mul(v128.load(at), worthA);
    const b = f64x2.mul(v128.load(at, 16), worthB);
    const c = f64x2.mul(v128.load(at, 32), worthC);
    const d = f64x2.mul(v128.load(at, 48), worthD);
    addTo(into, a, b, c, d);
    into += 16;
  }
}

/** Yuma 2: bonds are shares of a miner, bought with stake. */
export function bondTileByStake(held: usize, sums: usize, ranks: usize, keep: f64): void {
  for (let half: usize = 0; half < TILE_BYTES; half += 32)
    bondHalfByStake(half, held + half, sums + half, ranks + half, keep);
}

/** Four miners, or the numbers they need would not fit into registers. @param half - Where they stand in the tile, in bytes. */
function bondHalfByStake(half: usize, held: usize, sums: usize, ranks: usize, keep: f64): void {
  const capA = v128.load(caps + half);
  const capB = v128.load(caps + half, 16);
  const rankA = v128.load(ranks);
  const rankB = v128.load(ranks, 16);
  // Old and fresh bonds are shares of the miner before they are mixed, and the mixture is again.
  const boughtA = v128.load(countedStake + half);
  const boughtB = v128.load(countedStake + half, 16);
  const freshPartA = whereAny(f64x2.splat(1 - keep), boughtA);
  const freshPartB = whereAny(f64x2.splat(1 - keep), boughtB);
  const oldPartA = f64x2.mul(f64x2.splat(keep), v128.load(sums));
  const oldPartB = f64x2.mul(f64x2.splat(keep), v128.load(sums, 16));
  const wholeA = f64x2.add(freshPartA, oldPartA);
  const wholeB = f64x2.add(freshPartB, oldPartB);
  const freshA = whereAny(f64x2.div(freshPartA, f64x2.mul(boughtA, wholeA)), boughtA);
  const freshB = whereAny(f64x2.div(freshPartB, f64x2.mul(boughtB, wholeB)), boughtB);
  const oldA = whereAny(f64x2.div(oldPartA, wholeA), wholeA);
  const oldB = whereAny(f64x2.div(oldPartB, wholeB), wholeB);
  const one = f64x2.splat(1);
  v128.store(sums, whereAny(one, wholeA));
  v128.store(sums, whereAny(one, wholeB), 16);
  const end = tile + <usize>voters * TILE_BYTES;
  let stakes = stakePairs;
  let into = dividendPairs;
  for (let at = tile + half; at < end; at += TILE_BYTES) {
    const staked = v128.load(stakes);
    const shareA = f64x2.mul(freshA, f64x2.mul(staked, f64x2.pmin(v128.load(at), capA)));
    const shareB = f64x2.mul(freshB, f64x2.mul(staked, f64x2.pmin(v128.load(at, 16), capB)));
    const a = f64x2.add(f64x2.mul(oldA, v128.load(held)), shareA);
    const b = f64x2.add(f64x2.mul(oldB, v128.load(held, 16)), shareB);
    v128.store(held, a);
    v128.store(held, b, 16);
    v128.store(into, f64x2.add(v128.load(into), f64x2.add(f64x2.mul(a, rankA), f64x2.mul(b, rankB))));
    held += TILE_BYTES;
    stakes += 16;
    into += 16;
  }
}

function worthOf(rank: v128, sum: v128): v128 {
  return whereAny(f64x2.div(rank, sum), sum);
}

/** `value` where `sum` is more than 0, else 0. */
function whereAny(value: v128, sum: v128): v128 {
  return v128.and(value, f64x2.gt(sum, f64x2.splat(0)));
}

function addTo(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(at, f64x2.add(v128.load(at), f64x2.add(f64x2.add(a, b), f64x2.add(c, d))));
}
