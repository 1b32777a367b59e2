import { dividends, stakePairs, TILE_BYTES, trust, voters } from "./layout.ts";

/*
 * What happens to the bonds in four miners, half a tile: two vectors, and what is summed of them, stay in registers.
 * `half` is where their weights begin, `held` where their bonds do.
 */

/** Weights that count, up to the consensus: adds to the validators' trust and writes the miners' ranks. */
export function rankHalf(half: usize, agreed: usize, ranks: usize): void {
  const agreedA = v128.load(agreed);
  const agreedB = v128.load(agreed, 16);
  let rankA = f64x2.splat(0);
  let rankB = f64x2.splat(0);
  const end = half + <usize>voters * TILE_BYTES;
  let stakes = stakePairs;
  let trusts = trust;
  for (let at = half; at < end; at += TILE_BYTES) {
    const a = f64x2.pmin(v128.load(at), agreedA);
    const b = f64x2.pmin(v128.load(at, 16), agreedB);
    const staked = v128.load(stakes);
    rankA = f64x2.add(rankA, f64x2.mul(staked, a));
    rankB = f64x2.add(rankB, f64x2.mul(staked, b));
    addTo(trusts, a, b);
    stakes += 16;
    trusts += 16;
  }
  v128.store(ranks, rankA);
  v128.store(ranks, rankB, 16);
}

/** Yuma 3: a bond follows the validator's own weight; stake comes in with the dividends. */
export function bondHalf(
  half: usize,
  held: usize,
  agreed: usize,
  ranks: usize,
  keep: f64,
  penalty: v128,
): void {
  const old = f64x2.splat(keep);
  const fresh = f64x2.splat(1 - keep);
  const agreedA = v128.load(agreed);
  const agreedB = v128.load(agreed, 16);
  let sumA = f64x2.splat(0);
  let sumB = f64x2.splat(0);
  const end = <usize>voters * TILE_BYTES;
  for (let at: usize = 0; at < end; at += TILE_BYTES) {
    const boughtA = bought(v128.load(half + at), agreedA, penalty);
    const boughtB = bought(v128.load(half + at, 16), agreedB, penalty);
    const a = f64x2.add(f64x2.mul(old, v128.load(held + at)), f64x2.mul(fresh, boughtA));
    const b = f64x2.add(f64x2.mul(old, v128.load(held + at, 16)), f64x2.mul(fresh, boughtB));
    v128.store(held + at, a);
    v128.store(held + at, b, 16);
    sumA = f64x2.add(sumA, a);
    sumB = f64x2.add(sumB, b);
  }
  pay(held, worthOf(v128.load(ranks), sumA), worthOf(v128.load(ranks, 16), sumB));
}

/** Yuma 3 with liquid alpha: how fast a bond follows depends on how far the validator is from the consensus. */
export function bondHalfLiquid(
  half: usize,
  held: usize,
  agreed: usize,
  ranks: usize,
  alphaLow: f64,
  alphaHigh: f64,
  steepness: f64,
  penalty: f64,
): void {
  const end = <usize>voters * TILE_BYTES;
  for (let lane: usize = 0; lane < 32; lane += 8) {
    const consensus = load<f64>(agreed + lane);
    for (let at = lane; at < end; at += TILE_BYTES) {
      const weight = load<f64>(half + at);
      const fresh = weight - penalty * max(0, weight - consensus);
      const old = load<f64>(held + at);
      const distance = fresh >= old ? max(0, fresh - consensus) : old - fresh;
      const curve = 1 / (1 + NativeMath.exp(-steepness * (min(1, distance) - 0.5)));
      const alpha = alphaLow + curve * (alphaHigh - alphaLow);
      // A bond whose weight is gone vanishes at once, as on the chain.
      store<f64>(held + at, weight > 0 ? min(1, (1 - alpha) * old + alpha * fresh) : 0);
    }
  }
  let sumA = f64x2.splat(0);
  let sumB = f64x2.splat(0);
  for (let at: usize = 0; at < end; at += TILE_BYTES) {
    sumA = f64x2.add(sumA, v128.load(held + at));
    sumB = f64x2.add(sumB, v128.load(held + at, 16));
  }
  pay(held, worthOf(v128.load(ranks), sumA), worthOf(v128.load(ranks, 16), sumB));
}

/** Yuma 2: bonds are shares of a miner, bought with stake. */
export function bondHalfByStake(
  half: usize,
  held: usize,
  agreed: usize,
  ranks: usize,
  keep: f64,
  penalty: v128,
): void {
  const agreedA = v128.load(agreed);
  const agreedB = v128.load(agreed, 16);
  let boughtSumA = f64x2.splat(0);
  let boughtSumB = f64x2.splat(0);
  let heldSumA = f64x2.splat(0);
  let heldSumB = f64x2.splat(0);
  const end = <usize>voters * TILE_BYTES;
  let stakes = stakePairs;
  for (let at: usize = 0; at < end; at += TILE_BYTES) {
    const staked = v128.load(stakes);
    const a = f64x2.mul(staked, bought(v128.load(half + at), agreedA, penalty));
    const b = f64x2.mul(staked, bought(v128.load(half + at, 16), agreedB, penalty));
    // From here on the tile has what was bought.
    v128.store(half + at, a);
    v128.store(half + at, b, 16);
    boughtSumA = f64x2.add(boughtSumA, a);
    boughtSumB = f64x2.add(boughtSumB, b);
    heldSumA = f64x2.add(heldSumA, v128.load(held + at));
    heldSumB = f64x2.add(heldSumB, v128.load(held + at, 16));
    stakes += 16;
  }
  // Old and fresh bonds are shares of the miner before they are mixed, and the mixture is again.
  const freshPartA = whereAny(f64x2.splat(1 - keep), boughtSumA);
  const freshPartB = whereAny(f64x2.splat(1 - keep), boughtSumB);
  const oldPartA = whereAny(f64x2.splat(keep), heldSumA);
  const oldPartB = whereAny(f64x2.splat(keep), heldSumB);
  const wholeA = f64x2.add(freshPartA, oldPartA);
  const wholeB = f64x2.add(freshPartB, oldPartB);
  const freshA = whereAny(f64x2.div(freshPartA, f64x2.mul(boughtSumA, wholeA)), boughtSumA);
  const freshB = whereAny(f64x2.div(freshPartB, f64x2.mul(boughtSumB, wholeB)), boughtSumB);
  const oldA = whereAny(f64x2.div(oldPartA, f64x2.mul(heldSumA, wholeA)), heldSumA);
  const oldB = whereAny(f64x2.div(oldPartB, f64x2.mul(heldSumB, wholeB)), heldSumB);
  for (let at: usize = 0; at < end; at += TILE_BYTES) {
    const keptA = f64x2.mul(oldA, v128.load(held + at));
    const keptB = f64x2.mul(oldB, v128.load(held + at, 16));
    v128.store(held + at, f64x2.add(keptA, f64x2.mul(freshA, v128.load(half + at))));
    v128.store(held + at, f64x2.add(keptB, f64x2.mul(freshB, v128.load(half + at, 16))), 16);
  }
  pay(held, v128.load(ranks), v128.load(ranks, 16));
}

/** Each validator's bonds in the four miners, worth so much each. */
function pay(held: usize, worthA: v128, worthB: v128): void {
  const end = held + <usize>voters * TILE_BYTES;
  let into = dividends;
  for (let at = held; at < end; at += TILE_BYTES) {
    addTo(into, f64x2.mul(v128.load(at), worthA), f64x2.mul(v128.load(at, 16), worthB));
    into += 16;
  }
}

/** The weight that is paid with bonds: what exceeds the consensus is held against the validator. */
function bought(weight: v128, agreed: v128, penalty: v128): v128 {
  return f64x2.sub(weight, f64x2.mul(penalty, f64x2.sub(weight, f64x2.pmin(weight, agreed))));
}

function worthOf(rank: v128, sum: v128): v128 {
  return whereAny(f64x2.div(rank, sum), sum);
}

/** `value` where `sum` is more than 0, else 0. */
function whereAny(value: v128, sum: v128): v128 {
  return v128.and(value, f64x2.gt(sum, f64x2.splat(0)));
}

function addTo(at: usize, a: v128, b: v128): void {
  v128.store(at, f64x2.add(v128.load(at), f64x2.add(a, b)));
}
