/*
 * A multiple of a point that is met for the first time: doublings, and an addition at every sixth bit or so. The scalar
 * becomes odd digits below 16 in size, with at least four zeros between two of them (width-5 non-adjacent form).
 */
import { ADDEND_BYTES, addProjective, double, POINT_BYTES, toAddend } from "./point.ts";

const WIDTH: i32 = 5;
/** Odd multiples 1, 3, … 15. */
const ODD_MULTIPLES: i32 = 8;
const DIGITS: i32 = 256;

const ADDENDS: usize = memory.data(160 * 8, 8);
const TWICE: usize = memory.data(160, 8);
const MULTIPLE: usize = memory.data(160, 8);
const DIGIT: usize = memory.data(256, 8);

/** p = scalar * point. The scalar is below the group order. */
export function multiply(p: usize, scalar: usize, point: usize): void {
  spell(scalar);
  fillAddends(point);
  let i = DIGITS - 1;
  while (i > 0 && load<i8>(DIGIT + i) === 0) i--;
  for (; i >= 0; i--) {
    const digit: i32 = load<i8>(DIGIT + i);
    double(p, digit !== 0 || i === 0);
    if (digit !== 0)
      addProjective(p, ADDENDS + ((abs(digit) >> 1) as usize) * ADDEND_BYTES, digit < 0, i === 0);
  }
}

function fillAddends(point: usize): void {
  memory.copy(MULTIPLE, point, POINT_BYTES);
  memory.copy(TWICE, point, POINT_BYTES);
  double(MULTIPLE, true);
  toAddend(TWICE, MULTIPLE);
  memory.copy(MULTIPLE, point, POINT_BYTES);
  toAddend(ADDENDS, MULTIPLE);
  for (let i = 1; i < ODD_MULTIPLES; i++) {
    addProjective(MULTIPLE, TWICE, false, true);
    toAddend(ADDENDS + (i as usize) * ADDEND_BYTES, MULTIPLE);
  }
}

/** One digit per bit, most of them 0. */
function spell(scalar: usize): void {
  memory.fill(DIGIT, 0, DIGITS);
  let carry = 0;
  let i = 0;
  while (i < DIGITS) {
    const byte = min(i >> 3, 28);
    const window = ((load<u32>(scalar + byte) >> (i - 8 * byte)) & ((1 << WIDTH) - 1)) as i32;
    const value = window + carry;
    if ((value & 1) === 0) {
      i++; // an even value: this bit is 0, or 1 and the carry goes on
      continue;
    }
    carry = value > 1 << (WIDTH - 1) ? 1 : 0;
    store<i8>(DIGIT + i, (value - (carry << WIDTH)) as i8);
    i += WIDTH;
  }
}
