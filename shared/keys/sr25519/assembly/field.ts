/*
 * Arithmetic modulo p = 2^255 - 19. An element is ten 32-bit limbs of 26 and 25 bits in turn, 40 bytes, at an address.
 *
 * Limbs are signed and loose: a product has limbs below 2^26 (2^25 at odd places) and a little more at places 1 and 5; a
 * sum or difference is not carried. A product takes operands whose limbs together exceed that by a factor of 16 at most,
 * say 4 x 4 or 3 x 5, before an accumulator could overflow 63 bits. The callers' formulas stay within 6.
 */

const FIELD_BYTES: usize = 40;

const MASK_26: i64 = 0x3ffffff;
const MASK_25: i64 = 0x1ffffff;

/** Square root of -1, the one of the two that is even. */
export const SQRT_MINUS_1: usize = memory.data<i32>([
  34513072, 25610706, 9377949, 3500415, 12389472, 33281959, 41962654, 31548777, 326685, 11406482,
]);
/** The curve: -x^2 + y^2 = 1 + d x^2 y^2. */
export const D: usize = memory.data<i32>([
  56195235, 13857412, 51736253, 6949390, 114729, 24766616, 60832955, 30306712, 48412415, 21499315,
]);
export const TWO_D: usize = memory.data<i32>([
  45281625, 27714825, 36363642, 13898781, 229458, 15978800, 54557047, 27058993, 29715967, 9444199,
]);
/** 1 / sqrt(-1 - d) */
export const INVERSE_ROOT_OF_A_MINUS_D: usize = memory.data<i32>([
  6111466, 4156064, 39310137, 12243467, 41204824, 120896, 20826367, 26493656, 6093567, 31568420,
]);
export const ONE: usize = memory.data<i32>([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
export const ZERO: usize = memory.data<i32>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

const ENCODED: usize = memory.data(32, 8);

export function copy(out: usize, a: usize): void {
  memory.copy(out, a, FIELD_BYTES);
}

/** Four limbs at a time; multiplications gain nothing from that, as their products need twice the width. */
export function add(out: usize, a: usize, b: usize): void {
  const low = i32x4.add(v128.load(a), v128.load(b));
  const mid = i32x4.add(v128.load(a, 16), v128.load(b, 16));
  const high = i32x4.add(v128.load64_zero(a, 32), v128.load64_zero(b, 32));
  v128.store(out, low);
  v128.store(out, mid, 16);
  v128.store64_lane(out, high, 0, 32);
}

export function sub(out: usize, a: usize, b: usize): void {
  const low = i32x4.sub(v128.load(a), v128.load(b));
  const mid = i32x4.sub(v128.load(a, 16), v128.load(b, 16));
  const high = i32x4.sub(v128.load64_zero(a, 32), v128.load64_zero(b, 32));
  v128.store(out, low);
  v128.store(out, mid, 16);
  v128.store64_lane(out, high, 0, 32);
}

export function negate(out: usize, a: usize): void {
  sub(out, ZERO, a);
}

export function mul(out: usize, a: usize, b: usize): void {
  const f0 = load<i32>(a) as i64;
  const f1 = load<i32>(a, 4) as i64;
  const f2 = load<i32>(a, 8) as i64;
  const f3 = load<i32>(a, 12) as i64;
  const f4 = load<i32>(a, 16) as i64;
  const f5 = load<i32>(a, 20) as i64;
  const f6 = load<i32>(a, 24) as i64;
  const f7 = load<i32>(a, 28) as i64;
  const f8 = load<i32>(a, 32) as i64;
  const f9 = load<i32>(a, 36) as i64;
  const g0 = load<i32>(b) as i64;
  const g1 = load<i32>(b, 4) as i64;
  const g2 = load<i32>(b, 8) as i64;
  const g3 = load<i32>(b, 12) as i64;
  const g4 = load<i32>(b, 16) as i64;
  const g5 = load<i32>(b, 20) as i64;
  const g6 = load<i32>(b, 24) as i64;
  const g7 = load<i32>(b, 28) as i64;
  const g8 = load<i32>(b, 32) as i64;
  const g9 = load<i32>(b, 36) as i64;
  const g1x19 = g1 * 19;
  const g2x19 = g2 * 19;
  const g3x19 = g3 * 19;
  const g4x19 = g4 * 19;
  const g5x19 = g5 * 19;
  const g6x19 = g6 * 19;
  const g7x19 = g7 * 19;
  const g8x19 = g8 * 19;
  const g9x19 = g9 * 19;
  const f1x2 = f1 * 2;
  const f3x2 = f3 * 2;
  const f5x2 = f5 * 2;
  const f7x2 = f7 * 2;
  const f9x2 = f9 * 2;
  let h0 =
    f0 * g0 +
    f1x2 * g9x19 +
    f2 * g8x19 +
    f3x2 * g7x19 +
    f4 * g6x19 +
    f5x2 * g5x19 +
    f6 * g4x19 +
    f7x2 * g3x19 +
    f8 * g2x19 +
    f9x2 * g1x19;
  let h1 =
    f0 * g1 +
    f1 * g0 +
    f2 * g9x19 +
    f3 * g8x19 +
    f4 * g7x19 +
    f5 * g6x19 +
    f6 * g5x19 +
    f7 * g4x19 +
    f8 * g3x19 +
    f9 * g2x19;
  let h2 =
    f0 * g2 +
    f1x2 * g1 +
    f2 * g0 +
    f3x2 * g9x19 +
    f4 * g8x19 +
    f5x2 * g7x19 +
    f6 * g6x19 +
    f7x2 * g5x19 +
    f8 * g4x19 +
    f9x2 * g3x19;
  let h3 =
    f0 * g3 +
    f1 * g2 +
    f2 * g1 +
    f3 * g0 +
    f4 * g9x19 +
    f5 * g8x19 +
    f6 * g7x19 +
    f7 * g6x19 +
    f8 * g5x19 +
    f9 * g4x19;
  let h4 =
    f0 * g4 +
    f1x2 * g3 +
    f2 * g2 +
    f3x2 * g1 +
    f4 * g0 +
    f5x2 * g9x19 +
    f6 * g8x19 +
    f7x2 * g7x19 +
    f8 * g6x19 +
    f9x2 * g5x19;
  let h5 =
    f0 * g5 +
    f1 * g4 +
    f2 * g3 +
    f3 * g2 +
    f4 * g1 +
    f5 * g0 +
    f6 * g9x19 +
    f7 * g8x19 +
    f8 * g7x19 +
    f9 * g6x19;
  let h6 =
    f0 * g6 +
    f1x2 * g5 +
    f2 * g4 +
    f3x2 * g3 +
    f4 * g2 +
    f5x2 * g1 +
    f6 * g0 +
    f7x2 * g9x19 +
    f8 * g8x19 +
    f9x2 * g7x19;
  let h7 =
    f0 * g7 + f1 * g6 + f2 * g5 + f3 * g4 + f4 * g3 + f5 * g2 + f6 * g1 + f7 * g0 + f8 * g9x19 + f9 * g8x19;
  let h8 =
    f0 * g8 +
    f1x2 * g7 +
    f2 * g6 +
    f3x2 * g5 +
    f4 * g4 +
    f5x2 * g3 +
    f6 * g2 +
    f7x2 * g1 +
    f8 * g0 +
    f9x2 * g9x19;
  let h9 = f0 * g9 + f1 * g8 + f2 * g7 + f3 * g6 + f4 * g5 + f5 * g4 + f6 * g3 + f7 * g2 + f8 * g1 + f9 * g0;
  h1 += h0 >> 26;
  h0 &= MASK_26;
  h5 += h4 >> 26;
  h4 &= MASK_26;
  h2 += h1 >> 25;
  h1 &= MASK_25;
  h6 += h5 >> 25;
  h5 &= MASK_25;
  h3 += h2 >> 26;
  h2 &= MASK_26;
  h7 += h6 >> 26;
  h6 &= MASK_26;
  h4 += h3 >> 25;
  h3 &= MASK_25;
  h8 += h7 >> 25;
  h7 &= MASK_25;
  h5 += h4 >> 26;
  h4 &= MASK_26;
  h9 += h8 >> 26;
  h8 &= MASK_26;
  h0 += (h9 >> 25) * 19;
  h9 &= MASK_25;
  h1 += h0 >> 26;
  h0 &= MASK_26;
  store<i32>(out, h0 as i32);
  store<i32>(out, h1 as i32, 4);
  store<i32>(out, h2 as i32, 8);
  store<i32>(out, h3 as i32, 12);
  store<i32>(out, h4 as i32, 16);
  store<i32>(out, h5 as i32, 20);
  store<i32>(out, h6 as i32, 24);
  store<i32>(out, h7 as i32, 28);
  store<i32>(out, h8 as i32, 32);
  store<i32>(out, h9 as i32, 36);
}

export function square(out: usize, a: usize): void {
  const f0 = load<i32>(a) as i64;
  const f1 = load<i32>(a, 4) as i64;
  const f2 = load<i32>(a, 8) as i64;
  const f3 = load<i32>(a, 12) as i64;
  const f4 = load<i32>(a, 16) as i64;
  const f5 = load<i32>(a, 20) as i64;
  const f6 = load<i32>(a, 24) as i64;
  const f7 = load<i32>(a, 28) as i64;
  const f8 = load<i32>(a, 32) as i64;
  const f9 = load<i32>(a, 36) as i64;
  const f0x2 = f0 * 2;
  const f1x2 = f1 * 2;
  const f2x2 = f2 * 2;
  const f3x2 = f3 * 2;
  const f4x2 = f4 * 2;
  const f5x19 = f5 * 19;
  const f5x2 = f5 * 2;
  const f6x19 = f6 * 19;
  const f6x2 = f6 * 2;
  const f7x19 = f7 * 19;
  const f7x2 = f7 * 2;
  const f7x38 = f7 * 38;
  const f8x19 = f8 * 19;
  const f8x2 = f8 * 2;
  const f9x19 = f9 * 19;
  const f9x2 = f9 * 2;
  const f9x38 = f9 * 38;
  let h0 = f0 * f0 + f1x2 * f9x38 + f2x2 * f8x19 + f3x2 * f7x38 + f4x2 * f6x19 + f5x2 * f5x19;
  let h1 = f0x2 * f1 + f2x2 * f9x19 + f3x2 * f8x19 + f4x2 * f7x19 + f5x2 * f6x19;
  let h2 = f0x2 * f2 + f1x2 * f1 + f3x2 * f9x38 + f4x2 * f8x19 + f5x2 * f7x38 + f6 * f6x19;
  let h3 = f0x2 * f3 + f1x2 * f2 + f4x2 * f9x19 + f5x2 * f8x19 + f6x2 * f7x19;
  let h4 = f0x2 * f4 + f1x2 * f3x2 + f2 * f2 + f5x2 * f9x38 + f6x2 * f8x19 + f7x2 * f7x19;
  let h5 = f0x2 * f5 + f1x2 * f4 + f2x2 * f3 + f6x2 * f9x19 + f7x2 * f8x19;
  let h6 = f0x2 * f6 + f1x2 * f5x2 + f2x2 * f4 + f3x2 * f3 + f7x2 * f9x38 + f8 * f8x19;
  let h7 = f0x2 * f7 + f1x2 * f6 + f2x2 * f5 + f3x2 * f4 + f8x2 * f9x19;
  let h8 = f0x2 * f8 + f1x2 * f7x2 + f2x2 * f6 + f3x2 * f5x2 + f4 * f4 + f9x2 * f9x19;
  let h9 = f0x2 * f9 + f1x2 * f8 + f2x2 * f7 + f3x2 * f6 + f4x2 * f5;
  h1 += h0 >> 26;
  h0 &= MASK_26;
  h5 += h4 >> 26;
  h4 &= MASK_26;
  h2 += h1 >> 25;
  h1 &= MASK_25;
  h6 += h5 >> 25;
  h5 &= MASK_25;
  h3 += h2 >> 26;
  h2 &= MASK_26;
  h7 += h6 >> 26;
  h6 &= MASK_26;
  h4 += h3 >> 25;
  h3 &= MASK_25;
  h8 += h7 >> 25;
  h7 &= MASK_25;
  h5 += h4 >> 26;
  h4 &= MASK_26;
  h9 += h8 >> 26;
  h8 &= MASK_26;
  h0 += (h9 >> 25) * 19;
  h9 &= MASK_25;
  h1 += h0 >> 26;
  h0 &= MASK_26;
  store<i32>(out, h0 as i32);
  store<i32>(out, h1 as i32, 4);
  store<i32>(out, h2 as i32, 8);
  store<i32>(out, h3 as i32, 12);
  store<i32>(out, h4 as i32, 16);
  store<i32>(out, h5 as i32, 20);
  store<i32>(out, h6 as i32, 24);
  store<i32>(out, h7 as i32, 28);
  store<i32>(out, h8 as i32, 32);
  store<i32>(out, h9 as i32, 36);
}

/** Reads 255 bits, little endian; the topmost bit is not looked at. */
export function fromBytes(out: usize, bytes: usize): void {
  for (let i = 0; i < 10; i++) {
    const bit = (51 * i + 1) >> 1; // 0, 26, 51, 77, …
    // Eight bytes that hold the limb whole; the last ones begin earlier, so as not to read past the end.
    const from = min(bit >> 3, 24);
    const word = load<u64>(bytes + from) >> (bit - 8 * from);
    store<i32>(out + 4 * i, (word & (i & 1 ? MASK_25 : MASK_26)) as i32);
  }
}

/** The one number in 0..p-1, 32 bytes little endian. Takes limbs of a product, or of one sum or difference. */
export function toBytes(bytes: usize, a: usize): void {
  // How many times p is contained: floor((a + 19 * 2^-25 * top limb + 1/2) / 2^255), which is exact for such limbs.
  let quotient: i64 = ((load<i32>(a, 36) as i64) * 19 + (1 << 24)) >> 25;
  for (let i = 0; i < 10; i++) quotient = ((load<i32>(a + 4 * i) as i64) + quotient) >> (i & 1 ? 25 : 26);
  let carry: i64 = quotient * 19;
  let pending: u64 = 0;
  let pendingBits = 0;
  for (let i = 0; i < 10; i++) {
    const limb: i64 = (load<i32>(a + 4 * i) as i64) + carry;
    const bits = i & 1 ? 25 : 26;
    carry = limb >> bits;
    pending |= ((limb & (i & 1 ? MASK_25 : MASK_26)) as u64) << pendingBits;
    pendingBits += bits;
    while (pendingBits >= 8) {
      store<u8>(bytes++, pending as u8);
      pending >>= 8;
      pendingBits -= 8;
    }
  }
  store<u8>(bytes, pending as u8);
}

/** In this family of curves the odd half of the numbers is called negative. */
export function isNegative(a: usize): bool {
  toBytes(ENCODED, a);
  return (load<u8>(ENCODED) & 1) === 1;
}

export function isZero(a: usize): bool {
  toBytes(ENCODED, a);
  return (load<u64>(ENCODED) | load<u64>(ENCODED, 8) | load<u64>(ENCODED, 16) | load<u64>(ENCODED, 24)) === 0;
}

export function makeAbsolute(a: usize): void {
  if (isNegative(a)) negate(a, a);
}
