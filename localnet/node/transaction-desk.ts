import type { BlockNumber, Hex } from "../../shared/types.ts";
import type { Validity } from "../engine.ts";
import { blake2b256 } from "../state/hashing.ts";
import { bytesToHex } from "../types/hex.ts";
import { Listeners } from "./listeners.ts";
import { poolError, RpcError } from "./rpc-error.ts";
import { type Added, type PooledTransaction, TransactionPool } from "./transaction-pool.ts";
import { TransactionWatchers, type Watcher } from "./transaction-watchers.ts";

/** A transaction whose branch or rules are gone, and what was said of it last. */
export type Uprooted = Pick<PooledTransaction, "hash" | "bytes"> & { told: "ready" | "future" | "retracted" };

export type TransactionDeskDeps = {
  /** Ask the rules of the next block. @throws RpcError 1002 for what is no transaction */
  validate: (bytes: Uint8Array) => Validity;
  head: () => BlockNumber;
};

/** Where transactions come in: they are checked, wait in the pool, and whoever watches them is told. */
export class TransactionDesk {
  readonly pool = new TransactionPool();
  readonly watchers = new TransactionWatchers();
  readonly onSubmitted = new Listeners<Hex>();
  readonly #deps: TransactionDeskDeps;

  constructor(deps: TransactionDeskDeps) {
    this.#deps = deps;
  }

  /**
   * Take a transaction into the pool.
   *
   * @param watch - Is told what becomes of it, from now on.
   * @returns its hash
   * @throws RpcError with the codes of the real pool
   */
  submit(bytes: Uint8Array, watch?: Watcher): Hex {
    const hash = bytesToHex(blake2b256(bytes));
    if (this.pool.has(hash)) throw poolError.alreadyImported(hash);
    const { replaced, promoted } = this.#enter(hash, bytes);
    if (watch) this.watchers.add(hash, watch);
    if (replaced) this.watchers.tell(replaced.hash, { usurped: hash });
    if (promoted.length === 0) this.watchers.tell(hash, "future");
    for (const entry of promoted) this.watchers.tell(entry.hash, "ready");
    this.onSubmitted.emit(hash);
    return hash;
  }

  /** Empty the pool for a change of branch or rules, which `enterAgain` follows. */
  takeWaiting(): Uprooted[] {
    const waiting = this.pool.all().map(({ hash, bytes, ready }) => {
      return { hash, bytes, told: ready ? ("ready" as const) : ("future" as const) };
    });
    this.pool.clear();
    return waiting;
  }

  /** Check transactions anew, those that were in a block first: others build on them. Who watches hears of a change. */
  enterAgain(uprooted: readonly Uprooted[]): void {
    for (const { hash, bytes } of uprooted) {
      try {
        this.#enter(hash, bytes);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        this.watchers.tell(hash, "invalid");
      }
    }
    const ready = new Set(this.pool.ready().map(({ hash }) => hash));
    for (const { hash, told } of uprooted) {
      const status = ready.has(hash) ? "ready" : "future";
      if (this.pool.has(hash) && status !== told) this.watchers.tell(hash, status);
    }
    for (const hash of ready) this.onSubmitted.emit(hash);
  }

  /** Drop what waits, and say so; of these others, too. */
  drop(others: readonly Uprooted[] = []): void {
    for (const { hash } of [...others, ...this.pool.clear()]) this.watchers.tell(hash, "dropped");
  }

  #enter(hash: Hex, bytes: Uint8Array): Added {
    const validity = this.#deps.validate(bytes);
    if (!validity.ok) throw poolError.invalid(validity.invalidity);
    return this.pool.add(hash, bytes, validity, this.#deps.head());
  }
}
