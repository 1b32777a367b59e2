/*
 * I32F32 in doubles: raw values that are whole, not negative and small enough for every step to be exact. Equals the
 * bigint arithmetic of `fixed.ts` in every bit, several times faster.
 *
 * Why one double operation is enough nearly always: rounding to the nearest double never crosses a whole number, since
 * that is a double itself. It can only land on one. So unless the rounded result is whole, its floor is the exact one.
 */

/** Raw 1.0. */
export const ONE = 2 ** 32;
const HALF_WORD = 2 ** 16;
const QUARTER = 2 ** 8;
/** Below this, a remainder times 2^16 is still exact. */
const WIDE_DIGIT_LIMIT = 2 ** 37;
/** Below this, every whole number is a double. */
const EXACT_LIMIT = 2 ** 53;

/** Product, floored. `a` and `b` at most 2^33, or the smaller one at most 2^31 and the other at most 2^36. */
export function mul(a: number, b: number): number {
  const product = a * b;
  const shifted = product / ONE;
  const floor = Math.floor(shifted);
  return floor !== shifted || product < EXACT_LIMIT ? floor : mulByDigits(a, b);
}

/** Product, rounded up. Same range. */
export function mulUp(a: number, b: number): number {
  const product = a * b;
  const shifted = product / ONE;
  const ceiling = Math.ceil(shifted);
  if (ceiling !== shifted || product < EXACT_LIMIT) return ceiling;
  const floor = mulByDigits(a, b);
  return isProductExact(a, b) ? floor : floor + 1;
}

/** Product of any two whole numbers, floored, as long as it stays below 2^53. */
export function mulWide(a: number, b: number): number {
  const ones = Math.floor(b / ONE);
  const rest = b - ones * ONE;
  const shifted = (a * rest) / ONE;
  const floor = Math.floor(shifted);
  if (floor !== shifted || a * rest < EXACT_LIMIT) return a * ones + floor;
  return Number((BigInt(a) * BigInt(b)) >> 32n);
}

/** Quotient of two whole numbers, floored; `a` below 2^53. */
export function divInteger(a: number, b: number): number {
  const floor = Math.floor(a / b);
  return floor * b > a ? floor - 1 : floor;
}

/** Quotient, floored. `a` <= `b` < 2^45, `b` > 0. */
export function div(a: number, b: number): number {
  const quotient = (a * ONE) / b;
  const floor = Math.floor(quotient);
  return floor !== quotient || a === 0 ? floor : divByDigits(a, b);
}

/** For the rare product whose rounded double is whole. */
function mulByDigits(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  const high = Math.floor(small / HALF_WORD);
  const low = small - high * HALF_WORD;
  return Math.floor((high * large + Math.floor((low * large) / HALF_WORD)) / HALF_WORD);
}

/** For the rare quotient whose rounded double is whole: long division. */
function divByDigits(a: number, b: number): number {
  if (a === b) return ONE;
  const digit = b < WIDE_DIGIT_LIMIT ? HALF_WORD : QUARTER;
  let rest = a;
  let quotient = 0;
  for (let scale = 1; scale < ONE; scale *= digit) {
    const shifted = rest * digit;
    let q = Math.floor(shifted / b);
    rest = shifted - q * b;
    // The double quotient may be one off; the remainder tells.
    if (rest < 0) {
      q--;
      rest += b;
    } else if (rest >= b) {
      q++;
      rest -= b;
    }
    quotient = quotient * digit + q;
  }
  return quotient;
}

function isProductExact(a: number, b: number): boolean {
  const low = ((a % HALF_WORD) * (b % HALF_WORD)) % ONE;
  const middle =
    (Math.floor(a / HALF_WORD) * (b % HALF_WORD) + (a % HALF_WORD) * Math.floor(b / HALF_WORD)) % HALF_WORD;
  return (low + middle * HALF_WORD) % ONE === 0;
}
