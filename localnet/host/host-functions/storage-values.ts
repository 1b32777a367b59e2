import { compact } from "../guest-memory.ts";

/**
 * A SCALE vector with one more item, without decoding those before. What is no vector starts a new one, as in the
 * real host.
 */
export function appended(list: Uint8Array | undefined, item: Uint8Array): Uint8Array {
  const length = list && readCompact(list);
  if (list === undefined || length === undefined) return Buffer.concat([compact(1), item]);
  return Buffer.concat([compact(length.value + 1), list.subarray(length.bytes), item]);
}

/** What a runtime is told of a deletion: `AllRemoved(n)` or `SomeRemaining(n)`. */
export function killResult({ deleted, all }: { deleted: number; all: boolean }): Uint8Array {
  const result = Buffer.alloc(5, all ? 0 : 1);
  result.writeUInt32LE(deleted, 1);
  return result;
}

/** An `Option<u32>` as a limit: none is infinity. */
export function readLimit(bytes: Uint8Array): number {
  return bytes[0] === 1 && bytes.length === 5 ? Buffer.from(bytes).readUInt32LE(1) : Number.POSITIVE_INFINITY;
}

/** The length at the front of a SCALE vector, and the bytes it takes. @returns undefined for what is none */
export function readCompact(bytes: Uint8Array): { value: number; bytes: number } | undefined {
  const mode = bytes[0] === undefined ? 3 : bytes[0] & 3;
  const size = [1, 2, 4][mode];
  if (size === undefined || bytes.length < size) return undefined;
  return { value: Buffer.from(bytes.subarray(0, size)).readUIntLE(0, size) >>> 2, bytes: size };
}
