import { type FixedPoint, I32F32 } from "./fixed.ts";

/** e to the power of one, as the chain's constant: 22,802,600 / 2^23. */
const E_NUMERATOR = 22_802_600n;
/** ln 2 as the chain's reciprocal constant log2(e): 12,102,203 / 2^23. */
const LOG2_E_NUMERATOR = 12_102_203n;
const CONSTANT_BITS = 23n;

/** Largest magnitude that `expSafe` passes on. */
const EXP_LIMIT = I32F32.fromInteger(20n);

/**
 * e^x by its Taylor series, one term per fraction bit.
 *
 * @param x - Raw value of `type`.
 * @returns undefined when a term or the sum overflows.
 */
export function exp(type: FixedPoint, x: bigint): bigint | undefined {
  if (x === 0n) return type.one;
  if (x === type.one) return (E_NUMERATOR << type.fractionBits) >> CONSTANT_BITS;
  // The constant is for +1 alone: e^-1 is the reciprocal of the series, as on chain.
  const power = series(type, x < 0n ? -x : x);
  if (x > 0n || power === undefined) return power;
  return type.checkedDiv(type.one, power);
}

function series(type: FixedPoint, x: bigint): bigint | undefined {
  let result = type.one + x;
  let term = x;
  for (let i = 2n; i < type.fractionBits; i++) {
    const product = type.checkedMul(term, x);
    if (product === undefined) return undefined;
    term = product / i;
    result += term;
    if (result > type.max) return undefined;
  }
  return result;
}

/** e^x in I32F32 with x clamped to -20..20: 0 or the type's maximum where even that fails. */
export function expSafe(x: bigint): bigint {
  const clamped = x < -EXP_LIMIT ? -EXP_LIMIT : x > EXP_LIMIT ? EXP_LIMIT : x;
  return exp(I32F32, clamped) ?? (clamped <= 0n ? 0n : I32F32.max);
}

/**
 * Base-2 logarithm, bit by bit.
 *
 * @returns undefined for x <= 0.
 */
export function log2(type: FixedPoint, x: bigint): bigint | undefined {
  if (x <= 0n) return undefined;
  if (x < type.one) {
    const inverse = log2(type, type.div(type.one, x));
    return inverse === undefined ? undefined : -inverse;
  }

  const two = type.one << 1n;
  let result = 0n;
  let rest = x;
  while (rest >= two) {
    result += 1n;
    rest = half(rest);
  }
  if (rest === type.one) return result << type.fractionBits;

  for (let i = 0n; i < type.fractionBits; i++) {
    rest = (rest * rest) >> type.fractionBits;
    result <<= 1n;
    if (rest >= two) {
      result += 1n;
      rest = half(rest);
    }
  }
  return result;
}

/** Natural logarithm through `log2`. @returns undefined for x <= 0. */
export function ln(type: FixedPoint, x: bigint): bigint | undefined {
  const binary = log2(type, x);
  if (binary === undefined) return undefined;
  return type.div(binary, (LOG2_E_NUMERATOR << type.fractionBits) >> CONSTANT_BITS);
}

function half(value: bigint): bigint {
  return (value >> 1n) + (value & 1n);
}
