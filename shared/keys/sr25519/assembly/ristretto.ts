/*
 * Ristretto: one 32-byte spelling for each coset of eight points (ristretto.group, RFC 9496). Keys are read strictly;
 * of a result only its spelling is compared.
 */
import * as fe from "./field.ts";
import { inverseRoot, invert } from "./field-powers.ts";
import { T, Y, Z } from "./point.ts";

const S: usize = memory.data(40, 8);
const SS: usize = memory.data(40, 8);
const U1: usize = memory.data(40, 8);
const U2: usize = memory.data(40, 8);
const U2_SQUARED: usize = memory.data(40, 8);
const V: usize = memory.data(40, 8);
const ROOT: usize = memory.data(40, 8);
const SPELT: usize = memory.data(32, 8);

const E: usize = memory.data(40, 8);
const F: usize = memory.data(40, 8);
const G: usize = memory.data(40, 8);
const H: usize = memory.data(40, 8);
const EG: usize = memory.data(40, 8);
const FH: usize = memory.data(40, 8);
const INVERSE: usize = memory.data(40, 8);
const Z_INVERSE: usize = memory.data(40, 8);
const T_INVERSE: usize = memory.data(40, 8);

/** @returns false for bytes that spell no point: not below p, negative, or off the curve. */
export function decode(p: usize, bytes: usize): bool {
  fe.fromBytes(S, bytes);
  fe.toBytes(SPELT, S);
  if (!sameBytes(SPELT, bytes) || load<u8>(bytes) & 1) return false;
  fe.square(SS, S);
  fe.sub(U1, fe.ONE, SS);
  fe.add(U2, fe.ONE, SS);
  fe.square(U2_SQUARED, U2);
  fe.square(V, U1);
  fe.mul(V, V, fe.D);
  fe.add(V, V, U2_SQUARED);
  fe.negate(V, V); // -d u1^2 - u2^2
  fe.mul(U2_SQUARED, V, U2_SQUARED);
  if (!inverseRoot(ROOT, U2_SQUARED)) return false;
  fe.mul(U2, ROOT, U2); // 1/denominator of x
  fe.mul(p + Y, ROOT, U2);
  fe.mul(p + Y, p + Y, V); // 1/denominator of y
  fe.mul(p + Y, p + Y, U1);
  fe.add(p, S, S);
  fe.mul(p, p, U2);
  fe.makeAbsolute(p);
  fe.copy(p + Z, fe.ONE);
  fe.mul(p + T, p, p + Y);
  return !fe.isNegative(p + T) && !fe.isZero(p + Y);
}

/**
 * The spelling of 2p. Doubling makes the spelling need an inversion in place of a root, which is
 * why scalars are halved before: ristretto.group, "batched double-and-encode". The branches look at signs of the affine
 * point, which the spelling itself tells.
 */
export function spellDouble(bytes: usize, p: usize): void {
  fe.square(V, p + Z);
  fe.square(U1, p + T);
  fe.mul(U1, U1, fe.D);
  fe.add(F, V, U1);
  fe.sub(H, V, U1);
  fe.square(G, p + Y);
  fe.square(U1, p);
  fe.add(G, G, U1);
  fe.add(E, p + Y, p + Y);
  fe.mul(E, E, p);
  fe.mul(EG, E, G);
  fe.mul(FH, F, H);
  fe.mul(INVERSE, EG, FH);
  invert(INVERSE, INVERSE); // 0 for the coset of the identity, whose spelling then comes out as zeros
  fe.mul(Z_INVERSE, EG, INVERSE);
  fe.mul(T_INVERSE, FH, INVERSE);

  // Which of the eight points of the coset speaks for it: first by the sign of xy, then by that of x.
  let magic = fe.INVERSE_ROOT_OF_A_MINUS_D;
  fe.mul(U1, EG, Z_INVERSE);
  if (fe.isNegative(U1)) {
    fe.negate(U1, E);
    fe.copy(E, G);
    fe.copy(G, U1);
    fe.mul(H, F, fe.SQRT_MINUS_1);
    magic = fe.SQRT_MINUS_1;
  }
  fe.mul(U1, H, E);
  fe.mul(U1, U1, Z_INVERSE);
  if (fe.isNegative(U1)) fe.negate(G, G);
  fe.sub(S, H, G);
  fe.mul(T_INVERSE, G, T_INVERSE);
  fe.mul(S, S, T_INVERSE);
  fe.mul(S, S, magic);
  fe.makeAbsolute(S);
  fe.toBytes(bytes, S);
}

export function sameBytes(a: usize, b: usize): bool {
  return (
    load<u64>(a) === load<u64>(b) &&
    load<u64>(a, 8) === load<u64>(b, 8) &&
    load<u64>(a, 16) === load<u64>(b, 16) &&
    load<u64>(a, 24) === load<u64>(b, 24)
  );
}
