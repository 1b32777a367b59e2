import { SubforgeError } from "../../errors.ts";
import { type Dtype, type Tensor, tensorBytes, tensorFromBytes } from "../../tensor.ts";

/*
 * An array in the layout of msgpack-numpy: a msgpack map of nd, type, kind, shape and data, with keys as bytes.
 * Only what such a map may hold is read; an object array would be a pickle, and a pickle is a program.
 */

/** Dtypes that a v10 peer has, with numpy's own name of their bytes. */
export const NUMPY_TYPES = {
  float16: "<f2",
  float32: "<f4",
  float64: "<f8",
  int16: "<i2",
  int32: "<i4",
  int64: "<i8",
  int8: "|i1",
  uint8: "|u1",
  bool: "|b1",
} as const satisfies Partial<Record<Dtype, string>>;

export type NumpyDtype = keyof typeof NUMPY_TYPES;

const DTYPE_OF = new Map(Object.entries(NUMPY_TYPES).map(([dtype, type]) => [type, dtype as NumpyDtype]));
const MAX_DIMENSIONS = 16;
const KEYS = ["nd", "type", "kind", "shape", "data"] as const;

/** First bytes of the values that such a map may hold. */
const MAP_OF_5 = 0x85;
const TRUE = 0xc3;
const BIN8 = 0xc4;
const STR8 = 0xd9;

export function isNumpyDtype(dtype: string): dtype is NumpyDtype {
  return Object.hasOwn(NUMPY_TYPES, dtype);
}

/** @throws SubforgeError TENSOR_INVALID for a dtype that v10 peers do not have */
export function encodeNumpy(tensor: Tensor): Uint8Array {
  if (!isNumpyDtype(tensor.dtype)) throw invalid(`v10 has no ${tensor.dtype}`);
  const type = Buffer.from(NUMPY_TYPES[tensor.dtype]);
  return Buffer.concat([
    Buffer.of(MAP_OF_5),
    ...[key("nd"), Buffer.of(TRUE)],
    ...[key("type"), Buffer.of(0xa0 | type.length), type],
    ...[key("kind"), bin(Buffer.alloc(0))],
    ...[key("shape"), Buffer.of(0x90 | checkedDimensions(tensor.shape).length), ...tensor.shape.map(int)],
    ...[key("data"), bin(tensorBytes(tensor))],
  ]);
}

/**
 * Keys and type may be texts or bytes, and come in any order. Nothing else may be in the map or after it.
 *
 * @throws SubforgeError TENSOR_INVALID
 */
export function decodeNumpy(bytes: Uint8Array): Tensor {
  const reader = new MsgpackReader(bytes);
  if (reader.byte() !== MAP_OF_5) throw invalid("an array is a map of 5 pairs");
  const found = new Map<string, unknown>();
  for (let pair = 0; pair < KEYS.length; pair += 1) {
    const name = reader.text();
    switch (name) {
      case "nd":
        found.set(name, reader.byte() === TRUE);
        break;
      case "type":
      case "kind":
        found.set(name, reader.text());
        break;
      case "shape":
        found.set(name, reader.shape());
        break;
      case "data":
        found.set(name, reader.bin());
        break;
      default:
        throw invalid("an array has an unknown key");
    }
  }
  reader.end();
  const dtype = DTYPE_OF.get(found.get("type") as never);
  if (found.size !== KEYS.length || found.get("nd") !== true) throw invalid("an array lacks a key");
  if (found.get("kind") !== "" || dtype === undefined) throw invalid("an array of this type is not taken");
  return tensorFromBytes(dtype, found.get("shape") as number[], found.get("data") as Uint8Array);
}

/** The few forms of msgpack that an array is made of. */
class MsgpackReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    return this.#number(1);
  }

  /** A short text, written as str or as bin. */
  text(): string {
    const first = this.byte();
    const length = first >> 5 === 0b101 ? first & 0x1f : first === STR8 || first === BIN8 ? this.byte() : -1;
    if (length < 0) throw invalid("a text is expected");
    return Buffer.from(this.#take(length)).toString("latin1");
  }

  bin(): Uint8Array {
    const width = { [BIN8]: 1, [BIN8 + 1]: 2, [BIN8 + 2]: 4 }[this.byte()];
    if (width === undefined) throw invalid("bytes are expected");
    return this.#take(this.#number(width));
  }

  shape(): number[] {
    const first = this.byte();
    if (first >> 4 !== 0b1001) throw invalid(`a shape has at most ${MAX_DIMENSIONS - 1} dimensions`);
    return Array.from({ length: first & 0x0f }, () => {
      const head = this.byte();
      if (head < 0x80) return head;
      const width = { 204: 1, 205: 2, 206: 4 }[head];
      if (width === undefined) throw invalid("a dimension is a whole number");
      return this.#number(width);
    });
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw invalid("something follows the array");
  }

  /** Big-endian. */
  #number(width: number): number {
    const at = this.#at;
    this.#take(width);
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #take(length: number): Uint8Array {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw invalid("an array ends too early");
    return this.#bytes.subarray(start, this.#at);
  }
}

function key(name: (typeof KEYS)[number]): Uint8Array {
  return bin(Buffer.from(name)); // Python looks its keys up as bytes
}

function bin(data: Uint8Array): Uint8Array {
  const { length } = data;
  if (length <= 0xff) return Buffer.concat([Buffer.of(BIN8, length), data]);
  const head = Buffer.alloc(length <= 0xffff ? 3 : 5);
  head[0] = length <= 0xffff ? BIN8 + 1 : BIN8 + 2;
  head.writeUIntBE(length, 1, head.length - 1);
  return Buffer.concat([head, data]);
}

function int(value: number): Uint8Array {
  if (value < 0x80) return Buffer.of(value);
  const width = value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;
  const bytes = Buffer.alloc(1 + width);
  bytes[0] = width === 1 ? 0xcc : width === 2 ? 0xcd : 0xce;
  bytes.writeUIntBE(value, 1, width);
  return bytes;
}

function checkedDimensions(shape: readonly number[]): readonly number[] {
  if (shape.length >= MAX_DIMENSIONS) throw invalid(`a shape has at most ${MAX_DIMENSIONS - 1} dimensions`);
  if (shape.some((dimension) => dimension > 0xffff_ffff)) throw invalid("a dimension is too large");
  return shape;
}

function invalid(problem: string): SubforgeError<"TENSOR_INVALID"> {
  return new SubforgeError("TENSOR_INVALID", { problem });
}
