import { I32F32, maxBigint, U16_MAX } from "./fixed.ts";

const U16_MAX_RAW = I32F32.fromInteger(U16_MAX);
/** Above this maximum `v * 65535` would leave I32F32, so the quotient is taken first. */
const UPSCALE_PRODUCT_LIMIT = I32F32.fromInteger(32_768n);

/** A stored u16 as a share of 65535, I32F32. */
export function fromU16Share(value: bigint): bigint {
  return I32F32.safeDiv(I32F32.fromInteger(value), U16_MAX_RAW);
}

/** A share of one (I32F32) as u16: floors, so most values lose one unit on a round trip. */
export function toU16Share(share: bigint): number {
  return Number(I32F32.toUnsigned(I32F32.mul(share, U16_MAX_RAW), 16));
}

/**
 * Scale so that the largest value becomes 65535, as the chain does when it stores weights.
 *
 * @param values - I32F32.
 */
export function maxUpscaleToU16(values: readonly bigint[]): number[] {
  const largest = values.reduce(maxBigint, 0n);
  if (largest === 0n) return values.map(toU16Share);
  if (largest > UPSCALE_PRODUCT_LIMIT) {
    const factor = I32F32.div(U16_MAX_RAW, largest);
    return values.map((value) => roundToU16(I32F32.mul(value, factor)));
  }
  return values.map((value) => roundToU16(I32F32.div(I32F32.mul(value, U16_MAX_RAW), largest)));
}

/** The same for integers, which is what `set_weights` receives. */
export function maxUpscaleWeights(weights: readonly number[]): number[] {
  return maxUpscaleToU16(weights.map((weight) => I32F32.fromInteger(BigInt(weight))));
}

/** Nearest integer, ties away from zero, clamped. */
function roundToU16(raw: bigint): number {
  return Number(I32F32.toUnsigned(I32F32.saturate(raw + (I32F32.one >> 1n)), 16));
}

/** May these integers be weights when no uid may get more than `limit` of 65535? */
export function isMaxLimited(weights: readonly number[], limit: number): boolean {
  const values = weights.map((weight) => I32F32.fromInteger(BigInt(weight)));
  const sum = I32F32.sum(values);
  const allowed = fromU16Share(BigInt(limit));
  return sum === 0n || values.every((value) => I32F32.safeDiv(value, sum) <= allowed);
}
