import { maxBigint, minBigint, U64_MAX } from "./fixed.ts";

/** Decimal float as stored: `mantissa * 10^exponent`, 10^20 < mantissa <= 10^21, or 0. */
export type SafeFloat = { mantissa: bigint; exponent: bigint };

export const ZERO: SafeFloat = { mantissa: 0n, exponent: 0n };

const MAX_MANTISSA = 10n ** 21n;
/** Digits by which a mantissa is shifted at most when two values are aligned. */
const MAX_SHIFT = 22n;

/** Value of a pool that several own, rao, and the sum of their shares. */
export type SharePool = { value: bigint; denominator: SafeFloat };

/** What `share` is worth now, rao. */
export function valueOfShare({ value, denominator }: SharePool, share: SafeFloat): bigint {
  return toInteger(mulDiv(fromInteger(value), share, denominator));
}

/** The pool earns or loses: shares stay. */
export function changeValue(pool: SharePool, amount: bigint): SharePool {
  const value = pool.value + amount;
  return { ...pool, value: value < 0n ? 0n : minBigint(value, U64_MAX) };
}

/**
 * One owner adds or withdraws `amount` rao.
 *
 * Trap, as on chain: into a pool that has shares but no value a deposit raises the value and creates no share.
 */
export function changeShare(
  pool: SharePool,
  share: SafeFloat,
  amount: bigint,
): { pool: SharePool; share: SafeFloat } {
  const size = fromInteger(amount < 0n ? -amount : amount);
  const { denominator } = pool;
  if (denominator.mantissa === 0n) {
    if (amount <= 0n) return { pool, share };
    return { pool: changeValue({ ...pool, denominator: size }, amount), share: size };
  }
  const part = mulDiv(size, denominator, fromInteger(pool.value));
  const change = amount < 0n ? subtract : add;
  return {
    pool: changeValue({ ...pool, denominator: change(denominator, part) }, amount),
    share: change(share, part),
  };
}

/** Would a deposit become a share? Not when it is too small beside the pool, or the pool has shares but no value. */
export function takesDeposit({ value, denominator }: SharePool, amount: bigint): boolean {
  if (denominator.mantissa === 0n) return true;
  return mulDiv(fromInteger(amount), denominator, fromInteger(value)).mantissa !== 0n;
}

function fromInteger(value: bigint): SafeFloat {
  return normalised(value, 0n);
}

/** Floor, as an unsigned 64-bit integer. */
export function toInteger({ mantissa, exponent }: SafeFloat): bigint {
  const whole = exponent < 0n ? mantissa / 10n ** -exponent : mantissa * 10n ** exponent;
  return minBigint(whole, U64_MAX);
}

/** a * b / c, 0 when c is 0. */
function mulDiv(a: SafeFloat, b: SafeFloat, c: SafeFloat): SafeFloat {
  if (c.mantissa === 0n) return ZERO;
  return normalised((a.mantissa * b.mantissa) / c.mantissa, a.exponent + b.exponent - c.exponent);
}

function add(a: SafeFloat, b: SafeFloat): SafeFloat {
  if (a.mantissa === 0n) return b;
  if (b.mantissa === 0n) return a;
  const exponent = maxBigint(a.exponent, b.exponent);
  return normalised(aligned(a, exponent) + aligned(b, exponent), exponent);
}

/** Not below 0. From 0 nothing can be taken: it stays. */
function subtract(a: SafeFloat, b: SafeFloat): SafeFloat {
  if (a.mantissa === 0n || b.mantissa === 0n) return a;
  const exponent = maxBigint(a.exponent, b.exponent);
  const mantissa = aligned(a, exponent) - aligned(b, exponent);
  return normalised(mantissa < 0n ? 0n : mantissa, exponent);
}

function aligned({ mantissa, exponent }: SafeFloat, to: bigint): bigint {
  return mantissa / 10n ** minBigint(to - exponent, MAX_SHIFT);
}

function normalised(mantissa: bigint, exponent: bigint): SafeFloat {
  if (mantissa === 0n) return ZERO;
  while (mantissa > MAX_MANTISSA) {
    mantissa /= 10n;
    exponent += 1n;
  }
  while (mantissa * 10n <= MAX_MANTISSA) {
    mantissa *= 10n;
    exponent -= 1n;
  }
  return { mantissa, exponent };
}
