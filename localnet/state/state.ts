import { createHash } from "node:crypto";
import type { BlockNumber, Hex } from "../../shared/types.ts";
import { tuple, vec } from "../types/composites.ts";
import { bytesToHex, hexToBytes } from "../types/hex.ts";
import { Bytes } from "../types/primitives.ts";
import { decodeExactly } from "../types/type-node.ts";
import { SortedKeys } from "./sorted-keys.ts";
import type { Reader, StateKey, Store } from "./store.ts";

/** What each key held before: applied backwards it undoes. `undefined` means it was absent. */
type UndoLog = Map<StateKey, Uint8Array | undefined>;

const Dump = vec(tuple(Bytes, Bytes));

/**
 * The chain's state: one flat map with an undo log per block. Reading the head is one look-up; an older block is the
 * head with the later undo logs laid over; a revert applies them backwards.
 */
export class State implements Store {
  readonly #values = new Map<StateKey, Uint8Array>();
  readonly #keys = new SortedKeys();
  /** Open layers, outermost first: the block being made, then nested transactions. */
  readonly #layers: UndoLog[] = [];
  /** Of the finished blocks `#firstLog` and up. */
  readonly #logs: UndoLog[] = [];
  readonly #roots: Hex[] = [];
  #firstLog: BlockNumber = 0;
  readonly #keepBlocks: number;

  /** @param keepBlocks - How many blocks back state can be read or reverted to. */
  constructor(keepBlocks = Number.POSITIVE_INFINITY) {
    this.#keepBlocks = keepBlocks;
  }

  /** Number of the last finished block, -1 before genesis. */
  get head(): BlockNumber {
    return this.#firstLog + this.#logs.length - 1;
  }

  /** Oldest block whose state is still known. */
  get oldest(): BlockNumber {
    return this.#firstLog;
  }

  get(key: StateKey): Uint8Array | undefined {
    return this.#values.get(key);
  }

  keys(prefix: StateKey, after?: StateKey): Iterable<StateKey> {
    return this.#keys.from(prefix, after);
  }

  put(key: StateKey, value: Uint8Array): void {
    this.#remember(key);
    if (!this.#values.has(key)) this.#keys.add(key);
    this.#values.set(key, value);
  }

  delete(key: StateKey): void {
    if (!this.#values.has(key)) return;
    this.#remember(key);
    this.#values.delete(key);
    this.#keys.delete(key);
  }

  transaction<T>(work: () => T): T {
    const layer: UndoLog = new Map();
    this.#layers.push(layer);
    try {
      const result = work();
      this.#layers.pop();
      const outer = this.#layers.at(-1);
      if (outer) for (const [key, value] of layer) if (!outer.has(key)) outer.set(key, value);
      return result;
    } catch (error) {
      this.#layers.pop();
      this.#undo(layer);
      throw error;
    }
  }

  /** Run and drop every change, whatever happens. */
  dryRun<T>(work: () => T): T {
    const layer: UndoLog = new Map();
    this.#layers.push(layer);
    try {
      return work();
    } finally {
      this.#layers.pop();
      this.#undo(layer);
    }
  }

  /** Make the next block: what `work` changes belongs to it. Throws what `work` throws, and then nothing happened. */
  block<T>(work: () => T): T {
    return this.transaction(() => {
      const result = work();
      const layer = this.#layers.at(-1)!;
      this.#roots.push(this.root());
      this.#logs.push(new Map(layer));
      if (this.#logs.length > this.#keepBlocks) {
        this.#logs.shift();
        this.#roots.shift();
        this.#firstLog++;
      }
      return result;
    });
  }

  /**
   * Digest of all that ever changed up to here: the root of the block before, and what this block changes. Equal
   * histories have equal roots; it is not the root of a trie.
   */
  root(): Hex {
    const changed = this.#layers[0] ?? new Map();
    // One update: each one is a call into native code, and most blocks change dozens of small values.
    let text: string = this.#roots.at(-1) ?? "";
    for (const key of [...changed.keys()].sort()) {
      const value = this.#values.get(key);
      text += value === undefined ? `${key}-` : `${key}=${value.length}:${latin1(value)}`;
    }
    return `0x${createHash("sha256").update(text, "latin1").digest("hex")}`;
  }

  /** Root at the end of the last block. */
  get lastRoot(): Hex {
    return this.#roots.at(-1)!;
  }

  /** Go back to the end of a block. Later blocks are forgotten. */
  revertTo(block: BlockNumber): void {
    this.#requireKnown(block);
    while (this.head > block) {
      this.#undo(this.#logs.pop()!);
      this.#roots.pop();
    }
  }

  /** State at the end of a block. Valid until the next block is made or reverted. */
  at(block: BlockNumber): Reader {
    this.#requireKnown(block);
    if (block === this.head) return this;
    const later = this.#logs.slice(block + 1 - this.#firstLog);
    return {
      get: (key) => {
        const log = later.find((candidate) => candidate.has(key));
        return log === undefined ? this.#values.get(key) : log.get(key);
      },
      keys: (prefix, after) => this.#keysBehind(later, prefix, after),
    };
  }

  /** Keys a block changed, in no order. */
  changedIn(block: BlockNumber): Iterable<StateKey> {
    this.#requireKnown(block);
    return this.#logs[block - this.#firstLog]!.keys();
  }

  /** All keys and values of the head. */
  dump(): Uint8Array {
    return Dump.encode([...this.keys("0x")].map((key) => [hexToBytes(key), this.#values.get(key)!]));
  }

  /**
   * Become the state of another chain after one of its blocks; what was before is forgotten.
   *
   * @param root - Its root there, which later ones build on.
   * @throws TypeError for bytes that are no dump; then nothing has changed
   */
  restore(block: BlockNumber, root: Hex, dump: Uint8Array): void {
    const entries = decodeExactly(Dump, dump);
    for (const key of this.#values.keys()) this.#keys.delete(key);
    this.#values.clear();
    for (const [key, value] of entries) {
      const stateKey = bytesToHex(key);
      if (!this.#values.has(stateKey)) this.#keys.add(stateKey);
      this.#values.set(stateKey, value);
    }
    this.#logs.splice(0, this.#logs.length, new Map());
    this.#roots.splice(0, this.#roots.length, root);
    this.#firstLog = block;
  }

  #remember(key: StateKey): void {
    const layer = this.#layers.at(-1);
    if (layer === undefined) throw new Error("state changes only inside a block or a transaction");
    if (!layer.has(key)) layer.set(key, this.#values.get(key));
  }

  #undo(log: UndoLog): void {
    for (const [key, before] of log) {
      const present = this.#values.has(key);
      if (before === undefined) {
        if (present) this.#keys.delete(key);
        this.#values.delete(key);
      } else {
        if (!present) this.#keys.add(key);
        this.#values.set(key, before);
      }
    }
  }

  *#keysBehind(later: readonly UndoLog[], prefix: StateKey, after?: StateKey): Iterable<StateKey> {
    const then = new Map<StateKey, boolean>();
    for (const log of later) {
      for (const [key, before] of log) if (!then.has(key)) then.set(key, before !== undefined);
    }
    const gone = [...then].filter(([key, was]) => was && !this.#values.has(key) && key.startsWith(prefix));
    const kept = [...this.#keys.from(prefix)].filter((key) => then.get(key) !== false);
    const all = gone.length === 0 ? kept : [...kept, ...gone.map(([key]) => key)].sort();
    for (const key of all) if (after === undefined || key > after) yield key;
  }

  #requireKnown(block: BlockNumber): void {
    if (block < this.#firstLog || block > this.head) throw new RangeError(`no state of block ${block}`);
  }
}

/** Bytes as text, one character each. */
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
