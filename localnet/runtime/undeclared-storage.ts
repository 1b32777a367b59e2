import { storagePrefix } from "../state/hashing.ts";
import type { StateKey } from "../state/store.ts";
import type { Pallet } from "./dsl/pallet.ts";

/** Characters of `0x` and the hash of a pallet's name, and of an item's name behind it. */
const PALLET_CHARS = 2 + 32;
const ITEM_CHARS = 2 + 64;

/**
 * Says why nothing can be under a key: no item that these pallets declare begins like it. An absent value of a declared
 * item is a fact about the chain, one of an undeclared item would be made up.
 *
 * @returns a function that names what is missing; undefined for a key that may be there, and for one too short to tell
 */
export function createUndeclaredStorage(pallets: readonly Pallet[]): (key: StateKey) => string | undefined {
  const items = new Set<string>();
  const names = new Map<string, string>();
  for (const { name, storage = {} } of pallets) {
    names.set(storagePrefix(name, "").slice(0, PALLET_CHARS), name);
    for (const { prefix } of Object.values(storage)) items.add(prefix);
  }
  return (key) => {
    const prefix = key.slice(0, ITEM_CHARS);
    if (key.length < ITEM_CHARS || items.has(prefix)) return undefined;
    const pallet = names.get(prefix.slice(0, PALLET_CHARS));
    return `this local chain has no storage ${prefix}${pallet ? ` of ${pallet}` : ", and no pallet of that hash"}`;
  };
}
