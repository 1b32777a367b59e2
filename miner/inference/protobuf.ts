/**
 * One field of a protobuf message: `varint` for a number, `bytes` for text, bytes or a nested message. A field of fixed
 * size has bytes and `isFixed`: a parser that expects anything else there ignores it.
 */
export type Field = { number: number; varint: number; bytes: Uint8Array | undefined; isFixed: boolean };

export type FieldBudget = { left: number };

/** The bytes are no protobuf message. */
export class ProtobufError extends Error {}

/** Bytes that a wire type of fixed size takes. */
const FIXED_BYTES: Record<number, number> = { 1: 8, 5: 4 };
/** Tags are 32 bits wide: what is longer is cut off by some parsers and not by others. */
const MAX_TAG = 2 ** 32;

/**
 * The fields of one message in the order of the bytes, without copying. Numbers are signed, 64 bits wide, and exact up
 * to 2^53 in size.
 *
 * @param budget - How many fields may still be read; shared by the messages of one file.
 * @throws ProtobufError
 */
export function* fieldsOf(bytes: Uint8Array, budget: FieldBudget): Generator<Field> {
  const cursor = new Cursor(bytes);
  while (!cursor.isAtEnd) {
    budget.left -= 1;
    if (budget.left < 0) throw new ProtobufError("it has too many fields");
    const tag = cursor.varint();
    if (tag < 0 || tag >= MAX_TAG) throw new ProtobufError("the number of a field is too long");
    const wireType = tag % 8;
    const number = Math.floor(tag / 8);
    if (number === 0) throw new ProtobufError("a field has number 0");
    if (wireType === 0) {
      yield { number, varint: cursor.varint(), bytes: undefined, isFixed: false };
      continue;
    }
    const size = wireType === 2 ? cursor.varint() : FIXED_BYTES[wireType];
    if (size === undefined) throw new ProtobufError(`wire type ${wireType} is not in use`);
    yield { number, varint: 0, bytes: cursor.take(size), isFixed: wireType !== 2 };
  }
}

/** Numbers one after the other, as a packed field holds them. @throws ProtobufError */
export function* varintsOf(bytes: Uint8Array): Generator<number> {
  const cursor = new Cursor(bytes);
  while (!cursor.isAtEnd) yield cursor.varint();
}

class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    // Two halves, each exact in a double: 28 bits, and the 36 above them.
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new ProtobufError("it ends in the middle of a number");
      if (i === 9 && byte > 1) break;
      if (i < 4) low += (byte & 0x7f) * 2 ** (7 * i);
      else high += (byte & 0x7f) * 2 ** (7 * (i - 4));
      if (byte < 0x80) return (high >= 2 ** 35 ? high - 2 ** 36 : high) * 2 ** 28 + low;
    }
    throw new ProtobufError("a number is too long");
  }

  take(size: number): Uint8Array {
    if (size < 0 || size > this.#bytes.length - this.#at)
      throw new ProtobufError("it ends in the middle of a field");
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}
