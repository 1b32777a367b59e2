import { createHash } from "node:crypto";
import type { Hotkey } from "../types.ts";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const KEY_BYTES = 32;
/** One byte of prefix before the key, two of checksum behind it. */
const ADDRESS_BYTES = 1 + KEY_BYTES + 2;

/**
 * The 32 bytes that stand for a miner in a commitment: the public key in its address. For what is no address, as the
 * names of miners in a simulation are not, the hash of the name. An address of the chain has its checksum already checked.
 */
export function minerKey(hotkey: Hotkey): Uint8Array {
  const bytes = fromBase58(hotkey);
  if (bytes?.length === ADDRESS_BYTES) return bytes.slice(1, 1 + KEY_BYTES);
  return createHash("sha256").update(hotkey).digest();
}

function fromBase58(text: string): Uint8Array | undefined {
  let value = 0n;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0 || text.length > 64) return undefined;
    value = value * 58n + BigInt(digit);
  }
  const hex = value.toString(16);
  return new Uint8Array(Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex"));
}
