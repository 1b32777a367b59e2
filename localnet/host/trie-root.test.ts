import { describe, expect, it } from "vitest";
import { blake2b256 } from "../state/hashing.ts";
import { orderedTrieRoot, trieRoot } from "./trie-root.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);
const hex = (root: Uint8Array) => Buffer.from(root).toString("hex");
const empty = "03170a2e7597b7b7e3d84c05391d139a62b157e78786d8c082f29dcf4c111314";

describe("trie root", () => {
  it("of nothing is the well-known one, as header of every empty chain has it", () => {
    expect(hex(trieRoot([], 1))).toBe(empty);
    expect(hex(orderedTrieRoot([], 1))).toBe(empty);
  });

  it("of one entry is the hash of its leaf", () => {
    // 0x42: a leaf whose partial key has two nibbles; then the key, the length of the value, the value.
    const leaf = bytes(0x42, 0xab, 0x08, 1, 2);
    expect(hex(trieRoot([[bytes(0xab), bytes(1, 2)]], 1))).toBe(hex(blake2b256(leaf)));
  });

  it("of two entries is a branch with both leaves inside, at their nibbles", () => {
    const leaf = (value: number) => [0x41, 0x00, 0x04, value]; // one nibble is left of each key
    const branch = bytes(0x80, 0b0000_0010, 0b1000_0000, 0x10, ...leaf(7), 0x10, ...leaf(9));
    const root = trieRoot(
      [
        [bytes(0xf0), bytes(9)],
        [bytes(0x10), bytes(7)],
      ],
      1,
    );
    expect(hex(root)).toBe(hex(blake2b256(branch)));
  });

  it("keeps a value over 32 bytes by its hash in version 1, and as it is in version 0", () => {
    const long = new Uint8Array(33).fill(5);
    const hashed = Buffer.concat([bytes(0x22, 0xab), blake2b256(long)]);
    const whole = Buffer.concat([bytes(0x42, 0xab, 33 << 2), long]);
    expect(hex(trieRoot([[bytes(0xab), long]], 1))).toBe(hex(blake2b256(hashed)));
    expect(hex(trieRoot([[bytes(0xab), long]], 0))).toBe(hex(blake2b256(whole)));
  });

  it("does not depend on the order in which entries come", () => {
    const pairs = Array.from({ length: 300 }, (_, i) => [bytes(i >> 4, i & 255, 3), bytes(i & 255)] as const);
    expect(hex(trieRoot([...pairs].reverse(), 1))).toBe(hex(trieRoot(pairs, 1)));
  });

  it("takes keys that begin with one another, and very long ones", () => {
    const long = new Uint8Array(200).fill(0x11);
    const pairs = [
      [bytes(), bytes(1)],
      [bytes(0x11), bytes(2)],
      [long, bytes(3)],
    ] as const;
    expect(hex(trieRoot(pairs, 1))).not.toBe(hex(trieRoot(pairs.slice(0, 2), 1)));
  });
});
