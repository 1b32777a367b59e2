import { Sr25519Verifier, type WindowBits } from "./verifier.ts";

/** @returns undefined where the compiled module cannot run; `verifySlowly` is what remains then. */
export function openVerifier(baseBits: WindowBits, windowBits: WindowBits): Sr25519Verifier | undefined {
  try {
    return new Sr25519Verifier(baseBits, windowBits);
  } catch {
    return undefined;
  }
}
