import { type Opened, timelockDecrypt } from "../../../shared/chain/timelock/ciphertext.ts";
import { blake2b256 } from "../../state/hashing.ts";
import type { Reader } from "../../state/store.ts";
import { bytesToHex } from "../../types/hex.ts";
import { signaturesOf } from "./drand/pulses.ts";

/** Opening takes tens of milliseconds, and what does not open is tried again in each block until it expires. */
const opened = new Map<string, Opened>();
const MAX_OPENED = 1_024;

/**
 * Try to read what was encrypted to a round.
 *
 * @returns "wait" while it may open later; undefined when it never will
 */
export function readTimelocked(
  s: Reader,
  ciphertext: Uint8Array,
  round: bigint,
): Uint8Array | "wait" | undefined {
  const known = signaturesOf(s, round);
  if (!known) return "wait";
  const attempts = known.signatures.map((signature) => open(ciphertext, signature));
  const success = attempts.find((attempt) => attempt.ok);
  if (success?.ok) return success.plaintext;
  const isOfOtherBeacon = attempts.every((attempt) => !attempt.ok && attempt.reason === "wrong-round");
  return isOfOtherBeacon && !known.isFinal ? "wait" : undefined;
}

function open(ciphertext: Uint8Array, signature: Uint8Array): Opened {
  const key = bytesToHex(blake2b256(Buffer.concat([signature, ciphertext])));
  const before = opened.get(key);
  if (before) return before;
  if (opened.size >= MAX_OPENED) opened.clear();
  const result = timelockDecrypt(ciphertext, signature);
  opened.set(key, result);
  return result;
}
