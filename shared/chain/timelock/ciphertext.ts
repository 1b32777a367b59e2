import { randomBytes } from "node:crypto";
import { gcm } from "@noble/ciphers/aes.js";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Beacon, type G2Point, parseG1, parseG2, roundPoint } from "./beacon.ts";
import { fp12ToBytes } from "./fp12-bytes.ts";

/*
 * Identity-based encryption to a future round of a beacon (BF-IBE FullIdent on BLS12-381) around AES-256-GCM, laid out
 * as the chain's timelock library does: compressed U, then V, W and the body, each with a length of eight bytes. Later
 * releases of that library leave out the lengths of V and W; the chain cannot read those.
 */

const POINT_BYTES = 96;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LENGTH_BYTES = 8;
/** Names the cipher, and ends every ciphertext. */
const SUITE = new TextEncoder().encode("AES_GCM_");

/** How much longer a ciphertext is than what is in it. */
export const TIMELOCK_OVERHEAD_BYTES = 244;

const { Fr } = bls12_381.fields;

/** What encryption draws. For known answers in tests; never twice for two messages. */
export type TimelockRandomness = {
  /** Key of the inner cipher, 32 bytes. */
  key: Uint8Array;
  /** Hides the key, 32 bytes. */
  sigma: Uint8Array;
  /** 12 bytes. */
  nonce: Uint8Array;
};

/** `malformed`: no ciphertext of this kind. `wrong-round`: this signature does not open it. `damaged`: it was changed. */
export type Opened =
  | { ok: true; plaintext: Uint8Array }
  | { ok: false; reason: "malformed" | "wrong-round" | "damaged" };

type Ciphertext = { u: G2Point; v: Uint8Array; w: Uint8Array; body: Uint8Array; nonce: Uint8Array };

/**
 * Encrypt so that anybody can read it once the beacon has published a round.
 *
 * @throws RangeError when the beacon's public key is no point of its group
 */
export function timelockEncrypt(
  plaintext: Uint8Array,
  round: number,
  beacon: Pick<Beacon, "publicKey">,
  randomness: TimelockRandomness = draw(),
): Uint8Array {
  const publicKey = parseG2(beacon.publicKey);
  if (!publicKey) throw new RangeError("the beacon's public key is no point in G2");
  const { key, sigma, nonce } = randomness;
  const scalar = scalarOf(sigma, key);
  const shared = bls12_381.pairing(roundPoint(round), publicKey.multiply(scalar));
  const sealed = gcm(key, nonce).encrypt(plaintext);
  const body = Buffer.concat([...withLength(sealed), ...withLength(nonce)]);
  return Uint8Array.from(
    Buffer.concat([
      bls12_381.G2.Point.BASE.multiply(scalar).toBytes(true),
      ...withLength(xor(sigma, sha256(fp12ToBytes(shared)))),
      ...withLength(xor(key, sha256(sigma))),
      ...withLength(body),
      ...withLength(SUITE),
    ]),
  );
}

/** Read what was encrypted to the round of this signature. @param signature - compressed G1 point */
export function timelockDecrypt(bytes: Uint8Array, signature: Uint8Array): Opened {
  const ciphertext = parseCiphertext(bytes);
  const point = parseG1(signature);
  if (!ciphertext) return { ok: false, reason: "malformed" };
  if (!point) return { ok: false, reason: "wrong-round" };
  const shared = bls12_381.pairing(point, ciphertext.u);
  const sigma = xor(ciphertext.v, sha256(fp12ToBytes(shared)));
  const key = xor(ciphertext.w, sha256(sigma));
  const scalar = scalarOf(sigma, key);
  if (scalar === 0n || !bls12_381.G2.Point.BASE.multiply(scalar).equals(ciphertext.u)) {
    return { ok: false, reason: "wrong-round" };
  }
  try {
    return { ok: true, plaintext: gcm(key, ciphertext.nonce).decrypt(ciphertext.body) };
  } catch {
    return { ok: false, reason: "damaged" };
  }
}

/** The parts of a ciphertext, undefined for anything else. What follows the name of the cipher is ignored. */
export function parseCiphertext(bytes: Uint8Array): Ciphertext | undefined {
  const u = parseG2(bytes.subarray(0, POINT_BYTES));
  const rest = bytes.subarray(POINT_BYTES);
  const [v, afterV] = takeVector(rest);
  const [w, afterW] = takeVector(afterV);
  const [outer, afterBody] = takeVector(afterW);
  const [body, afterSealed] = takeVector(outer);
  const [nonce] = takeVector(afterSealed);
  const [suite] = takeVector(afterBody);
  if (!u || v?.length !== KEY_BYTES || w?.length !== KEY_BYTES || nonce?.length !== NONCE_BYTES)
    return undefined;
  if (!body || body.length < TAG_BYTES || !suite || Buffer.compare(suite, SUITE) !== 0) return undefined;
  return { u, v, w, body, nonce };
}

function draw(): TimelockRandomness {
  return { key: randomBytes(KEY_BYTES), sigma: randomBytes(KEY_BYTES), nonce: randomBytes(NONCE_BYTES) };
}

function scalarOf(sigma: Uint8Array, key: Uint8Array): bigint {
  const digest = sha256(Buffer.concat([sigma, key]));
  return Fr.create(BigInt(`0x${Buffer.from(digest).toString("hex")}`));
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]!);
}

function withLength(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return [length, bytes];
}

/** A byte vector behind its length, and what follows it. */
function takeVector(bytes: Uint8Array | undefined): [Uint8Array | undefined, Uint8Array | undefined] {
  if (!bytes || bytes.length < LENGTH_BYTES) return [undefined, undefined];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = BigInt(LENGTH_BYTES) + view.getBigUint64(0, true);
  if (end > BigInt(bytes.length)) return [undefined, undefined];
  return [bytes.subarray(LENGTH_BYTES, Number(end)), bytes.subarray(Number(end))];
}
