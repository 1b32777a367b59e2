import { blake2AsU8a, xxhashAsU8a } from "@polkadot/util-crypto";
import type { Hex } from "../../shared/types.ts";
import { bytesToHex } from "../types/hex.ts";

const encoder = new TextEncoder();

export function blake2b256(bytes: Uint8Array): Uint8Array {
  return blake2AsU8a(bytes, 256);
}

export function blake2b128(bytes: Uint8Array): Uint8Array {
  return blake2AsU8a(bytes, 128);
}

export function twox64(bytes: Uint8Array): Uint8Array {
  return xxhashAsU8a(bytes, 64);
}

function twox128(text: string): Uint8Array {
  return xxhashAsU8a(encoder.encode(text), 128);
}

/** What all keys of one storage item begin with: twox128(pallet) and twox128(item). */
export function storagePrefix(pallet: string, item: string): Hex {
  return bytesToHex(Buffer.concat([twox128(pallet), twox128(item)]));
}
