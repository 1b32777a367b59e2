/**
 * Binary fixed point as the chain computes: a value is its raw integer, `value * 2^fractionBits`, in a bigint.
 * A product is floored, a quotient truncated towards zero, and everything saturates at the limits of its type.
 */
export type FixedPoint = {
  readonly fractionBits: bigint;
  /** Raw limits of the type. */
  readonly min: bigint;
  readonly max: bigint;
  /** Raw 1.0. */
  readonly one: bigint;
  saturate(raw: bigint): bigint;
  add(a: bigint, b: bigint): bigint;
  sub(a: bigint, b: bigint): bigint;
  mul(a: bigint, b: bigint): bigint;
  /** Clamps when the quotient does not fit. `b` is never 0. */
  div(a: bigint, b: bigint): bigint;
  /** 0 when `b` is 0 or the quotient does not fit. */
  safeDiv(a: bigint, b: bigint): bigint;
  /** undefined on overflow. */
  checkedMul(a: bigint, b: bigint): bigint | undefined;
  /** undefined on overflow and for `b` = 0. */
  checkedDiv(a: bigint, b: bigint): bigint | undefined;
  fromInteger(value: bigint): bigint;
  /** From another type: drops surplus fraction bits (floor), then clamps. */
  from(source: FixedPoint, raw: bigint): bigint;
  /** Floor, then clamp to an unsigned integer of so many bits. */
  toUnsigned(raw: bigint, bits: number): bigint;
  sum(values: Iterable<bigint>): bigint;
};

export const I32F32 = fixedPoint(64n, 32n, true);
export const I64F64 = fixedPoint(128n, 64n, true);
export const I96F32 = fixedPoint(128n, 32n, true);
export const U64F64 = fixedPoint(128n, 64n, false);
export const U96F32 = fixedPoint(128n, 32n, false);

export const U16_MAX = 65_535n;
export const U64_MAX = 2n ** 64n - 1n;
export const U128_MAX = 2n ** 128n - 1n;

/** Sum of unsigned 64-bit integers: they saturate too. */
export function addU64(a: bigint, b: bigint): bigint {
  const sum = a + b;
  return sum > U64_MAX ? U64_MAX : sum;
}

/** Difference of unsigned 64-bit integers, not below 0. */
export function subU64(a: bigint, b: bigint): bigint {
  return a > b ? a - b : 0n;
}

export function minBigint(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

export function maxBigint(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

function fixedPoint(width: bigint, fractionBits: bigint, signed: boolean): FixedPoint {
  const min = signed ? -(1n << (width - 1n)) : 0n;
  const max = signed ? (1n << (width - 1n)) - 1n : (1n << width) - 1n;

  const fits = (raw: bigint) => raw >= min && raw <= max;
  const saturate = (raw: bigint) => (raw < min ? min : raw > max ? max : raw);
  const quotient = (a: bigint, b: bigint) => (a << fractionBits) / b;
  const checkedDiv = (a: bigint, b: bigint) => {
    if (b === 0n) return undefined;
    const raw = quotient(a, b);
    return fits(raw) ? raw : undefined;
  };

  return {
    fractionBits,
    min,
    max,
    one: 1n << fractionBits,
    saturate,
    add: (a, b) => saturate(a + b),
    sub: (a, b) => saturate(a - b),
    mul: (a, b) => saturate((a * b) >> fractionBits),
    div: (a, b) => saturate(quotient(a, b)),
    safeDiv: (a, b) => checkedDiv(a, b) ?? 0n,
    checkedMul: (a, b) => {
      const raw = (a * b) >> fractionBits;
      return fits(raw) ? raw : undefined;
    },
    checkedDiv,
    fromInteger: (value) => saturate(value << fractionBits),
    from: (source, raw) => {
      const shift = fractionBits - source.fractionBits;
      return saturate(shift >= 0n ? raw << shift : raw >> -shift);
    },
    toUnsigned: (raw, bits) => {
      const whole = raw >> fractionBits;
      const limit = (1n << BigInt(bits)) - 1n;
      return whole < 0n ? 0n : whole > limit ? limit : whole;
    },
    sum: (values) => {
      let total = 0n;
      for (const value of values) total = saturate(total + value);
      return total;
    },
  };
}
