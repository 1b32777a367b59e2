import { blake2b256 } from "../state/hashing.ts";
import { compact } from "./guest-memory.ts";

/** From this length on a value stands in the trie by its hash, in state version 1. */
const HASHED_VALUE_BYTES = 33;

/** A node shorter than this stands inside its parent; others by their hash. */
const INLINE_BYTES = 32;

/** Two bits of kind before the length of the partial key. Source: Polkadot specification, section 2.3. */
const LEAF = { bits: 0b01, size: 2 };
const BRANCH = { bits: 0b10, size: 2 };
const BRANCH_WITH_VALUE = { bits: 0b11, size: 2 };
const LEAF_HASHED = { bits: 0b001, size: 3 };
const BRANCH_HASHED = { bits: 0b0001, size: 4 };

type StateVersion = 0 | 1;
type Entry = { nibbles: Uint8Array; value: Uint8Array };

/** Root of the trie that holds items under their index: what a header says of its extrinsics. */
export function orderedTrieRoot(items: readonly Uint8Array[], version: StateVersion): Uint8Array {
  return trieRoot(
    items.map((item, index) => [compact(index), item] as const),
    version,
  );
}

/**
 * Root of a base-16 Patricia trie with blake2b-256, as Substrate builds it. A later entry replaces an equal key.
 *
 * @param version - State version: 1 keeps long values apart from their node.
 * @returns 32 bytes
 */
export function trieRoot(
  pairs: Iterable<readonly [key: Uint8Array, value: Uint8Array]>,
  version: StateVersion,
): Uint8Array {
  const byKey = new Map<string, Entry>();
  for (const [key, value] of pairs)
    byKey.set(Buffer.from(key).toString("hex"), { nibbles: nibblesOf(key), value });
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  return blake2b256(sorted.length === 0 ? Uint8Array.of(0) : encodeNode(sorted, 0, version));
}

/** The node that holds `entries`, sorted, all equal in their first `depth` nibbles. */
function encodeNode(entries: readonly Entry[], depth: number, version: StateVersion): Uint8Array {
  const first = entries[0]!;
  if (entries.length === 1) {
    const partial = first.nibbles.subarray(depth);
    const hashed = isHashed(first.value, version);
    return Buffer.concat([header(hashed ? LEAF_HASHED : LEAF, partial), encodeValue(first.value, hashed)]);
  }
  const fork = commonEnd(first.nibbles, entries.at(-1)!.nibbles, depth);
  const own = first.nibbles.length === fork ? first : undefined;
  const hashed = own !== undefined && isHashed(own.value, version);
  const kind = own === undefined ? BRANCH : hashed ? BRANCH_HASHED : BRANCH_WITH_VALUE;
  const children = own === undefined ? entries : entries.slice(1);
  const parts = [header(kind, first.nibbles.subarray(depth, fork)), new Uint8Array(2)];
  if (own) parts.push(encodeValue(own.value, hashed));
  let present = 0;
  for (let nibble = 0; nibble < 16; nibble++) {
    const below = children.filter(({ nibbles }) => nibbles[fork] === nibble);
    if (below.length === 0) continue;
    present |= 1 << nibble;
    const child = encodeNode(below, fork + 1, version);
    parts.push(withLength(child.length < INLINE_BYTES ? child : blake2b256(child)));
  }
  parts[1] = Uint8Array.of(present & 0xff, present >> 8);
  return Buffer.concat(parts);
}

/** Kind and length of the partial key, then the key, two nibbles to a byte, an odd one first and alone. */
function header({ bits, size }: typeof LEAF, partial: Uint8Array): Uint8Array {
  const room = 2 ** (8 - size) - 1;
  const kind = bits << (8 - size);
  const bytes = [kind | Math.min(partial.length, room)];
  for (let rest = partial.length - room; rest >= 0; rest -= 255) bytes.push(Math.min(rest, 255));
  const odd = partial.length % 2;
  if (odd) bytes.push(partial[0]!);
  for (let i = odd; i < partial.length; i += 2) bytes.push((partial[i]! << 4) | partial[i + 1]!);
  return Uint8Array.from(bytes);
}

function isHashed(value: Uint8Array, version: StateVersion): boolean {
  return version === 1 && value.length >= HASHED_VALUE_BYTES;
}

function encodeValue(value: Uint8Array, hashed: boolean): Uint8Array {
  return hashed ? blake2b256(value) : withLength(value);
}

function withLength(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([compact(bytes.length), bytes]);
}

function commonEnd(a: Uint8Array, b: Uint8Array, from: number): number {
  let at = from;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at;
}

function nibblesOf(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2);
  for (const [i, byte] of key.entries()) {
    nibbles[2 * i] = byte >> 4;
    nibbles[2 * i + 1] = byte & 15;
  }
  return nibbles;
}
