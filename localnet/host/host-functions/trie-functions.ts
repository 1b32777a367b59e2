import type { Span } from "../guest-memory.ts";
import type { HostCall, HostFunctions } from "../host-call.ts";
import { orderedTrieRoot, trieRoot } from "../trie-root.ts";
import { readCompact } from "./storage-values.ts";

/** Roots of tries the runtime builds itself: that over a block's extrinsics stands in the header. */
export function trieFunctions({ memory }: HostCall): HostFunctions {
  const ordered = (items: Span, version: number) =>
    memory.place(orderedTrieRoot(readItems(memory.read(items)), stateVersion(version)));
  const keyed = (entries: Span, version: number) => {
    const flat = readItems(memory.read(entries), 2);
    const pairs = flat.flatMap((key, i) => (i % 2 === 0 ? [[key, flat[i + 1]!] as const] : []));
    return memory.place(trieRoot(pairs, stateVersion(version)));
  };
  return {
    ext_trie_blake2_256_ordered_root_version_1: (items: Span) => ordered(items, 0),
    ext_trie_blake2_256_ordered_root_version_2: ordered,
    ext_trie_blake2_256_root_version_1: (entries: Span) => keyed(entries, 0),
    ext_trie_blake2_256_root_version_2: keyed,
  };
}

function stateVersion(version: number): 0 | 1 {
  return version === 0 ? 0 : 1;
}

/** Decode a `Vec<Vec<u8>>`, or a `Vec` of tuples of byte vectors into one flat list. */
function readItems(bytes: Uint8Array, perItem = 1): Uint8Array[] {
  let at = 0;
  const length = (): number => {
    const found = readCompact(bytes.subarray(at, at + 4));
    if (found === undefined) throw new RangeError("the runtime passed a list that is none");
    at += found.bytes;
    return found.value;
  };
  return Array.from({ length: length() * perItem }, () => {
    const size = length();
    at += size;
    if (at > bytes.length) throw new RangeError("the runtime passed a list that is cut short");
    return bytes.subarray(at - size, at);
  });
}
