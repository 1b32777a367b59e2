import { randomInt } from "node:crypto";

/** Beyond this a receiver refuses a nonce as too far ahead, so a larger step back of the clock must be followed. */
const STEP_BACK_LIMIT_NS = 2_000_000_000n;

/**
 * The counter of one signer: each nonce is the clock, or one more than the last. Follows the clock back when that
 * steps back by more than two seconds.
 *
 * @param clockNs - Unix nanoseconds, as `unixNs` makes them.
 */
export function createNonceSource(clockNs: () => bigint = unixNs): () => bigint {
  let last = 0n;
  return () => {
    const now = clockNs();
    last = now > last || last - now > STEP_BACK_LIMIT_NS ? now : last + 1n;
    return last;
  };
}

/**
 * The clock in nanoseconds. A JavaScript clock has milliseconds: the six digits below are random, else two processes
 * with one hotkey collide on their first call in the same millisecond.
 */
export function unixNs(nowMs: number = Date.now()): bigint {
  return BigInt(Math.trunc(nowMs)) * 1_000_000n + BigInt(randomInt(1_000_000));
}
