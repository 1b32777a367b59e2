/* Test support: one operation at a time, for numbers that signatures almost never lead to. */
import * as fe from "./field.ts";
import * as scalar from "./scalar.ts";

export const A: usize = memory.data(40, 8);
export const B: usize = memory.data(40, 8);
export const RESULT: usize = memory.data(40, 8);
export const WIDE: usize = memory.data(64, 8);

export function multiply(): void {
  fe.mul(RESULT, A, B);
}

export function square(): void {
  fe.square(RESULT, A);
}

/** To WIDE. */
export function spell(element: usize): void {
  fe.toBytes(WIDE, element);
}

export function reduceWide(): void {
  scalar.reduceWide(RESULT, WIDE);
}

export function halve(): void {
  scalar.halve(RESULT, A);
}

/** RESULT = A * B + RESULT */
export function multiplyAdd(): void {
  scalar.multiplyAdd(RESULT, A, B, RESULT);
}

export function isReduced(): bool {
  return scalar.isReduced(A);
}
