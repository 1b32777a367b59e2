/** One field of a protobuf message: `varint` for a number, `bytes` for text, bytes or a nested message. */
export type Field = { number: number; varint: number; bytes: Uint8Array | undefined };

/** The bytes are no protobuf message. */
export class ProtobufError extends Error {}

/** Bytes that a wire type of fixed size takes. */
const FIXED_BYTES: Record<number, number> = { 1: 8, 5: 4 };
const MAX_VARINT_BYTES = 10;

/**
 * The fields of one message in the order of the bytes, without copying. Numbers above 2^53 lose their last digits,
 * negative ones come out as large.
 *
 * @throws ProtobufError
 */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < MAX_VARINT_BYTES; i += 1) {
      const byte = bytes[at++];
      if (byte === undefined) throw new ProtobufError("it ends in the middle of a number");
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new ProtobufError("a number is too long");
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = tag % 8;
    const number = Math.floor(tag / 8);
    if (number === 0) throw new ProtobufError("a field has number 0");
    if (wireType === 0) {
      yield { number, varint: varint(), bytes: undefined };
      continue;
    }
    const size = wireType === 2 ? varint() : FIXED_BYTES[wireType];
    if (size === undefined) throw new ProtobufError(`wire type ${wireType} is not in use`);
    if (size > bytes.length - at) throw new ProtobufError("it ends in the middle of a field");
    yield { number, varint: 0, bytes: bytes.subarray(at, at + size) };
    at += size;
  }
}
