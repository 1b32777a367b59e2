import type { BlockNumber, Hex } from "../../shared/types.ts";
import type { Validity } from "../engine.ts";
import { poolError } from "./rpc-error.ts";

/** Transactions that may wait, and their bytes together. */
const MAX_TRANSACTIONS = 8_192;
const MAX_BYTES = 20 * 1024 * 1024;

export type PooledTransaction = {
  hash: Hex;
  bytes: Uint8Array;
  priority: bigint;
  /** Tags that no included transaction has provided yet. */
  requires: Set<string>;
  provides: readonly string[];
  /** Last block it may be tried in. */
  validUntil: BlockNumber;
  /** Is all it requires here or included? */
  ready: boolean;
};

/** What adding one transaction did to others. */
export type Added = {
  /** It had lower priority and the same nonce. */
  replaced: PooledTransaction | undefined;
  /** Now ready: the new one, and those that waited for it. Empty when it waits itself. */
  promoted: readonly PooledTransaction[];
};

type Valid = Extract<Validity, { ok: true }>;

/**
 * Transactions that wait for a block. One is ready when everything it requires is provided by ready ones or was
 * included; until then it is a future one.
 */
export class TransactionPool {
  readonly #byHash = new Map<Hex, PooledTransaction>();
  readonly #byTag = new Map<string, PooledTransaction>();
  #bytes = 0;

  get size(): number {
    return this.#byHash.size;
  }

  has(hash: Hex): boolean {
    return this.#byHash.has(hash);
  }

  /** @throws RpcError 1013, 1014 or 1016 */
  add(hash: Hex, bytes: Uint8Array, validity: Valid, block: BlockNumber): Added {
    if (this.#byHash.has(hash)) throw poolError.alreadyImported(hash);
    const { priority, provides, requires, longevity } = validity;
    const replaced = provides.map((tag) => this.#byTag.get(tag)).find((found) => found !== undefined);
    if (replaced !== undefined && replaced.priority >= priority)
      throw poolError.tooLowPriority(replaced.priority, priority);
    if (replaced === undefined && this.#isFull(bytes.length)) throw poolError.immediatelyDropped();
    if (replaced !== undefined) this.#take(replaced);
    const validUntil = block + longevity;
    const entry = { hash, bytes, priority, provides, requires: new Set(requires), validUntil, ready: false };
    this.#byHash.set(hash, entry);
    for (const tag of provides) this.#byTag.set(tag, entry);
    this.#bytes += bytes.length;
    return { replaced, promoted: this.#promote(entry) };
  }

  /** It will not be in a block: what waits for it is not ready any more. */
  remove(hash: Hex): void {
    const entry = this.#byHash.get(hash);
    if (entry === undefined) return;
    this.#take(entry);
    const dependants = [...this.#byHash.values()].filter(({ requires }) => requires.size > 0);
    for (const waiting of dependants) waiting.ready = false;
    for (const waiting of dependants) this.#promote(waiting);
  }

  /** It is in a block: what waited for it no longer does. */
  include(hash: Hex): void {
    const entry = this.#byHash.get(hash);
    if (entry === undefined) return;
    this.#take(entry);
    for (const waiting of this.#byHash.values()) {
      if (waiting.requires.size > 0) for (const tag of entry.provides) waiting.requires.delete(tag);
    }
  }

  /** Remove and return what can no longer be in the block `next` or a later one. */
  expire(next: BlockNumber): PooledTransaction[] {
    const expired = [...this.#byHash.values()].filter(({ validUntil }) => validUntil < next);
    for (const { hash } of expired) this.remove(hash);
    return expired;
  }

  /** Ready transactions in the order of a block: by priority, then by arrival, each behind what it requires. */
  ready(): PooledTransaction[] {
    const waiting = this.all()
      .filter(({ ready }) => ready)
      .sort((a, b) => compare(b.priority, a.priority));
    const chosen: PooledTransaction[] = [];
    const provided = new Set<string>();
    const blocked = new Map<string, PooledTransaction[]>();
    const choose = (entry: PooledTransaction): void => {
      const queue = [entry];
      for (const next of queue) {
        const missing = [...next.requires].find((tag) => !provided.has(tag));
        if (missing !== undefined) {
          blocked.set(missing, [...(blocked.get(missing) ?? []), next]);
          continue;
        }
        chosen.push(next);
        for (const tag of next.provides) {
          provided.add(tag);
          queue.push(...(blocked.get(tag) ?? []));
          blocked.delete(tag);
        }
      }
    };
    for (const entry of waiting) choose(entry);
    return chosen;
  }

  /** All, ready or not, in the order of arrival. */
  all(): PooledTransaction[] {
    return [...this.#byHash.values()];
  }

  clear(): PooledTransaction[] {
    const dropped = this.all();
    for (const { hash } of dropped) this.remove(hash);
    return dropped;
  }

  /** Mark as ready what can be: the entry, and those that waited for nothing else. */
  #promote(entry: PooledTransaction): PooledTransaction[] {
    const promoted: PooledTransaction[] = [];
    const queue = [entry];
    for (const next of queue) {
      if (next.ready || ![...next.requires].every((tag) => this.#byTag.get(tag)?.ready)) continue;
      next.ready = true;
      promoted.push(next);
      for (const waiting of this.#byHash.values()) {
        if (!waiting.ready && next.provides.some((tag) => waiting.requires.has(tag))) queue.push(waiting);
      }
    }
    return promoted;
  }

  #take(entry: PooledTransaction): void {
    this.#byHash.delete(entry.hash);
    for (const tag of entry.provides) if (this.#byTag.get(tag) === entry) this.#byTag.delete(tag);
    this.#bytes -= entry.bytes.length;
  }

  #isFull(more: number): boolean {
    return this.#byHash.size >= MAX_TRANSACTIONS || this.#bytes + more > MAX_BYTES;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
