/*
 * Powers of a ratio for the pool. The chain works with 280-bit series, so that its result is the floor of the true
 * value; any method with more bits gives the same.
 */

/** Fraction bits of the series. */
const BITS = 512n;
const ONE = 1n << BITS;
/** Up to here numerator and denominator of a reduced exponent are raised exactly. */
const EXACT_EXPONENT = 1024n;
/** Halvings of the argument before the exponential series, and squarings after it. */
const HALVINGS = 16n;

/**
 * floor(scale * (num / den) ^ (exponentNum / exponentDen)).
 *
 * @param num - `den`, `exponentDen` > 0; the others >= 0.
 */
export function powRatio(
  num: bigint,
  den: bigint,
  exponentNum: bigint,
  exponentDen: bigint,
  scale: bigint,
): bigint {
  if (exponentNum === 0n || num === den) return scale;
  if (num === 0n) return 0n;
  const divisor = gcd(exponentNum, exponentDen);
  const up = exponentNum / divisor;
  const down = exponentDen / divisor;
  if (down === 1n && up === 1n) return (scale * num) / den;

  const estimate = (scale * exp((ln(num, den) * up) / down)) >> BITS;
  if (up > EXACT_EXPONENT || down > EXACT_EXPONENT) return estimate;
  return correct(estimate, (root) => root ** down * den ** up <= scale ** down * num ** up);
}

/** The largest value that is not too large, a few steps from `estimate` at most. */
function correct(estimate: bigint, fits: (root: bigint) => boolean): bigint {
  let root = estimate;
  while (!fits(root)) root--;
  while (fits(root + 1n)) root++;
  return root;
}

/** Natural logarithm of a ratio: powers of two apart, the rest through the inverse hyperbolic tangent. */
function ln(num: bigint, den: bigint): bigint {
  const shift = BigInt(num.toString(2).length - den.toString(2).length);
  const a = shift < 0n ? num << -shift : num;
  const b = shift > 0n ? den << shift : den;
  return 2n * artanh(a - b, a + b) + shift * LN_2;
}

function artanh(num: bigint, den: bigint): bigint {
  const x = (num << BITS) / den;
  const square = (x * x) >> BITS;
  let sum = 0n;
  let power = x;
  for (let i = 1n; power > 1n || power < -1n; i += 2n) {
    sum += power / i;
    power = (power * square) / ONE;
  }
  return sum;
}

const LN_2 = 2n * artanh(1n, 3n);

function exp(x: bigint): bigint {
  const small = x >> HALVINGS;
  let sum = ONE;
  let term = ONE;
  for (let i = 1n; term !== 0n; i++) {
    term = (term * small) / ONE / i;
    sum += term;
  }
  for (let i = 0n; i < HALVINGS; i++) sum = (sum * sum) >> BITS;
  return sum;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
