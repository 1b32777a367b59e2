import { createHash } from "node:crypto";
import type { Hex } from "../../shared/types.ts";
import { SortedKeys } from "../state/sorted-keys.ts";
import type { Reader, StateKey, Store } from "../state/store.ts";

/** What a key held before a transaction began: `undefined` stands for "deleted", `UNTOUCHED` for "as in the state". */
const UNTOUCHED = Symbol("untouched");
type Before = Uint8Array | undefined | typeof UNTOUCHED;

/**
 * State as one runtime call sees it: the chain's, with the call's own changes over it. Nothing reaches the chain before
 * `flush`, so a call that fails changed nothing. The runtime opens and closes transactions inside a call.
 */
export class CallStorage {
  readonly #base: Reader;
  readonly #changes = new Map<StateKey, Uint8Array | undefined>();
  /** Keys of `#changes`, for walking. */
  readonly #touched = new SortedKeys();
  readonly #transactions: Map<StateKey, Before>[] = [];
  /** The last walk over the state, and where it stands: the next question is nearly always for the key behind it. */
  #walk: { keys: Iterator<StateKey>; behind: StateKey; next: StateKey | undefined } | undefined;

  constructor(base: Reader) {
    this.#base = base;
  }

  get(key: StateKey): Uint8Array | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#base.get(key);
  }

  set(key: StateKey, value: Uint8Array | undefined): void {
    const known = this.#changes.has(key);
    const transaction = this.#transactions.at(-1);
    if (transaction !== undefined && !transaction.has(key))
      transaction.set(key, known ? this.#changes.get(key) : UNTOUCHED);
    if (!known) this.#touched.add(key);
    this.#changes.set(key, value);
  }

  /** The first key behind `key`, of those that begin with `prefix`. */
  nextKey(key: StateKey, prefix: StateKey = "0x"): StateKey | undefined {
    let inState = this.#nextInState(key);
    while (inState !== undefined && this.#isDeleted(inState)) inState = this.#nextInState(inState);
    const next = earlier(inState, this.#nextTouched(key));
    return next?.startsWith(prefix) ? next : undefined;
  }

  /**
   * Delete what begins with `prefix`: everything the call itself wrote, and at most `limit` keys of the state.
   *
   * @returns how many of the state were deleted, and whether none is left
   */
  clearPrefix(prefix: StateKey, limit = Number.POSITIVE_INFINITY): { deleted: number; all: boolean } {
    for (const key of [...this.#touched.from(prefix)])
      if (this.#changes.get(key) !== undefined) this.set(key, undefined);
    let [seen, deleted] = [0, 0];
    for (const key of this.#base.keys(prefix)) {
      if (seen === limit) return { deleted, all: false };
      seen++;
      if (this.#isDeleted(key)) continue;
      this.set(key, undefined);
      deleted++;
    }
    return { deleted, all: true };
  }

  begin(): void {
    this.#transactions.push(new Map());
  }

  /** @throws Error when no transaction is open */
  commit(): void {
    const transaction = this.#close();
    const outer = this.#transactions.at(-1);
    if (outer) for (const [key, before] of transaction) if (!outer.has(key)) outer.set(key, before);
  }

  /** @throws Error when no transaction is open */
  rollback(): void {
    for (const [key, before] of this.#close()) {
      if (before === UNTOUCHED) {
        this.#changes.delete(key);
        this.#touched.delete(key);
      } else {
        this.#changes.set(key, before);
      }
    }
  }

  /**
   * Digest of the state with this call's changes: what the runtime is told is the root. It is the root of no trie.
   *
   * @param base - Digest of the state below.
   */
  root(base: Hex): Hex {
    const digest = createHash("sha256").update(base);
    for (const key of [...this.#changes.keys()].sort()) {
      const value = this.#changes.get(key);
      digest.update(value === undefined ? `${key}-` : `${key}=${value.length}:`);
      if (value !== undefined) digest.update(value);
    }
    return `0x${digest.digest("hex")}`;
  }

  /** Write the changes down. What a transaction left open holds is dropped, as the real host does. */
  flush(store: Store): void {
    while (this.#transactions.length > 0) this.rollback();
    for (const [key, value] of this.#changes) {
      if (value !== undefined) store.put(key, value);
      else store.delete(key);
    }
    for (const key of this.#changes.keys()) this.#touched.delete(key);
    this.#changes.clear();
    this.#walk = undefined;
  }

  #close(): Map<StateKey, Before> {
    const transaction = this.#transactions.pop();
    if (transaction === undefined) throw new Error("the runtime closed a transaction it never opened");
    return transaction;
  }

  #isDeleted(key: StateKey): boolean {
    return this.#changes.has(key) && this.#changes.get(key) === undefined;
  }

  #nextInState(key: StateKey): StateKey | undefined {
    if (this.#walk?.behind !== key) {
      const keys = this.#base.keys("0x", key)[Symbol.iterator]();
      this.#walk = { keys, behind: key, next: take(keys) };
    }
    const { keys, next } = this.#walk!;
    // One step ahead: the state does not change during the call, so the answer stays right.
    if (next !== undefined) this.#walk = { keys, behind: next, next: take(keys) };
    return next;
  }

  #nextTouched(key: StateKey): StateKey | undefined {
    for (const touched of this.#touched.from("0x", key))
      if (this.#changes.get(touched) !== undefined) return touched;
    return undefined;
  }
}

function take(keys: Iterator<StateKey>): StateKey | undefined {
  const { done, value } = keys.next();
  return done ? undefined : value;
}

function earlier(a: StateKey | undefined, b: StateKey | undefined): StateKey | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}
