import { verify as scureVerify } from "@scure/sr25519";
import type { WindowBits } from "./sr25519-instance.ts";
import { Sr25519Verifier } from "./verifier.ts";
import { verifyByWasmCrypto } from "./verify-slowly.ts";

/* Test support: one signature, judged by every form of our verifier and by two that others wrote. */

const WINDOWS = [4, 5, 6, 7, 8] as const satisfies WindowBits[];

const verifiers = WINDOWS.map((windowBits) => new Sr25519Verifier(windowBits, windowBits));

/** How often each of the larger tests repeats: once in the suite, more by `SUBFORGE_SR25519_ROUNDS`. */
export const ROUNDS = Number(process.env.SUBFORGE_SR25519_ROUNDS ?? 1);

/** Every way we have: no table with each size of the generator's, and a table of each size. */
export function ourVerdicts(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean[] {
  return verifiers.flatMap((verifier) => {
    const without = verifier.verify(message, signature, publicKey);
    const table = verifier.buildTable(publicKey);
    if (table === undefined) return [without];
    const withTable = verifier.verify(message, signature, publicKey, table);
    verifier.dropTable(table);
    return [without, withTable];
  });
}

/** The cheapest of the above: no table, and one of 4 bits. */
export function ourQuickVerdicts(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean[] {
  const verifier = verifiers[0]!;
  const table = verifier.buildTable(publicKey);
  if (table === undefined) return [verifier.verify(message, signature, publicKey)];
  const withTable = verifier.verify(message, signature, publicKey, table);
  verifier.dropTable(table);
  return [verifier.verify(message, signature, publicKey), withTable];
}

/** schnorrkel itself, compiled from Rust, and an independent implementation in JavaScript. */
export function theirVerdicts(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean[] {
  return [verifyByWasmCrypto(message, signature, publicKey), byScure(message, signature, publicKey)];
}

function byScure(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return scureVerify(message, signature, publicKey);
  } catch {
    return false;
  }
}
