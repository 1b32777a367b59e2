import type { Hex } from "../../shared/types.ts";

export function bytesToHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

/**
 * @param text - With or without `0x`: some clients send it bare.
 * @throws TypeError when it is no hex, or has an odd number of digits
 */
export function hexToBytes(text: string): Uint8Array {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  const bytes = new Uint8Array(Buffer.from(digits, "hex"));
  // Buffer.from stops silently at the first character that is no digit.
  if (bytes.length * 2 !== digits.length) throw new TypeError(`${text.slice(0, 80)} is no hex`);
  return bytes;
}
