/* A multiple of a point by a secret scalar, from a table of comb.ts with windows of 4 bits. */
import { AFFINE_BYTES, addAffine, MINUS, TWO_DT } from "./point.ts";

const WIDTH: i32 = 4;
const WINDOWS: i32 = 64;
/** Entries of a window. */
const HALF: i32 = 8;

const CHOSEN: usize = memory.data(120, 8);

/** p = p + scalar * (the point of the table), the same steps for every scalar. The scalar is below the group order. */
export function addSecretMultiple(p: usize, scalar: usize, table: usize): void {
  let carry: i32 = 0;
  for (let i = 0; i < WINDOWS; i++) {
    const nibble: i32 = (load<u8>(scalar + (i >> 1)) >> ((i & 1) * WIDTH)) & 15;
    let digit = nibble + carry; // 0..16, to become -7..8
    carry = (digit + 7) >> WIDTH;
    digit -= carry << WIDTH;
    const sign = digit >> 31; // all ones for a negative digit
    choose(table + ((i * HALF) as usize) * AFFINE_BYTES, (digit ^ sign) - sign);
    changeSign(sign);
    addAffine(p, CHOSEN, false, true);
  }
}

export function forgetDigit(): void {
  memory.fill(CHOSEN, 0, 120);
}

/** The entry of that number, 0 for the identity: all entries are read. */
function choose(window: usize, number: i32): void {
  const isIdentity = maskOfEqual(number, 0) & 1;
  for (let offset: usize = 0; offset < AFFINE_BYTES; offset += 8) {
    // y + x and y - x of the identity are 1: their lowest limbs.
    let word: u64 = offset === 0 || offset === MINUS ? isIdentity : 0;
    for (let j = 1; j <= HALF; j++) {
      word |= load<u64>(window + ((j - 1) as usize) * AFFINE_BYTES + offset) & maskOfEqual(number, j);
    }
    store<u64>(CHOSEN + offset, word);
  }
}

/** All ones where a is b, else 0. Both are small and not negative. */
function maskOfEqual(a: i32, b: i32): u64 {
  return ((((a ^ b) - 1) as i64) >> 63) as u64;
}

/** For a mask of ones: y + x and y - x change places, and 2dxy its sign. */
function changeSign(mask: i32): void {
  for (let offset: usize = 0; offset < MINUS; offset += 4) {
    const plus = load<i32>(CHOSEN + offset);
    const minus = load<i32>(CHOSEN + MINUS + offset);
    const change = (plus ^ minus) & mask;
    store<i32>(CHOSEN + offset, plus ^ change);
    store<i32>(CHOSEN + MINUS + offset, minus ^ change);
    store<i32>(CHOSEN + TWO_DT + offset, (load<i32>(CHOSEN + TWO_DT + offset) ^ mask) - mask);
  }
}
