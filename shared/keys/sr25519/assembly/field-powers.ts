/* Powers modulo p that are inverses and roots. An inverse takes the same steps for every number, so they tell nothing of it. */
import { add, copy, isZero, mul, ONE, SQRT_MINUS_1, square, sub } from "./field.ts";

const POWER_A: usize = memory.data(40, 8);
const POWER_B: usize = memory.data(40, 8);
const POWER_C: usize = memory.data(40, 8);
const POWER_D: usize = memory.data(40, 8);
const POWER_E: usize = memory.data(40, 8);
const CUBE: usize = memory.data(40, 8);
const SEVENTH: usize = memory.data(40, 8);

/** 1/a, and 0 for 0: a^(p - 2) */
export function invert(out: usize, a: usize): void {
  raise(a);
  squareTimes(POWER_A, POWER_A, 5);
  mul(out, POWER_A, POWER_B);
}

/** 1 / sqrt(a), either of the two; `out` is another place than `a`. @returns false when a is 0 or no square. */
export function inverseRoot(out: usize, a: usize): bool {
  square(CUBE, a);
  mul(CUBE, CUBE, a);
  square(SEVENTH, CUBE);
  mul(SEVENTH, SEVENTH, a);
  rootPower(SEVENTH, SEVENTH);
  mul(out, SEVENTH, CUBE);
  // a * out^2 is a fourth root of 1 where a is not 0; only for 1 and -1 there is a root.
  square(SEVENTH, out);
  mul(SEVENTH, SEVENTH, a);
  sub(CUBE, SEVENTH, ONE);
  if (isZero(CUBE)) return true;
  add(CUBE, SEVENTH, ONE);
  if (!isZero(CUBE)) return false;
  mul(out, out, SQRT_MINUS_1);
  return true;
}

/** a^(2^250 - 1) in POWER_A, a^11 in POWER_B: what both powers below begin with. */
function raise(a: usize): void {
  squareTimes(POWER_A, a, 1); // a^2
  squareTimes(POWER_B, POWER_A, 2); // a^8
  mul(POWER_B, a, POWER_B); // a^9
  mul(POWER_A, POWER_A, POWER_B); // a^11
  square(POWER_C, POWER_A); // a^22
  mul(POWER_C, POWER_B, POWER_C); // a^(2^5 - 1)
  copy(POWER_B, POWER_A);
  squareTimes(POWER_A, POWER_C, 5);
  mul(POWER_A, POWER_A, POWER_C); // a^(2^10 - 1)
  squareTimes(POWER_C, POWER_A, 10);
  mul(POWER_C, POWER_C, POWER_A); // a^(2^20 - 1)
  squareTimes(POWER_D, POWER_C, 20);
  mul(POWER_C, POWER_D, POWER_C); // a^(2^40 - 1)
  squareTimes(POWER_C, POWER_C, 10);
  mul(POWER_A, POWER_C, POWER_A); // a^(2^50 - 1)
  squareTimes(POWER_C, POWER_A, 50);
  mul(POWER_C, POWER_C, POWER_A); // a^(2^100 - 1)
  squareTimes(POWER_D, POWER_C, 100);
  mul(POWER_C, POWER_D, POWER_C); // a^(2^200 - 1)
  squareTimes(POWER_C, POWER_C, 50);
  mul(POWER_A, POWER_C, POWER_A); // a^(2^250 - 1)
}

/** a^((p - 5) / 8) */
function rootPower(out: usize, a: usize): void {
  copy(POWER_E, a);
  raise(a);
  squareTimes(POWER_A, POWER_A, 2);
  mul(out, POWER_A, POWER_E);
}

/** a^(2^times), times >= 1 */
function squareTimes(out: usize, a: usize, times: i32): void {
  square(out, a);
  for (let i = 1; i < times; i++) square(out, out);
}
