import type { Hotkey } from "../../types.ts";
import type { SignedCall } from "../chain.ts";

/** Calls of one key that are remembered; a key with more open ones waits for blocks anyway. */
const MAX_OPEN = 64;

/**
 * What is known of a signed call: signed and not sent (`reserved`), taken by a pool (`submitted`), sent without an
 * answer (`ambiguous`), in a block (`included`).
 */
export type NonceState = "reserved" | "submitted" | "ambiguous" | "included";

type OpenCall = { call: SignedCall; state: NonceState };

/**
 * Which nonces of which key are in use by this process. The chain's own count is the truth; this only keeps two calls
 * that are not in a pool yet from getting the same one, and remembers whose fate is open. Pure.
 */
export class NonceBook {
  readonly #open = new Map<Hotkey, Map<number, OpenCall>>();

  /**
   * The nonce for the next call. One whose call was signed and never left, or left without an answer and is in no block
   * and no pool, is used again: a gap would block all later ones, and of two calls with one nonce the chain takes one.
   *
   * @param next - What the chain says: one past everything in its blocks and its pool.
   */
  next(signer: Hotkey, next: number): number {
    const open = this.#open.get(signer);
    if (!open) return next;
    for (const [nonce, { state }] of open) {
      if (nonce < next || state !== "submitted") open.delete(nonce);
    }
    let nonce = next;
    while (open.has(nonce)) nonce++;
    return nonce;
  }

  set(call: SignedCall, state: NonceState): void {
    const open = this.#open.get(call.signer) ?? new Map<number, OpenCall>();
    this.#open.set(call.signer, open);
    if (state === "included") open.delete(call.nonce);
    else open.set(call.nonce, { call, state });
    const [oldest] = open.keys();
    if (open.size > MAX_OPEN && oldest !== undefined) open.delete(oldest);
    if (open.size === 0) this.#open.delete(call.signer);
  }

  /** The pool refused it, its era is over, or somebody else used its nonce. */
  forget({ signer, nonce, extrinsicHash }: SignedCall): void {
    const open = this.#open.get(signer);
    if (open?.get(nonce)?.call.extrinsicHash !== extrinsicHash) return;
    open.delete(nonce);
    if (open.size === 0) this.#open.delete(signer);
  }

  stateOf({ signer, nonce, extrinsicHash }: SignedCall): NonceState | undefined {
    const entry = this.#open.get(signer)?.get(nonce);
    return entry?.call.extrinsicHash === extrinsicHash ? entry.state : undefined;
  }
}
