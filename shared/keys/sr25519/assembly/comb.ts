/*
 * Multiples of one point, made ahead, so that a multiplication needs additions only: for every window i of w bits the
 * affine addends 1..2^(w-1) times 2^(w i) P. Digits are signed, hence half a window's values suffice.
 */
import * as fe from "./field.ts";
import { invert } from "./field-powers.ts";
import {
  ADDEND_BYTES,
  AFFINE_BYTES,
  addAffine,
  addProjective,
  double,
  MINUS,
  POINT_BYTES,
  TWO_DT,
  toAddend,
  Y,
  Z,
} from "./point.ts";

/** Bits of a scalar below the group order, and one for the last carry. */
const SCALAR_BITS: i32 = 254;

/** Entries that share one inversion. */
const CHUNK: i32 = 256;

const MULTIPLE: usize = memory.data(POINT_BYTES as i32, 8);
const STEP: usize = memory.data(ADDEND_BYTES as i32, 8);
const PRODUCTS: usize = memory.data(40 * 256, 8);
const INVERSE: usize = memory.data(40, 8);
const Z_INVERSE: usize = memory.data(40, 8);
const AFFINE_X: usize = memory.data(40, 8);
const AFFINE_Y: usize = memory.data(40, 8);

function windows(width: i32): i32 {
  return (SCALAR_BITS + width - 1) / width;
}

/** Bytes of a table, for windows of 2 to 8 bits. */
export function tableBytes(width: i32): i32 {
  return (windows(width) << (width - 1)) * (AFFINE_BYTES as i32);
}

/** Fills the table at `table` with multiples of `point`. */
export function fillTable(table: usize, point: usize, width: i32): void {
  const half = 1 << (width - 1);
  const entries = windows(width) << (width - 1);
  memory.copy(MULTIPLE, point, POINT_BYTES);
  // First X, Y, Z of every entry, in the entry's own place.
  for (let i = 0; i < entries; i++) {
    if ((i & (half - 1)) === 0) {
      if (i > 0) double(MULTIPLE, true); // from 2^(w-1) times the last window's point to this window's
      toAddend(STEP, MULTIPLE);
    } else {
      addProjective(MULTIPLE, STEP, false, true);
    }
    memory.copy(table + (i as usize) * AFFINE_BYTES, MULTIPLE, AFFINE_BYTES);
  }
  for (let i = 0; i < entries; i += CHUNK) {
    makeAffine(table + (i as usize) * AFFINE_BYTES, min(CHUNK, entries - i));
  }
}

/** p = p + scalar * (the point of the table). The scalar is below the group order. */
export function addMultiple(p: usize, scalar: usize, table: usize, width: i32): void {
  const half = 1 << (width - 1);
  const mask = (1 << width) - 1;
  const count = windows(width);
  let carry = 0;
  for (let i = 0; i < count; i++) {
    let digit = bits(scalar, i * width, mask) + carry;
    carry = digit > half ? 1 : 0;
    digit -= carry << width;
    if (digit !== 0) {
      const entry = i * half + abs(digit) - 1;
      addAffine(p, table + (entry as usize) * AFFINE_BYTES, digit < 0, true);
    }
  }
}

/** Bits of a 256-bit number from `from` on. Past its end there are zeros. */
function bits(number: usize, from: i32, mask: i32): i32 {
  const byte = min(from >> 3, 28);
  const word = load<u32>(number + byte) as u64;
  const shifted = (word >> (from - 8 * byte)) as i32;
  return shifted & mask;
}

/** Entries from X, Y, Z to y + x, y - x, 2dxy: Montgomery's trick, one inversion for all. */
function makeAffine(first: usize, count: i32): void {
  fe.copy(PRODUCTS, first + Z);
  for (let i = 1; i < count; i++) {
    const product = PRODUCTS + 40 * i;
    fe.mul(product, product - 40, first + (i as usize) * AFFINE_BYTES + Z);
  }
  invert(INVERSE, PRODUCTS + 40 * (count - 1));
  for (let i = count - 1; i >= 0; i--) {
    const entry = first + (i as usize) * AFFINE_BYTES;
    if (i > 0) {
      fe.mul(Z_INVERSE, INVERSE, PRODUCTS + 40 * (i - 1));
      fe.mul(INVERSE, INVERSE, entry + Z);
    } else {
      fe.copy(Z_INVERSE, INVERSE);
    }
    fe.mul(AFFINE_X, entry, Z_INVERSE);
    fe.mul(AFFINE_Y, entry + Y, Z_INVERSE);
    fe.add(entry, AFFINE_Y, AFFINE_X);
    fe.sub(entry + MINUS, AFFINE_Y, AFFINE_X);
    fe.mul(AFFINE_X, AFFINE_X, AFFINE_Y);
    fe.mul(entry + TWO_DT, AFFINE_X, fe.TWO_D);
  }
}
