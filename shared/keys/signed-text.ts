import { SubforgeError } from "../errors.ts";
import type { Hotkey } from "../types.ts";
import { fromHex, toHex } from "./key-forms.ts";
import { fromAddress, isNobodysKey, type Keypair, verifyEd25519, verifySr25519 } from "./keypair.ts";

const HEX = /^0x([0-9a-fA-F]{2})*$/;
const SIGNATURE = /^0x[0-9a-fA-F]{128}$/;

/** What browser extensions put around a text before they sign it: no call of a chain begins so. */
const OPEN = Buffer.from("<Bytes>");
const CLOSE = Buffer.from("</Bytes>");

/** The bytes that the Python tools take a text for: hex after `0x`, UTF-8 otherwise. */
export function bytesOfText(text: string): Uint8Array {
  return HEX.test(text) ? fromHex(text) : Buffer.from(text);
}

/**
 * Sign a text, so that others see who holds a key. Given as hex it is signed in its wrapper only: bare bytes could be a
 * call of the chain that somebody wants signed.
 *
 * @returns `0x` and 128 hex digits, which btcli verifies too
 */
export function signText(text: string, keypair: Keypair): string {
  const bytes = bytesOfText(text);
  return toHex(keypair.sign(HEX.test(text) ? wrapped(bytes) : bytes));
}

/**
 * Is this the signature of the text by the holder of the address, bare or in the wrapper of browser extensions?
 *
 * @throws SubforgeError WALLET_BAD_ADDRESS, WALLET_BAD_SIGNATURE
 */
export function verifyText(text: string, signature: string, address: Hotkey): boolean {
  const publicKey = fromAddress(address);
  if (!publicKey) throw new SubforgeError("WALLET_BAD_ADDRESS", { given: address });
  if (!SIGNATURE.test(signature)) throw new SubforgeError("WALLET_BAD_SIGNATURE", {});
  if (isNobodysKey(publicKey)) return false;
  const bytes = bytesOfText(text);
  return [bytes, wrapped(bytes)].some((message) =>
    [verifySr25519, verifyEd25519].some((verify) => verify(message, fromHex(signature), publicKey)),
  );
}

function wrapped(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([OPEN, bytes, CLOSE]);
}
