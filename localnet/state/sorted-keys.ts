import type { StateKey } from "./store.ts";

/** Up to so many changes are put in their places one by one. */
const FEW_CHANGES = 64;

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
    const changes = this.#added.size + this.#removed.size;
    if (changes === 0) return this.#sorted;
    this.#sorted = changes <= FEW_CHANGES ? this.#spliced() : this.#merged();
    this.#added.clear();
    this.#removed.clear();
    return this.#sorted;
  }

  /** The usual block adds and removes a handful of keys: moving memory is cheaper than comparing all keys. */
  #spliced(): StateKey[] {
    const keys = this.#sorted.slice();
    for (const key of this.#removed) keys.splice(lowerBound(keys, key), 1);
    for (const key of this.#added) keys.splice(lowerBound(keys, key), 0, key);
    return keys;
  }

  #merged(): StateKey[] {
    const added = [...this.#added].sort();
    const merged: StateKey[] = [];
    let next = 0;
    for (const key of this.#sorted) {
      while (next < added.length && added[next]! < key) merged.push(added[next++]!);
      if (!this.#removed.has(key)) merged.push(key);
    }
    while (next < added.length) merged.push(added[next++]!);
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
