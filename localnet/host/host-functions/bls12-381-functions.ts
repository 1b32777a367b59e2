import type { WeierstrassPoint } from "@noble/curves/abstract/weierstrass.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { compact, type Span } from "../guest-memory.ts";
import type { HostCall, HostFunctions } from "../host-call.ts";
import {
  G1,
  G2,
  type Group,
  readJacobian,
  readTarget,
  readVector,
  toInteger,
  writeJacobian,
  writeTarget,
} from "./arkworks-codec.ts";

/** Points of one call at most: a multiplication of so many takes seconds here. */
const MAX_POINTS = 256;

/** Limbs of 64 bits in one factor at most. */
const MAX_LIMBS = 16;

type Operation = (a: Uint8Array, b: Uint8Array) => Uint8Array;

/** Curve arithmetic for drand pulses. Slow beside a native host, and asked for once per pulse. */
export function bls12381Functions({ memory }: HostCall): HostFunctions {
  const answer = (work: () => Uint8Array): Span => {
    try {
      const bytes = work();
      return memory.give(Buffer.concat([Uint8Array.of(0), compact(bytes.length), bytes]));
    } catch {
      return memory.give(Uint8Array.of(1)); // Err(()): bytes that are no point, or no field element
    }
  };
  const of = (operation: Operation) => (a: Span, b: Span) =>
    answer(() => operation(memory.read(a), memory.read(b)));
  return {
    ext_host_calls_bls12_381_multi_miller_loop_version_1: of(multiMillerLoop),
    ext_host_calls_bls12_381_final_exponentiation_version_1: (target: Span) =>
      answer(() => finalExponentiation(memory.read(target))),
    ext_host_calls_bls12_381_mul_projective_g1_version_1: of(multiply(G1)),
    ext_host_calls_bls12_381_mul_projective_g2_version_1: of(multiply(G2)),
    ext_host_calls_bls12_381_msm_g1_version_1: of(sumOfProducts(G1)),
    ext_host_calls_bls12_381_msm_g2_version_1: of(sumOfProducts(G2)),
  };
}

/** As arkworks: the shorter list decides, and a pair with the point at infinity is left out. */
function multiMillerLoop(first: Uint8Array, second: Uint8Array): Uint8Array {
  const { Fp12 } = bls12_381.fields;
  const a = readVector(first, G1.pointBytes, MAX_POINTS).map((bytes) => G1.Point.fromBytes(bytes));
  const b = readVector(second, G2.pointBytes, MAX_POINTS).map((bytes) => G2.Point.fromBytes(bytes));
  let product = Fp12.ONE;
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i]!.is0() || b[i]!.is0()) continue;
    product = Fp12.mul(product, bls12_381.pairing(a[i]!, b[i]!, false));
  }
  return writeTarget(product);
}

function finalExponentiation(target: Uint8Array): Uint8Array {
  return writeTarget(bls12_381.fields.Fp12.finalExponentiate(readTarget(target)));
}

function multiply<F>(group: Group<F>): Operation {
  return (base, factor) => {
    const limbs = Buffer.concat(readVector(factor, 8, MAX_LIMBS));
    return writeJacobian(group, product(group, readJacobian(group, base), toInteger(limbs)));
  };
}

function sumOfProducts<F>(group: Group<F>): Operation {
  return (bases, factors) => {
    const { Point, pointBytes } = group;
    const points = readVector(bases, pointBytes, MAX_POINTS).map((bytes) => Point.fromBytes(bytes));
    const by = readVector(factors, 32, MAX_POINTS).map(toInteger);
    if (points.length !== by.length) throw new RangeError("as many points as factors");
    const sum = points.reduce((so, point, i) => so.add(product(group, point, by[i]!)), Point.ZERO);
    return writeJacobian(group, sum);
  };
}

/** Not by the library's own product: clearing a cofactor takes points and factors outside the prime-order group. */
function product<F>({ Point }: Group<F>, point: WeierstrassPoint<F>, by: bigint): WeierstrassPoint<F> {
  let sum = Point.ZERO;
  let doubled = point;
  for (let rest = by; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = sum.add(doubled);
    doubled = doubled.double();
  }
  return sum;
}
