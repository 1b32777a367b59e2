import { I64F64, maxBigint, subU64, U64_MAX } from "./fixed.ts";

/** TAO, and alpha of each subnet, that may ever exist, rao. */
export const ISSUANCE_CAP = 21_000_000_000_000_000n;
/** New TAO of a block before the first halving, rao. */
const FIRST_EMISSION = 1_000_000_000n;
/** From here on the emission rounds to nothing. */
const LAST_HALVING = 30n;

/**
 * New TAO of a block, and new alpha of a subnet: one coin, halved at 1/2, 3/4, 7/8, ... of the cap.
 *
 * The chain takes a logarithm in fixed point; this integer form gives the same value for every input.
 *
 * @param issuance - What exists already, rao.
 */
export function blockEmission(issuance: bigint): bigint {
  if (issuance >= ISSUANCE_CAP) return 0n;
  let halvings = 0n;
  while (halvings < LAST_HALVING && issuance >= ISSUANCE_CAP - (ISSUANCE_CAP >> (halvings + 1n))) halvings++;
  return halvings === LAST_HALVING ? 0n : FIRST_EMISSION >> halvings;
}

/** Blocks in which the lock cost of a new subnet falls back; it shrinks with the emission. */
export function effectiveLockInterval(interval: bigint, emission: bigint): bigint {
  const share = I64F64.safeDiv(I64F64.fromInteger(emission), I64F64.fromInteger(FIRST_EMISSION));
  return I64F64.toUnsigned(I64F64.mul(I64F64.fromInteger(interval), share), 64);
}

/**
 * What a new subnet costs, rao: twice the last one, falling linearly.
 *
 * @param lastLockBlock - 0 when no subnet was ever registered.
 * @param effectiveInterval - Blocks. 0: it does not fall.
 */
export function networkLockCost(
  lastLock: bigint,
  lastLockBlock: bigint,
  block: bigint,
  minLock: bigint,
  effectiveInterval: bigint,
): bigint {
  const start = lastLockBlock === 0n ? lastLock : saturate(lastLock * 2n);
  const perBlock = effectiveInterval === 0n ? 0n : lastLock / effectiveInterval;
  const fallen = saturate(perBlock * subU64(block, lastLockBlock));
  return maxBigint(subU64(start, fallen), minLock);
}

function saturate(value: bigint): bigint {
  if (value > U64_MAX) return U64_MAX;
  return value;
}
