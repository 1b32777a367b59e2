import { blake2b } from "@noble/hashes/blake2.js";
import { z } from "zod";
import type { Hex } from "../../types.ts";
import type { BlockHead } from "../chain.ts";

/** Digest items of a real block: three or four. */
const MAX_LOGS = 64;

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const bytes = z.string().regex(/^0x([0-9a-f]{2})*$/);
const schema = z.object({
  parentHash: hash,
  number: z.string().regex(/^0x[0-9a-f]{1,8}$/),
  stateRoot: hash,
  extrinsicsRoot: hash,
  digest: z.object({ logs: z.array(bytes).max(MAX_LOGS) }),
});

/**
 * A header as JSON-RPC tells it, with its hash, which is not told but follows from it.
 *
 * @returns undefined when it is no header.
 */
export function parseHeader(answer: unknown): BlockHead | undefined {
  const parsed = schema.safeParse(answer);
  if (!parsed.success) return undefined;
  const { parentHash, stateRoot, extrinsicsRoot, digest } = parsed.data;
  const number = Number(parsed.data.number);
  const encoded = Buffer.concat([
    fromHex(parentHash),
    compact(number),
    fromHex(stateRoot),
    fromHex(extrinsicsRoot),
    compact(digest.logs.length),
    ...digest.logs.map(fromHex),
  ]);
  return { number, hash: hashOf(encoded), parentHash: parentHash as Hex };
}

/** BLAKE2b-256: of a header, its block's hash; of an extrinsic with its length, its own. */
export function hashOf(data: Uint8Array): Hex {
  return `0x${Buffer.from(blake2b(data, { dkLen: 32 })).toString("hex")}`;
}

function fromHex(hex: string): Uint8Array {
  return Buffer.from(hex.slice(2), "hex");
}

/** SCALE: two low bits say how wide the number is. */
function compact(value: number): Uint8Array {
  if (value < 1 << 6) return Uint8Array.of(value << 2);
  const buffer = Buffer.alloc(5);
  if (value < 1 << 14) {
    buffer.writeUInt16LE((value << 2) | 1);
    return buffer.subarray(0, 2);
  }
  if (value < 2 ** 30) {
    buffer.writeUInt32LE(((value << 2) | 2) >>> 0);
    return buffer.subarray(0, 4);
  }
  buffer[0] = 3;
  buffer.writeUInt32LE(value, 1);
  return buffer;
}
