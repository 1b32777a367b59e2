import type { Reader, StateKey, Store } from "./store.ts";

/** Changes laid over a state that stays as it is: for asking what would happen. */
export class Overlay implements Store {
  readonly #base: Reader;
  #changes = new Map<StateKey, Uint8Array | undefined>();

  constructor(base: Reader) {
    this.#base = base;
  }

  get(key: StateKey): Uint8Array | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#base.get(key);
  }

  *keys(prefix: StateKey, after?: StateKey): Iterable<StateKey> {
    const own = [...this.#changes].filter(([key]) => key.startsWith(prefix));
    if (own.length === 0) {
      yield* this.#base.keys(prefix, after);
      return;
    }
    const all = new Set(this.#base.keys(prefix));
    for (const [key, value] of own) {
      if (value === undefined) all.delete(key);
      else all.add(key);
    }
    for (const key of [...all].sort()) if (after === undefined || key > after) yield key;
  }

  put(key: StateKey, value: Uint8Array): void {
    this.#changes.set(key, value);
  }

  delete(key: StateKey): void {
    this.#changes.set(key, undefined);
  }

  transaction<T>(work: () => T): T {
    const before = new Map(this.#changes);
    try {
      return work();
    } catch (error) {
      this.#changes = before;
      throw error;
    }
  }
}
