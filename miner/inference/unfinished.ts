import type { Pending } from "./pending.ts";

/**
 * The requests that nobody answered yet, in no order. An array, because a `Set` that many pass through grows new tables
 * all the time, and an old table keeps alive what was in it until the next full collection: under load that doubled
 * the cost of a small request.
 */
export class Unfinished {
  readonly #pending: Pending[] = [];

  get size(): number {
    return this.#pending.length;
  }

  /** Those of now: each may leave while they are looked at. */
  get all(): Pending[] {
    return [...this.#pending];
  }

  add(pending: Pending): void {
    pending.slot = this.#pending.length;
    this.#pending.push(pending);
  }

  /** The last one takes its slot. */
  delete(pending: Pending): void {
    const last = this.#pending.pop()!;
    if (last === pending) return;
    this.#pending[pending.slot] = last;
    last.slot = pending.slot;
  }
}
