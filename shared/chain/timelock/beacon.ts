import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";

/** Ciphersuite of hashing to G1, RFC 9380. */
const DST = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const G1_BYTES = 48;
const G2_BYTES = 96;

/**
 * A randomness beacon as a chain knows it: it signs the number of each round, one round per period. Who has a round's
 * signature can open what was encrypted to that round.
 */
export type Beacon = {
  /** Compressed G2 point, 96 bytes. */
  publicKey: Uint8Array;
  /** Unix seconds at which round 1 appeared. */
  genesisSeconds: number;
  /** Seconds between rounds. */
  periodSeconds: number;
};

/** What a beacon publishes at a round. */
export type Pulse = {
  round: number;
  /** Compressed G1 point, 48 bytes. */
  signature: Uint8Array;
};

/** The public network that the real chain listens to: drand quicknet, scheme bls-unchained-g1-rfc9380. */
export const QUICKNET: Beacon = {
  publicKey: Uint8Array.from(
    Buffer.from(
      "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
      "hex",
    ),
  ),
  genesisSeconds: 1_692_803_367,
  periodSeconds: 3,
};

export type G1Point = InstanceType<typeof bls12_381.G1.Point>;
export type G2Point = InstanceType<typeof bls12_381.G2.Point>;

/** The round that was published last at this time, 0 before the first. @param seconds - Unix time */
export function roundAt({ genesisSeconds, periodSeconds }: Beacon, seconds: number): number {
  return Math.max(0, Math.floor((seconds - genesisSeconds) / periodSeconds) + 1);
}

/** When a round appears, unix seconds. */
export function secondsOfRound({ genesisSeconds, periodSeconds }: Beacon, round: number): number {
  return genesisSeconds + (round - 1) * periodSeconds;
}

/** SHA-256 of the round as eight bytes, big-endian: what the beacon signs, and the identity one encrypts to. */
export function roundMessage(round: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(round));
  return sha256(bytes);
}

/** The point of a round that is multiplied by the beacon's secret. */
export function roundPoint(round: number): G1Point {
  return bls12_381.G1.hashToCurve(roundMessage(round), { DST }) as G1Point;
}

/** @param secret - 1..group order, exclusive */
export function signRound(round: number, secret: bigint): Pulse {
  return { round, signature: roundPoint(round).multiply(secret).toBytes(true) };
}

/** Did this beacon publish this pulse? False for anything that is no pulse, too. */
export function verifyPulse(beacon: Pick<Beacon, "publicKey">, { round, signature }: Pulse): boolean {
  const point = parseG1(signature);
  const key = parseG2(beacon.publicKey);
  if (!point || !key || !Number.isSafeInteger(round) || round < 1) return false;
  const { Fp12 } = bls12_381.fields;
  const signed = bls12_381.pairing(point, bls12_381.G2.Point.BASE);
  return Fp12.eql(signed, bls12_381.pairing(roundPoint(round), key));
}

/** SHA-256 of the signature. */
export function randomnessOf({ signature }: Pulse): Uint8Array {
  return sha256(signature);
}

/** @returns undefined for bytes that are no point of the group, and for the point at infinity */
export function parseG1(bytes: Uint8Array): G1Point | undefined {
  return bytes.length === G1_BYTES
    ? inGroup(() => bls12_381.G1.Point.fromBytes(bytes) as G1Point)
    : undefined;
}

/** @returns undefined for bytes that are no point of the group, and for the point at infinity */
export function parseG2(bytes: Uint8Array): G2Point | undefined {
  return bytes.length === G2_BYTES
    ? inGroup(() => bls12_381.G2.Point.fromBytes(bytes) as G2Point)
    : undefined;
}

function inGroup<P extends G1Point | G2Point>(parse: () => P): P | undefined {
  try {
    const point = parse();
    point.assertValidity(); // on the curve, in the subgroup, not infinity
    return point;
  } catch {
    return undefined;
  }
}
