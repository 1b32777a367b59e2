/*
 * I32F32 in doubles: raw values that are whole, not negative and small enough for every step to be exact. Equals the
 * bigint arithmetic of `fixed.ts` in every bit, several times faster.
 */

/** Raw 1.0. */
export const ONE = 2 ** 32;
const HALF_WORD = 2 ** 16;
const QUARTER = 2 ** 8;
/** Below this, a remainder times 2^16 is still exact. */
const WIDE_DIGIT_LIMIT = 2 ** 37;

/** Product, floored. `a` and `b` at most 2^33. */
export function mul(a: number, b: number): number {
  const high = Math.floor(a / HALF_WORD);
  const low = a - high * HALF_WORD;
  return Math.floor((high * b + Math.floor((low * b) / HALF_WORD)) / HALF_WORD);
}

/** Product, rounded up. */
export function mulUp(a: number, b: number): number {
  const floor = mul(a, b);
  return isProductExact(a, b) ? floor : floor + 1;
}

/** Quotient, floored: long division by digits. `a` <= `b` < 2^45, `b` > 0. */
export function div(a: number, b: number): number {
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
