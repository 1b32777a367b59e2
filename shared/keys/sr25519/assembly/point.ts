/*
 * Points of edwards25519. In extended form: X, Y, Z, T of 40 bytes each, x = X/Z, y = Y/Z, T = XY/Z. As an addend: what
 * an addition multiplies by, y + x, y - x, 2dxy, and 2z when z is not 1. Formulas: hyperelliptic.org/EFD, twisted curves
 * with a = -1, which are complete here: no special cases.
 */
import * as fe from "./field.ts";

/** Offsets in a point. */
export const Y: usize = 40;
export const Z: usize = 80;
export const T: usize = 120;
export const POINT_BYTES: usize = 160;

/** Offsets in an addend. An affine one ends before DOUBLE_Z. */
export const MINUS: usize = 40;
export const TWO_DT: usize = 80;
const DOUBLE_Z: usize = 120;
export const ADDEND_BYTES: usize = 160;
export const AFFINE_BYTES: usize = 120;

const A: usize = memory.data(40, 8);
const B: usize = memory.data(40, 8);
const C: usize = memory.data(40, 8);
const DD: usize = memory.data(40, 8);
const E: usize = memory.data(40, 8);
const F: usize = memory.data(40, 8);
const G: usize = memory.data(40, 8);
const H: usize = memory.data(40, 8);

export function setIdentity(p: usize): void {
  fe.copy(p, fe.ZERO);
  fe.copy(p + Y, fe.ONE);
  fe.copy(p + Z, fe.ONE);
  fe.copy(p + T, fe.ZERO);
}

/** p = 2p. T is needed only by an addition that follows. */
export function double(p: usize, withT: bool): void {
  fe.square(A, p);
  fe.square(B, p + Y);
  fe.square(C, p + Z);
  fe.add(E, p, p + Y);
  fe.square(E, E);
  fe.add(H, A, B);
  fe.sub(E, H, E);
  fe.sub(G, A, B);
  fe.add(C, C, C);
  fe.add(F, C, G);
  finish(p, withT);
}

/** p = p + sign * addend */
export function addAffine(p: usize, addend: usize, negative: bool, withT: bool): void {
  fe.add(DD, p + Z, p + Z);
  addWith(p, addend, negative, withT);
}

/** p = p + sign * addend */
export function addProjective(p: usize, addend: usize, negative: bool, withT: bool): void {
  fe.mul(DD, p + Z, addend + DOUBLE_Z);
  addWith(p, addend, negative, withT);
}

/** To subtract, y + x and y - x change places, and 2dxy its sign. */
function addWith(p: usize, addend: usize, negative: bool, withT: bool): void {
  fe.sub(A, p + Y, p);
  fe.add(B, p + Y, p);
  fe.mul(C, p + T, addend + TWO_DT);
  if (negative) {
    fe.mul(A, A, addend);
    fe.mul(B, B, addend + MINUS);
    fe.add(F, DD, C);
    fe.sub(G, DD, C);
  } else {
    fe.mul(A, A, addend + MINUS);
    fe.mul(B, B, addend);
    fe.sub(F, DD, C);
    fe.add(G, DD, C);
  }
  fe.sub(E, B, A);
  fe.add(H, B, A);
  finish(p, withT);
}

function finish(p: usize, withT: bool): void {
  fe.mul(p, E, F);
  fe.mul(p + Y, G, H);
  fe.mul(p + Z, F, G);
  if (withT) fe.mul(p + T, E, H);
}

export function toAddend(out: usize, p: usize): void {
  fe.add(out, p + Y, p);
  fe.sub(out + MINUS, p + Y, p);
  fe.mul(out + TWO_DT, p + T, fe.TWO_D);
  fe.add(out + DOUBLE_Z, p + Z, p + Z);
}
