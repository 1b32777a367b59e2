import { blake2b128, storagePrefix, twox64 } from "../../state/hashing.ts";
import type { Reader, StateKey, Store } from "../../state/store.ts";
import { tuple } from "../../types/composites.ts";
import { bytesToHex, hexToBytes } from "../../types/hex.ts";
import type { TypeNode, ValueOf } from "../../types/type-node.ts";
import type { PalletId } from "./pallet.ts";

/** The hashers this chain uses: all of them keep the key readable behind the hash. */
export type Hasher = "Identity" | "Blake2128Concat" | "Twox64Concat";
const HASH_BYTES = { Identity: 0, Blake2128Concat: 16, Twox64Concat: 8 } as const;

export type HashedKey<T = unknown> = readonly [Hasher, TypeNode<T>];
type KeyValues<K extends readonly HashedKey[]> = {
  -readonly [I in keyof K]: K[I] extends HashedKey<infer T> ? T : never;
};

/** What the metadata says about a storage item. */
export type StorageItem = {
  pallet: string;
  name: string;
  prefix: StateKey;
  modifier: "Optional" | "Default";
  hashers: readonly Hasher[];
  /** A tuple when there are several keys; undefined for a plain value. */
  key: TypeNode | undefined;
  value: TypeNode;
  /** SCALE bytes of the default; one zero byte for an optional item. */
  fallback: Uint8Array;
};

/**
 * One value under a fixed key. `Read` is `V`, or `V | undefined` without a default.
 */
export interface StoredValue<V, Read> extends StorageItem {
  get(s: Reader): Read;
  put(s: Store, value: V): void;
  /** Write what `change` makes of the present value, and return it. */
  mutate(s: Store, change: (now: Read) => V): V;
  remove(s: Store): void;
  exists(s: Reader): boolean;
}

/** Values by one or more keys. `Read` is `V`, or `V | undefined` without a default. */
export interface StoredMap<K extends readonly unknown[], V, Read> extends StorageItem {
  get(s: Reader, ...key: K): Read;
  put(s: Store, ...keyAndValue: [...K, V]): void;
  mutate(s: Store, ...keyAndChange: [...K, (now: Read) => V]): V;
  remove(s: Store, ...key: K): void;
  exists(s: Reader, ...key: K): boolean;
  /** What is stored, in the order of the hashed keys; behind the first keys only, when some are given. */
  entries(s: Reader, ...firstKeys: Partial<K>): Iterable<[key: K, value: V]>;
  /** Remove all of it, or what is behind the first keys. @returns how many there were */
  clear(s: Store, ...firstKeys: Partial<K>): number;
  keyOf(...key: K): StateKey;
}

/** A declaration that does not know its name yet: `storageOf` gives it one. */
type Declared<Item> = (pallet: PalletId, name: string) => Item;

/** One value. With a default the item always has a value; without it, it is optional. */
export function value<V>(node: TypeNode<V>): Declared<StoredValue<V, V | undefined>>;
export function value<V>(node: TypeNode<V>, fallback: V): Declared<StoredValue<V, V>>;
export function value<V>(node: TypeNode<V>, ...fallback: [V?]): Declared<StoredValue<V, V | undefined>> {
  return (pallet, name) => {
    const item = describe(pallet, name, [], node, fallback);
    const cell = cellOf(item, node, fallback);
    return {
      ...item,
      get: (s) => cell.get(s, item.prefix),
      put: (s, next) => cell.put(s, item.prefix, next),
      mutate: (s, change) => cell.mutate(s, item.prefix, change),
      remove: (s) => s.delete(item.prefix),
      exists: (s) => s.get(item.prefix) !== undefined,
    };
  };
}

/** A map from hashed keys: `map([["Identity", U16], ["Blake2128Concat", AccountId]], U64, 0n)`. */
export function map<const K extends readonly HashedKey[], V>(
  keys: K,
  node: TypeNode<V>,
): Declared<StoredMap<KeyValues<K>, V, V | undefined>>;
export function map<const K extends readonly HashedKey[], V>(
  keys: K,
  node: TypeNode<V>,
  fallback: V,
): Declared<StoredMap<KeyValues<K>, V, V>>;
export function map<const K extends readonly HashedKey[], V>(
  keys: K,
  node: TypeNode<V>,
  ...fallback: [V?]
): Declared<StoredMap<KeyValues<K>, V, V | undefined>> {
  return (pallet, name) => {
    const item = describe(pallet, name, keys, node, fallback);
    const cell = cellOf(item, node, fallback);
    const keyOf = keyMaker(item.prefix, keys);
    const read = new Map<StateKey, KeyValues<K>>();
    return {
      ...item,
      keyOf: (...key) => keyOf(key),
      get: (s, ...key) => cell.get(s, keyOf(key)),
      put: (s, ...args) => cell.put(s, keyOf(args.slice(0, -1)), args.at(-1) as V),
      mutate: (s, ...args) =>
        cell.mutate(s, keyOf(args.slice(0, -1)), args.at(-1) as (now: V | undefined) => V),
      remove: (s, ...key) => s.delete(keyOf(key)),
      exists: (s, ...key) => s.get(keyOf(key)) !== undefined,
      *entries(s, ...firstKeys) {
        for (const key of s.keys(keyOf(firstKeys))) {
          const bytes = s.get(key);
          if (bytes === undefined) continue;
          const parts = read.get(key) ?? remember(read, key, readKey(keys, key, item.prefix) as KeyValues<K>);
          yield [parts, node.decode(bytes)];
        }
      },
      clear: (s, ...firstKeys) => {
        const doomed = [...s.keys(keyOf(firstKeys))];
        for (const key of doomed) s.delete(key);
        return doomed.length;
      },
    };
  };
}

/** Name the items of a pallet: `const Balances = storageOf(pallet, { TotalIssuance: value(U64, 0n) })`. */
export function storageOf<const Items extends Record<string, Declared<StorageItem>>>(
  pallet: PalletId,
  items: Items,
): { [Name in keyof Items]: ReturnType<Items[Name]> } {
  const entries = Object.entries(items).map(([name, declared]) => [name, declared(pallet, name)]);
  return Object.fromEntries(entries) as { [Name in keyof Items]: ReturnType<Items[Name]> };
}

function describe(
  pallet: PalletId,
  name: string,
  keys: readonly HashedKey[],
  node: TypeNode,
  fallback: readonly unknown[],
): StorageItem {
  const nodes = keys.map(([, keyNode]) => keyNode);
  return {
    pallet: pallet.name,
    name,
    prefix: storagePrefix(pallet.name, name),
    modifier: fallback.length > 0 ? "Default" : "Optional",
    hashers: keys.map(([hasher]) => hasher),
    key: nodes.length > 1 ? tuple(...nodes) : nodes[0],
    value: node,
    fallback: fallback.length > 0 ? node.encode(fallback[0]) : new Uint8Array(1),
  };
}

/** Reading and writing under a finished key. A default with parts is decoded anew each time: a caller may change it. */
function cellOf<V>(item: StorageItem, node: TypeNode<V>, fallback: readonly unknown[]) {
  const constant = fallback[0] as V | undefined;
  const absent = typeof constant === "object" ? () => node.decode(item.fallback) : () => constant;
  const cell = {
    get(s: Reader, key: StateKey): V | undefined {
      const bytes = s.get(key);
      return bytes === undefined ? absent() : node.decode(bytes);
    },
    put: (s: Store, key: StateKey, next: V) => s.put(key, node.encode(next)),
    mutate(s: Store, key: StateKey, change: (now: V | undefined) => V): V {
      const next = change(cell.get(s, key));
      s.put(key, node.encode(next));
      return next;
    },
  };
  return cell;
}

/** Parts of keys as they were hashed and hex encoded before: the same few are looked up in every block. */
const MAX_REMEMBERED = 65_536;
/** Finished keys of one map: four subnets of 4,096 uids. */
const MAX_KEYS = 16_384;
const memos = new WeakMap<TypeNode, Map<Hasher, Map<unknown, string>>>();

/**
 * Finished keys under one prefix. Those of one and two parts are remembered as a whole: state is a map from long texts, and
 * a text that was looked up before need not be put together and hashed again.
 */
function keyMaker(prefix: StateKey, keys: readonly HashedKey[]): (parts: readonly unknown[]) => StateKey {
  const hashed = keys.map(hashedBefore);
  const behind = (key: StateKey, value: unknown, i: number): StateKey =>
    `${key}${hashPart(keys[i]!, hashed[i]!, value)}`;
  const ones = new Map<unknown, StateKey>();
  const twos = new Map<unknown, Map<unknown, StateKey>>();
  let remembered = 0;
  return (parts) => {
    const [first, second] = parts;
    if (parts.length === 0) return prefix;
    if (parts.length > 2 || typeof first === "object" || typeof second === "object")
      return parts.reduce<StateKey>(behind, prefix);
    const known = parts.length === 1 ? ones.get(first) : twos.get(first)?.get(second);
    if (known !== undefined) return known;
    if (++remembered > MAX_KEYS) {
      ones.clear();
      twos.clear();
      remembered = 1;
    }
    const key = parts.reduce<StateKey>(behind, prefix);
    if (parts.length === 1) ones.set(first, key);
    else twos.set(first, (twos.get(first) ?? new Map<unknown, StateKey>()).set(second, key));
    return key;
  };
}

/** One memory for all maps with this kind of key, such as accounts. */
function hashedBefore([hasher, node]: HashedKey): Map<unknown, string> {
  const byHasher = memos.get(node) ?? new Map<Hasher, Map<unknown, string>>();
  memos.set(node, byHasher);
  const known = byHasher.get(hasher) ?? new Map<unknown, string>();
  byHasher.set(hasher, known);
  return known;
}

function remember<K, V>(memory: Map<K, V>, key: K, value: V): V {
  if (memory.size >= MAX_REMEMBERED) memory.clear();
  memory.set(key, value);
  return value;
}

function hashPart(key: HashedKey, memory: Map<unknown, string>, part: unknown): string {
  const [hasher, node] = key;
  // Two tuples that are equal are two objects, and no key of a map.
  if (typeof part === "object") return hashBytes(hasher, node.encode(part));
  return memory.get(part) ?? remember(memory, part, hashBytes(hasher, node.encode(part)));
}

function hashBytes(hasher: Hasher, bytes: Uint8Array): string {
  const plain = bytesToHex(bytes).slice(2);
  if (hasher === "Identity") return plain;
  return bytesToHex(hasher === "Blake2128Concat" ? blake2b128(bytes) : twox64(bytes)).slice(2) + plain;
}

/** The keys behind a state key: each part is its hash and then itself. */
function readKey(keys: readonly HashedKey[], key: StateKey, prefix: StateKey): unknown[] {
  let rest = hexToBytes(key.slice(prefix.length));
  return keys.map(([hasher, node]) => {
    const part = node.decode(rest.slice(HASH_BYTES[hasher])) as ValueOf<typeof node>;
    rest = rest.slice(HASH_BYTES[hasher] + node.encode(part).length);
    return part;
  });
}
