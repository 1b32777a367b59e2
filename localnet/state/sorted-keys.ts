import type { StateKey } from "./store.ts";

/**
 * A set of keys that can be walked in order. Changes are cheap and sorting waits for the next walk, because most
 * blocks write the same few keys and walk none. A walk that has begun keeps seeing the keys of its beginning.
 */
export class SortedKeys {
  #sorted: readonly StateKey[] = [];
  readonly #added = new Set<StateKey>();
  readonly #removed = new Set<StateKey>();

  /** Add a key that is not in the set. */
  add(key: StateKey): void {
    if (!this.#removed.delete(key)) this.#added.add(key);
  }

  /** Remove a key that is in the set. */
  delete(key: StateKey): void {
    if (!this.#added.delete(key)) this.#removed.add(key);
  }

  *from(prefix: StateKey, after?: StateKey): Iterable<StateKey> {
    const keys = this.#settle();
    const start = after !== undefined && after >= prefix ? after : prefix;
    for (let i = lowerBound(keys, start); i < keys.length; i++) {
      const key = keys[i]!;
      if (!key.startsWith(prefix)) return;
      if (key !== after) yield key;
    }
  }

  #settle(): readonly StateKey[] {
    if (this.#added.size === 0 && this.#removed.size === 0) return this.#sorted;
    const added = [...this.#added].sort();
    const merged: StateKey[] = [];
    let next = 0;
    for (const key of this.#sorted) {
      while (next < added.length && added[next]! < key) merged.push(added[next++]!);
      if (!this.#removed.has(key)) merged.push(key);
    }
    while (next < added.length) merged.push(added[next++]!);
    this.#added.clear();
    this.#removed.clear();
    this.#sorted = merged;
    return merged;
  }
}

/** Index of the first key that is not before `wanted`. */
function lowerBound(keys: readonly StateKey[], wanted: StateKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
