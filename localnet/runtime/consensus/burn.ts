import { maxBigint, minBigint, U64F64 } from "./fixed.ts";

const Q32_BITS = 32n;
const Q32_ONE = 1n << Q32_BITS;
const Q32_HALF = Q32_ONE >> 1n;

export type BurnBounds = { min: bigint; max: bigint };

/**
 * Registration price after one more block, rao.
 *
 * @param halfLife - Blocks. 0: no decay, only the bounds.
 */
export function decayBurn(burn: bigint, halfLife: number, bounds: BurnBounds): bigint {
  return bounded((burn * decayFactor(halfLife)) >> Q32_BITS, bounds);
}

/** Registration price after a registration, rao. @param multiplier - U64F64; below one it counts as one. */
export function raiseBurn(burn: bigint, multiplier: bigint, bounds: BurnBounds): bigint {
  const factor = maxBigint(multiplier, U64F64.one);
  return bounded(U64F64.toUnsigned(U64F64.mul(U64F64.fromInteger(burn), factor), 64), bounds);
}

/** Asked for in every block, and always the same for a half-life. */
const factors = new Map<number, bigint>();

/** The largest factor per block that halves within `halfLife` blocks, Q32. */
export function decayFactor(halfLife: number): bigint {
  const known = factors.get(halfLife);
  if (known !== undefined) return known;
  const factor = searchFactor(halfLife);
  factors.set(halfLife, factor);
  return factor;
}

function searchFactor(halfLife: number): bigint {
  if (halfLife === 0) return Q32_ONE;
  let low = 0n;
  let high = Q32_ONE;
  while (low + 1n < high) {
    const middle = low + (high - low) / 2n;
    if (powQ32(middle, halfLife) > Q32_HALF) high = middle;
    else low = middle;
  }
  return low;
}

function powQ32(base: bigint, exponent: number): bigint {
  let result = Q32_ONE;
  let square = base;
  for (let rest = exponent; rest > 0; rest >>= 1) {
    if (rest & 1) result = (result * square) >> Q32_BITS;
    if (rest > 1) square = (square * square) >> Q32_BITS;
  }
  return result;
}

function bounded(burn: bigint, { min, max }: BurnBounds): bigint {
  return minBigint(maxBigint(burn, min), max);
}
