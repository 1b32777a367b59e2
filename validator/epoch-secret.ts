import { createHash, createHmac } from "node:crypto";
import { decode, encode } from "cborg";
import { z } from "zod";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Hex, Netuid } from "../shared/types.ts";

/*
 * A validator's questions depend on a secret of the epoch that miners must not know, and that the validator must not
 * have chosen to please anybody. So its hash is on chain before the epoch's first block, the beacon comes from that
 * block, and the secret is disclosed when the epoch is over.
 *
 * On chain: one version byte, one kind byte, a CBOR map of at most 126 bytes, so that it fits the smallest data field.
 */

const VERSION = 1;
const KIND_EPOCH_SECRET = 1;
const MAX_BYTES = 128;
const BEACON_DOMAIN = "subforge/beacon/1";
const MECHANISM_DOMAIN = "subforge/mechanism/1";

const bytes32 = z.instanceof(Uint8Array).refine((value) => value.length === 32);
const schema = z.strictObject({
  /** Epoch that the hash is for. */
  e: z.int().min(0),
  h: bytes32,
  /** A finished epoch and its secret. */
  d: z.int().min(0).optional(),
  s: bytes32.optional(),
});

export type SecretCommitment = {
  epoch: number;
  /** SHA-256 of the secret. */
  hash: Uint8Array;
  disclosed?: { epoch: number; secret: Uint8Array };
};

/** The same at each call: nothing has to be stored, and a restored validator knows what it committed to. */
export function epochSecret(signer: Keypair, genesis: Hex, netuid: Netuid, epoch: number): Uint8Array {
  return signer.deriveSecret(`epoch/${genesis}/${netuid}/${epoch}`);
}

/**
 * What the template of one mechanism gets of the secret that is committed for all mechanisms of a subnet. The main one
 * gets the secret itself; nobody who knows another one's can find the main one's.
 */
export function mechanismSecret(secret: Uint8Array, mechanism: number): Uint8Array {
  if (mechanism === 0) return secret;
  const derived = createHmac("sha256", secret).update(`${MECHANISM_DOMAIN}/${mechanism}`).digest();
  return new Uint8Array(derived);
}

export function secretHash(secret: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(secret).digest());
}

/** Public randomness that nobody knew before this block. */
export function beaconOf(blockHash: Hex): Uint8Array {
  const hash = createHash("sha256")
    .update(BEACON_DOMAIN)
    .update(Buffer.from(blockHash.slice(2), "hex"));
  return new Uint8Array(hash.digest());
}

export function encodeCommitment({ epoch, hash, disclosed }: SecretCommitment): Uint8Array {
  const map = { e: epoch, h: hash, ...(disclosed ? { d: disclosed.epoch, s: disclosed.secret } : {}) };
  return Uint8Array.from([VERSION, KIND_EPOCH_SECRET, ...encode(map)]);
}

/** @returns undefined for anything that is no such commitment: others use the same place. */
export function decodeCommitment(data: Uint8Array): SecretCommitment | undefined {
  if (data.length > MAX_BYTES || data[0] !== VERSION || data[1] !== KIND_EPOCH_SECRET) return undefined;
  try {
    const { e, h, d, s } = schema.parse(decode(data.subarray(2), { strict: true }));
    if ((d === undefined) !== (s === undefined)) return undefined;
    return { epoch: e, hash: h, ...(d !== undefined && s ? { disclosed: { epoch: d, secret: s } } : {}) };
  } catch {
    return undefined;
  }
}
