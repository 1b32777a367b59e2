import type { Hex } from "../../shared/types.ts";

/** A state key: prefix and hashed parts in lower-case hex. Text order equals byte order. */
export type StateKey = Hex;

/** State as of one moment. */
export interface Reader {
  get(key: StateKey): Uint8Array | undefined;
  /**
   * Keys that begin with `prefix`, in order.
   *
   * @param after - Only keys behind this one.
   */
  keys(prefix: StateKey, after?: StateKey): Iterable<StateKey>;
}

/** State that can change. A value, once put, must not be changed in place. */
export interface Store extends Reader {
  put(key: StateKey, value: Uint8Array): void;
  delete(key: StateKey): void;
  /**
   * Run with its own layer of changes: kept when `work` returns, dropped when it throws.
   *
   * @returns what `work` returns
   */
  transaction<T>(work: () => T): T;
}
