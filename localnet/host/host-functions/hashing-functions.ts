import { createHash } from "node:crypto";
import { keccak_256, keccak_512 } from "@noble/hashes/sha3.js";
import { xxhashAsU8a } from "@polkadot/util-crypto";
import { blake2b128, blake2b256, twox64 } from "../../state/hashing.ts";
import type { Span } from "../guest-memory.ts";
import type { HostCall, HostFunctions } from "../host-call.ts";

/** Hashes by their name in the interface: bytes in, a digest of fixed length out. */
const HASHES: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  blake2_128: blake2b128,
  blake2_256: blake2b256,
  twox_64: twox64,
  twox_128: (bytes) => xxhashAsU8a(bytes, 128),
  twox_256: (bytes) => xxhashAsU8a(bytes, 256),
  keccak_256,
  keccak_512,
  sha2_256: (bytes) => createHash("sha256").update(bytes).digest(),
};

export function hashingFunctions({ memory }: HostCall): HostFunctions {
  return Object.fromEntries(
    Object.entries(HASHES).map(([name, hash]) => [
      `ext_hashing_${name}_version_1`,
      (data: Span) => memory.place(hash(memory.read(data))),
    ]),
  );
}
