import type { IField } from "@noble/curves/abstract/modular.js";
import type { Fp2, Fp6, Fp12 } from "@noble/curves/abstract/tower.js";
import type { WeierstrassPoint, WeierstrassPointCons } from "@noble/curves/abstract/weierstrass.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";

/*
 * Curve values as arkworks writes them for calls between runtime and host: field elements little-endian, the real part
 * first; affine points big-endian with the flags of the IETF draft; projective points as three Jacobian coordinates.
 * Source: w3f/ark-scale with usage HOST_CALL, arkworks ark-bls12-381.
 */

const FP_BYTES = 48;

/** One of the two source groups of the pairing. */
export type Group<F> = {
  Point: WeierstrassPointCons<F>;
  field: IField<F>;
  /** Of an affine point, uncompressed. */
  pointBytes: number;
  coordinateBytes: number;
  read(bytes: Uint8Array): F;
  write(value: F): Uint8Array;
};

export const G1: Group<bigint> = {
  Point: bls12_381.G1.Point,
  field: bls12_381.fields.Fp,
  pointBytes: 2 * FP_BYTES,
  coordinateBytes: FP_BYTES,
  read: toInteger,
  write: fpBytes,
};

export const G2: Group<Fp2> = {
  Point: bls12_381.G2.Point,
  field: bls12_381.fields.Fp2,
  pointBytes: 4 * FP_BYTES,
  coordinateBytes: 2 * FP_BYTES,
  read: readFp2,
  write: fp2Bytes,
};

/** A vector of items of one size behind a u64 length. @throws RangeError when it is not exactly that */
export function readVector(bytes: Uint8Array, itemBytes: number, max: number): Uint8Array[] {
  const length = bytes.length < 8 ? -1 : Number(Buffer.from(bytes).readBigUInt64LE(0));
  if (length < 0 || length > max || bytes.length !== 8 + length * itemBytes)
    throw new RangeError("no vector of that kind");
  return Array.from({ length }, (_, i) => bytes.slice(8 + i * itemBytes, 8 + (i + 1) * itemBytes));
}

/** Little-endian, of any length. */
export function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).reverse().toString("hex")}`);
}

/** @throws RangeError for another length */
export function readJacobian<F>(group: Group<F>, bytes: Uint8Array): WeierstrassPoint<F> {
  const { field, coordinateBytes: size, Point } = group;
  if (bytes.length !== 3 * size) throw new RangeError("no projective point");
  const [x, y, z] = [0, 1, 2].map((i) => group.read(bytes.subarray(i * size, (i + 1) * size))) as [F, F, F];
  if (field.is0(z)) return Point.ZERO;
  const inverse = field.inv(z);
  const square = field.sqr(inverse);
  return Point.fromAffine({ x: field.mul(x, square), y: field.mul(y, field.mul(square, inverse)) });
}

export function writeJacobian<F>({ field, write }: Group<F>, point: WeierstrassPoint<F>): Uint8Array {
  if (point.is0()) return Buffer.concat([write(field.ONE), write(field.ONE), write(field.ZERO)]);
  const { x, y } = point.toAffine();
  return Buffer.concat([write(x), write(y), write(field.ONE)]);
}

/** An element of the pairing's target field: 576 bytes. @throws RangeError for another length */
export function readTarget(bytes: Uint8Array): Fp12 {
  if (bytes.length !== 12 * FP_BYTES) throw new RangeError("no element of the target field");
  const fp2 = (i: number) => readFp2(bytes.subarray(i * 2 * FP_BYTES, (i + 1) * 2 * FP_BYTES));
  const fp6 = (i: number): Fp6 => ({ c0: fp2(i), c1: fp2(i + 1), c2: fp2(i + 2) });
  return { c0: fp6(0), c1: fp6(3) };
}

export function writeTarget({ c0, c1 }: Fp12): Uint8Array {
  return Buffer.concat([c0, c1].flatMap((part) => [part.c0, part.c1, part.c2].map(fp2Bytes)));
}

function readFp2(bytes: Uint8Array): Fp2 {
  return { c0: toInteger(bytes.subarray(0, FP_BYTES)), c1: toInteger(bytes.subarray(FP_BYTES)) };
}

function fp2Bytes({ c0, c1 }: Fp2): Uint8Array {
  return Buffer.concat([fpBytes(c0), fpBytes(c1)]);
}

function fpBytes(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * FP_BYTES, "0"), "hex").reverse();
}
