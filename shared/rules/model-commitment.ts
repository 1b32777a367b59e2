import { decode, encode } from "cborg";
import { z } from "zod";
import { isModelUri } from "./model-uri.ts";

/*
 * Which model a miner serves, said on chain before anybody is asked: one version byte, one kind byte, a CBOR map, 512 bytes
 * at most, as the largest field of a commitment takes. A short address fits into the 128 bytes that every client can write.
 */

const VERSION = 1;
const KIND_MODEL = 2;
const MAX_BYTES = 512;
const HASH_BYTES = 32;

export type ModelCommitment = {
  /** Of the file, 64 lower-case digits. */
  sha256: string;
  /** Bytes. */
  size: number;
  /** `axon:`, or https. Somebody else's text: check it before it is called, and never print it as it is. */
  uri: string;
};

const schema = z.strictObject({
  h: z.instanceof(Uint8Array).refine((value) => value.length === HASH_BYTES),
  n: z.int().min(1),
  u: z.string().refine(isModelUri),
});

/** @throws RangeError for what `parseModelCommitment` would not read */
export function toModelCommitment({ sha256, size, uri }: ModelCommitment): Uint8Array {
  const map = { h: new Uint8Array(Buffer.from(sha256, "hex")), n: size, u: uri };
  if (!schema.safeParse(map).success) throw new RangeError(`no model commitment: ${sha256}, ${size}, ${uri}`);
  return Uint8Array.from([VERSION, KIND_MODEL, ...encode(map)]);
}

/** Total. @returns undefined for anything that is no model commitment: others use the same place. */
export function parseModelCommitment(data: Uint8Array): ModelCommitment | undefined {
  if (data.length > MAX_BYTES || data[0] !== VERSION || data[1] !== KIND_MODEL) return undefined;
  try {
    const { h, n, u } = schema.parse(decode(data.subarray(2), { strict: true }));
    return { sha256: Buffer.from(h).toString("hex"), size: n, uri: u };
  } catch {
    return undefined;
  }
}
