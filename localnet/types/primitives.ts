import {
  bool,
  Bytes as bytesCodec,
  type Codec,
  compactBn,
  compactNumber,
  createCodec,
  i16,
  i64,
  i128,
  str,
  u8,
  u16,
  u32,
  u64,
  u128,
} from "@polkadot-api/substrate-bindings";
import type { Hex } from "../../shared/types.ts";
import { bytesToHex, hexToBytes } from "./hex.ts";
import { createNode, type PrimitiveName, type TypeNode } from "./type-node.ts";

export const Bool = quick(
  createNode(bool, { kind: "primitive", name: "bool" }, "bool"),
  1,
  (view) => view.getUint8(0) !== 0,
);
export const Str = createNode(str, { kind: "primitive", name: "str" }, "Vec<u8>");

export const U8 = quick(small(u8, "u8", 1, 0, 2 ** 8 - 1), 1, (view) => view.getUint8(0));
export const U16 = quick(small(u16, "u16", 2, 0, 2 ** 16 - 1), 2, (view) => view.getUint16(0, true));
export const U32 = quick(small(u32, "u32", 4, 0, 2 ** 32 - 1), 4, (view) => view.getUint32(0, true));
export const I16 = small(i16, "i16", 2, -(2 ** 15), 2 ** 15 - 1);

export const U64 = quick(wide(u64, "u64", 8, 0n, 2n ** 64n - 1n), 8, (view) => view.getBigUint64(0, true));
export const U128 = quick(wide(u128, "u128", 16, 0n, 2n ** 128n - 1n), 16, (view) => {
  return (view.getBigUint64(8, true) << 64n) | view.getBigUint64(0, true);
});
export const I64 = quick(wide(i64, "i64", 8, -(2n ** 63n), 2n ** 63n - 1n), 8, (view) =>
  view.getBigInt64(0, true),
);
export const I128 = quick(wide(i128, "i128", 16, -(2n ** 127n), 2n ** 127n - 1n), 16, (view) => {
  return (view.getBigInt64(8, true) << 64n) | view.getBigUint64(0, true);
});

export const CompactU8 = compactSmall(U8, 2 ** 8 - 1);
export const CompactU16 = compactSmall(U16, 2 ** 16 - 1);
export const CompactU32 = compactSmall(U32, 2 ** 32 - 1);
export const CompactU64 = compactWide(U64, 2n ** 64n - 1n);
export const CompactU128 = compactWide(U128, 2n ** 128n - 1n);

/** `Vec<u8>`. */
export const Bytes: TypeNode<Uint8Array> = createNode(bytesCodec(), { kind: "sequence", of: U8 }, "Vec<u8>");

/** `[u8; N]`, as hex: cheap to compare and to use as a key. */
export function fixedBytes(length: number): TypeNode<Hex> {
  const raw = bytesCodec(length);
  const codec = createCodec<Hex>(
    (value) => {
      const bytes = hexToBytes(value);
      if (bytes.length !== length) throw new RangeError(`${value} is not ${length} bytes`);
      return bytes;
    },
    (input) => bytesToHex(raw.dec(input)),
  );
  const node = createNode(codec, { kind: "array", of: U8, length }, `[u8; ${length}]`);
  return quick(node, length, (view) => bytesToHex(new Uint8Array(view.buffer, view.byteOffset, length)));
}

// An integer that does not fit would wrap. A runtime that writes one has a bug: stop it there.
function small(
  codec: Codec<number>,
  name: PrimitiveName,
  size: number,
  min: number,
  max: number,
): TypeNode<number> {
  const quickCodec = createCodec((value) => encodeSmall(value, size), codec.dec);
  return createNode(boundedNumber(quickCodec, name, min, max), { kind: "primitive", name }, name);
}

function encodeSmall(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = value >>> (8 * i);
  return bytes;
}

/** Reads without the codec's detour: state is full of them, and each block reads hundreds. */
function quick<T>(node: TypeNode<T>, size: number, read: (view: DataView) => T): TypeNode<T> {
  const decode = (bytes: Uint8Array) => read(new DataView(bytes.buffer, bytes.byteOffset, size));
  return { ...node, decode };
}

function wide(
  codec: Codec<bigint>,
  name: PrimitiveName,
  size: 8 | 16,
  min: bigint,
  max: bigint,
): TypeNode<bigint> {
  const quickCodec = createCodec((value) => encodeWide(value, size), codec.dec);
  return createNode(bounded(quickCodec, name, min, max), { kind: "primitive", name }, name);
}

function encodeWide(value: bigint, size: 8 | 16): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value, true); // of a wider or negative one the low bits, two's complement
  if (size === 16) view.setBigUint64(8, value >> 64n, true);
  return bytes;
}

function compactSmall(of: TypeNode<number>, max: number): TypeNode<number> {
  const codec = boundedNumber(compactNumber, `Compact<${of.typeName}>`, 0, max);
  return createNode(codec, { kind: "compact", of }, of.typeName);
}

function compactWide(of: TypeNode<bigint>, max: bigint): TypeNode<bigint> {
  const codec = bounded(compactBn, `Compact<${of.typeName}>`, 0n, max);
  return createNode(codec, { kind: "compact", of }, of.typeName);
}

function boundedNumber(codec: Codec<number>, name: string, min: number, max: number): Codec<number> {
  return createCodec((value) => {
    if (!Number.isInteger(value) || value < min || value > max)
      throw new RangeError(`${value} is no ${name}`);
    return codec.enc(value);
  }, codec.dec);
}

function bounded(codec: Codec<bigint>, name: string, min: bigint, max: bigint): Codec<bigint> {
  return createCodec((value) => {
    if (typeof value !== "bigint" || value < min || value > max)
      throw new RangeError(`${value} is no ${name}`);
    return codec.enc(value);
  }, codec.dec);
}
