import { sr25519Verify } from "@polkadot/wasm-crypto";
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "./sr25519-instance.ts";

let isTold = false;

/**
 * What verifies where our own module cannot start: on a processor without vector instructions, or short of memory. Says
 * so once on stderr, with code SR25519_SLOW: everything works, at a third to a tenth of the speed.
 */
export function verifySlowly(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (!isTold) {
    isTold = true;
    process.emitWarning("signatures are verified slowly: our own WebAssembly module does not start here", {
      code: "SR25519_SLOW",
    });
  }
  return verifyByWasmCrypto(message, signature, publicKey);
}

/** The same verdicts. Never throws. */
export function verifyByWasmCrypto(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false;
  try {
    return sr25519Verify(signature, message, publicKey);
  } catch {
    return false; // it throws on bytes that are no signature or no curve point
  }
}
