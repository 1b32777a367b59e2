import type { Hex, Hotkey } from "../../types.ts";

/**
 * One piece of work of a key after the other, also when one fails: what is signed in it has the next nonce, and is sent
 * before the next is signed.
 */
export class SenderLines {
  readonly #lines = new Map<Hotkey, Promise<unknown>>();

  /** Must not be called for the same key from within `work`. */
  async inTurn<T>(signer: Hotkey, work: () => Promise<T>): Promise<T> {
    const before = this.#lines.get(signer) ?? Promise.resolve();
    const mine = before.then(work);
    const done = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#lines.set(signer, done);
    try {
      return await mine;
    } finally {
      if (this.#lines.get(signer) === done) this.#lines.delete(signer);
    }
  }
}

const byGenesis = new Map<Hex, SenderLines>();

/** The lines of a chain, one set per process, whichever connection the calls go through. */
export function senderLinesOf(genesis: Hex): SenderLines {
  const lines = byGenesis.get(genesis) ?? new SenderLines();
  byGenesis.set(genesis, lines);
  return lines;
}
