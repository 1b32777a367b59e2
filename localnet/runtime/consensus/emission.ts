import { I96F32, minBigint, subU64, U16_MAX, U64F64, U96F32 } from "./fixed.ts";
import { blockEmission } from "./issuance.ts";
import { fromU64Share } from "./u64-share.ts";

/** The spot price counts at most as one in the moving average, U64F64. */
const MAX_PRICE = U64F64.one;
const HALF = U96F32.one >> 1n;

/** One step of a subnet's moving price. */
export type PriceStep = {
  /** I96F32, as stored. */
  old: bigint;
  /** Spot price, U64F64. */
  price: bigint;
  /** I96F32. */
  movingAlpha: bigint;
  block: bigint;
  firstEmissionBlock: bigint;
  /** Blocks. */
  halving: bigint;
};

/** The moving price after this block, I96F32: the floor of every block makes it slow to rise. */
export function movingPrice({
  old,
  price,
  movingAlpha,
  block,
  firstEmissionBlock,
  halving,
}: PriceStep): bigint {
  const age = U64F64.fromInteger(subU64(block, subU64(firstEmissionBlock, 1n)));
  const maturity = U64F64.safeDiv(age, U64F64.add(age, U64F64.fromInteger(halving)));
  const alpha = U64F64.mul(U64F64.from(I96F32, movingAlpha), maturity);
  const fresh = U64F64.mul(alpha, minBigint(price, MAX_PRICE));
  const kept = U64F64.mul(U64F64.sub(U64F64.one, alpha), U64F64.from(I96F32, old));
  return I96F32.from(U64F64, U64F64.add(fresh, kept));
}

/**
 * Shares of the block's TAO by moving price, less for a subnet whose owner keeps what its miners earn.
 *
 * @param prices - Moving prices, U64F64. @param minerBurned - Withheld part of the last tempo, U96F32.
 * @returns U64F64 per subnet.
 */
export function emissionShares(prices: readonly bigint[], minerBurned: readonly bigint[]): bigint[] {
  const base = shares(prices);
  const weighted = base.map((value, i) => {
    const burned = minBigint(U64F64.from(U96F32, minerBurned[i]!), U64F64.one);
    return U64F64.mul(value, U64F64.sub(U64F64.one, burned));
  });
  return U64F64.sum(weighted) > 0n ? shares(weighted) : base;
}

/** TAO per subnet, U96F32. Subnets that are switched off leave their share to the others. */
export function subnetTaoEmission(
  emissionShare: readonly bigint[],
  enabled: readonly boolean[],
  emission: bigint,
): bigint[] {
  const open = enabled.every(Boolean)
    ? emissionShare
    : shares(emissionShare.map((share, i) => (enabled[i] ? share : 0n)));
  const total = U64F64.fromInteger(emission);
  return open.map((share) => U96F32.from(U64F64, U64F64.mul(total, share)));
}

/** Part of a subnet's value that root stakers hold, U96F32. 0 when undefined. */
export function rootProportion(rootTao: bigint, taoWeight: bigint, alphaIssuance: bigint): bigint {
  const root = U96F32.mul(U96F32.fromInteger(rootTao), fromU64Share(taoWeight));
  return U96F32.safeDiv(root, U96F32.add(root, U96F32.fromInteger(alphaIssuance)));
}

/** What one block brings a subnet, U96F32. */
export type SubnetTerms = {
  /** Injected into the pool. */
  taoIn: bigint;
  alphaIn: bigint;
  /** New alpha for owner, miners and validators. */
  alphaOut: bigint;
  /** TAO that buys alpha instead of being injected. */
  excessTao: bigint;
  /** Most alpha that may be injected. */
  cap: bigint;
};

/** @param tao - The subnet's TAO of this block, U96F32. @param price - Spot, U64F64. @param rootShare - U96F32. */
export function subnetTerms(
  tao: bigint,
  price: bigint,
  alphaIssuance: bigint,
  rootShare: bigint,
): SubnetTerms {
  const spot = U96F32.from(U64F64, price);
  const alphaOut = U96F32.fromInteger(blockEmission(alphaIssuance));
  const cap = U96F32.mul(rootShare, alphaOut);
  const wanted = U96F32.safeDiv(tao, spot);
  const alphaIn = minBigint(wanted, cap);
  const taoIn = wanted > cap ? U96F32.mul(cap, spot) : tao;
  return { taoIn, alphaIn, alphaOut, excessTao: U96F32.sub(tao, taoIn), cap };
}

/** What one block adds to a subnet's pending pots, rao. */
export type PendingAccrual = { ownerCut: bigint; server: bigint; validator: bigint; rootAlpha: bigint };

/**
 * @param alphaOut - New alpha, U96F32. @param ownerCut - u16 share, undefined when the cut is switched off.
 * @param rootShare - Root proportion after the block's injections, U96F32.
 */
export function pendingAccrual(
  alphaOut: bigint,
  ownerCut: number | undefined,
  rootShare: bigint,
): PendingAccrual {
  const cut = U96F32.mul(alphaOut, ownerCut === undefined ? 0n : u16Share(ownerCut));
  const rest = U96F32.sub(alphaOut, cut);
  const root = U96F32.mul(U96F32.mul(rootShare, rest), HALF);
  const server = U96F32.mul(rest, HALF);
  const validator = U96F32.sub(U96F32.sub(rest, server), root);
  return {
    ownerCut: toRao(cut),
    server: toRao(server),
    validator: toRao(validator),
    rootAlpha: toRao(root),
  };
}

/** A stored u16 as a share of 65535, U96F32. */
export function u16Share(value: number): bigint {
  return U96F32.safeDiv(U96F32.fromInteger(BigInt(value)), U96F32.fromInteger(U16_MAX));
}

function shares(values: readonly bigint[]): bigint[] {
  const total = U64F64.sum(values);
  return values.map((value) => U64F64.safeDiv(value, total));
}

function toRao(amount: bigint): bigint {
  return U96F32.toUnsigned(amount, 64);
}
