import { createHash, timingSafeEqual } from "node:crypto";

const HASH_BYTES = 32;
const SALT_BYTES = 32;
const PUBLIC_KEY_BYTES = 32;

/** What a commitment is about: the exact bytes of an answer, 32 random bytes, whose answer it is, and to what. */
export type Opening = { reply: Uint8Array; salt: Uint8Array; minerPublicKey: Uint8Array; taskId: string };

/**
 * SHA-256(reply || salt || miner's public key || taskId), 32 bytes: fixes an answer without showing it. The miner and
 * the task are part of it, so a commitment copied from somebody else opens to nothing.
 */
export function commitTo({ reply, salt, minerPublicKey, taskId }: Opening): Uint8Array {
  return createHash("sha256").update(reply).update(salt).update(minerPublicKey).update(taskId).digest();
}

/** Is this what was committed to? Salt and key must have their length: otherwise bytes could move between the fields. */
export function opensCommitment(commitment: Uint8Array, opening: Opening): boolean {
  return (
    commitment.length === HASH_BYTES &&
    opening.salt.length === SALT_BYTES &&
    opening.minerPublicKey.length === PUBLIC_KEY_BYTES &&
    timingSafeEqual(commitment, commitTo(opening))
  );
}
