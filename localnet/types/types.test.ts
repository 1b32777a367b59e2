import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { enumeration, option, record, result, tuple, Unit, variant, vec } from "./composites.ts";
import { birthBlock, Era, lastBlock } from "./era.ts";
import { bytesToHex, hexToBytes } from "./hex.ts";
import {
  Bool,
  Bytes,
  CompactU32,
  CompactU64,
  fixedBytes,
  I64,
  Str,
  U8,
  U16,
  U32,
  U64,
  U128,
} from "./primitives.ts";
import { DispatchError, MultiAddress } from "./substrate-types.ts";
import { decodeExactly, lazyNode, type TypeNode } from "./type-node.ts";

const everything = record("test::Everything", {
  flag: Bool,
  small: U8,
  wide: U128,
  signed: I64,
  text: Str,
  bytes: Bytes,
  hash: fixedBytes(4),
  maybe: option(U16),
  pairs: vec(tuple(U16, CompactU64)),
  choice: enumeration("test::Choice", {
    A: variant(3),
    B: variant(7, [U32]),
    C: variant(9, { x: U16, y: U16 }),
  }),
  outcome: result(Unit, U8),
});

const values = fc.record({
  flag: fc.boolean(),
  small: fc.nat(255),
  wide: fc.bigInt(0n, 2n ** 128n - 1n),
  signed: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  text: fc.string({ unit: "grapheme" }),
  bytes: fc.uint8Array(),
  hash: fc.uint8Array({ minLength: 4, maxLength: 4 }).map(bytesToHex),
  maybe: fc.option(fc.nat(65_535), { nil: undefined }),
  pairs: fc.array(fc.tuple(fc.nat(65_535), fc.bigInt(0n, 2n ** 64n - 1n))),
  choice: fc.oneof(
    fc.constant({ type: "A" as const, value: undefined }),
    fc.record({ type: fc.constant("B" as const), value: fc.nat(2 ** 31) }),
    fc.record({ type: fc.constant("C" as const), value: fc.record({ x: fc.nat(9), y: fc.nat(9) }) }),
  ),
  outcome: fc.oneof(
    fc.constant({ type: "Ok" as const, value: undefined }),
    fc.record({ type: fc.constant("Err" as const), value: fc.nat(255) }),
  ),
});

describe("SCALE types", () => {
  it("decode what they encode, from any place in a larger buffer", () => {
    fc.assert(
      fc.property(values, fc.nat(9), (value, offset) => {
        const bytes = everything.encode(value);
        const larger = new Uint8Array(bytes.length + offset + 5);
        larger.set(bytes, offset);
        expect(decodeExactly(everything, larger.subarray(offset, offset + bytes.length))).toEqual(value);
      }),
    );
  });

  it("refuse bytes of others that are cut off, too long, or spelt in another way", () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, cut) => {
        const bytes = everything.encode(value);
        expect(() => decodeExactly(everything, bytes.slice(0, cut % bytes.length))).toThrow(TypeError);
        expect(() => decodeExactly(everything, Uint8Array.of(...bytes, 0))).toThrow(TypeError);
      }),
    );
    expect(() => decodeExactly(CompactU32, Uint8Array.of(0x01, 0x00))).toThrow(TypeError); // 0 in two bytes
    expect(() => decodeExactly(Bool, Uint8Array.of(2))).toThrow(TypeError);
  });

  it("answer any garbage with a value or a TypeError", () => {
    for (const node of [everything, MultiAddress, DispatchError, Era, vec(Bytes)] as TypeNode[]) {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
          try {
            expect(node.encode(decodeExactly(node, bytes))).toEqual(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
          }
        }),
      );
    }
  });

  it.each([
    ["u8", 256, U8],
    ["u16", -1, U16],
    ["u32", 1.5, U32],
    ["u64", 2n ** 64n, U64],
    ["u128", -1n, U128],
    ["i64", 2n ** 63n, I64],
    ["Compact<u32>", 2 ** 32, CompactU32],
    ["[u8; 4]", "0x010203", fixedBytes(4)],
  ] as [string, unknown, TypeNode][])("%s refuses to encode %s", (_, value, node) => {
    expect(() => node.encode(value)).toThrow();
  });

  it("may contain themselves", () => {
    type Tree = { children: Tree[] };
    const Tree: TypeNode<Tree> = lazyNode("Tree", () => record("test::Tree", { children: vec(Tree) }));
    const tree = { children: [{ children: [] }, { children: [{ children: [] }] }] };
    expect(decodeExactly(Tree, Tree.encode(tree))).toEqual(tree);
  });

  it.each(["0x0", "0xzz", "xx", "0x 1"])("hex refuses %j", (text) => {
    expect(() => hexToBytes(text)).toThrow(TypeError);
  });
});

describe("an era", () => {
  it("covers `period` blocks that contain the one it was made for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 16 }), fc.nat(1_000_000), (exponent, block) => {
        const period = 2 ** exponent;
        const quantum = Math.max(period >> 12, 1);
        const phase = Math.floor((block % period) / quantum) * quantum;
        const era = decodeExactly(Era, Era.encode({ period, phase }));
        expect(era).toEqual({ period, phase });
        expect(birthBlock(era, block)).toBeLessThanOrEqual(block);
        expect(lastBlock(era, block)).toBe(birthBlock(era, block) + period - 1);
        expect(lastBlock(era, block)).toBeGreaterThanOrEqual(block);
      }),
    );
  });

  it("is one zero byte when immortal", () => {
    expect(Era.encode(undefined)).toEqual(Uint8Array.of(0));
    expect(lastBlock(undefined, 5)).toBeUndefined();
  });
});
