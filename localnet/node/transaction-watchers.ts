import type { Hex } from "../../shared/types.ts";
import { Listeners } from "./listeners.ts";

/** What became of a submitted transaction, as `author_extrinsicUpdate` says it. */
export type TransactionStatus =
  | "future"
  | "ready"
  | "dropped"
  | "invalid"
  | { inBlock: Hex }
  | { retracted: Hex }
  | { finalityTimeout: Hex }
  | { finalized: Hex }
  | { usurped: Hex };

export type Watcher = (status: TransactionStatus) => void;

/** Who waits for news of which transaction. After the last news nobody does. */
export class TransactionWatchers {
  readonly #byHash = new Map<Hex, Listeners<TransactionStatus>>();

  /** Transactions that somebody waits for. */
  get size(): number {
    return this.#byHash.size;
  }

  add(hash: Hex, listener: Watcher): void {
    const listeners = this.#byHash.get(hash) ?? new Listeners<TransactionStatus>();
    this.#byHash.set(hash, listeners);
    listeners.add(listener);
  }

  remove(hash: Hex, listener: Watcher): void {
    const listeners = this.#byHash.get(hash);
    listeners?.remove(listener);
    if (listeners?.size === 0) this.#byHash.delete(hash);
  }

  tell(hash: Hex, status: TransactionStatus): void {
    const listeners = this.#byHash.get(hash);
    if (listeners === undefined) return;
    if (isLast(status)) this.#byHash.delete(hash);
    listeners.emit(status);
  }

  /** Nothing more will be said. */
  forget(hash: Hex): void {
    this.#byHash.delete(hash);
  }
}

function isLast(status: TransactionStatus): boolean {
  if (typeof status === "object") return !("inBlock" in status) && !("retracted" in status);
  return status === "dropped" || status === "invalid";
}
