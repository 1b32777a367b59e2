import { ModelProblem } from "./model-problem.ts";
import { type Field, type FieldBudget, fieldsOf, ProtobufError, varintsOf } from "./protobuf.ts";

const MAX_FIELDS = 20_000_000;
/** Longer than any name that a tool makes; a text is measured before it is decoded. */
const MAX_NAME_BYTES = 4_096;

/**
 * Reads the fields of one file and counts them. A field of another wire type than expected is refused: protobuf skips
 * such a field, so that the runtime would see another model than we do.
 */
export class FieldReader {
  readonly #budget: FieldBudget = { left: MAX_FIELDS };

  /** @throws ProtobufError */
  fields(bytes: Uint8Array): Generator<Field> {
    return fieldsOf(bytes, this.#budget);
  }

  whole(field: Field): number {
    if (field.bytes) throw new ProtobufError(`field ${field.number} is no number`);
    return field.varint;
  }

  /** Of a text, of bytes or of a message. */
  bytes({ number, bytes, isFixed }: Field): Uint8Array {
    if (!bytes || isFixed) throw new ProtobufError(`field ${number} is a number where a message belongs`);
    return bytes;
  }

  name(field: Field): string {
    const bytes = this.bytes(field);
    if (bytes.length > MAX_NAME_BYTES) throw new ModelProblem(`a name of ${bytes.length} bytes`);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  }

  /** A message that must not come twice: protobuf would merge both into one. */
  once(field: Field, before: Uint8Array | undefined, what: string): Uint8Array {
    if (before) throw new ModelProblem(`it has ${what} twice`);
    return this.bytes(field);
  }
}

/**
 * Repeated numbers: packed into one field, or one field each.
 *
 * @param beyond - With more than `most`: cut them off, or refuse. Default: refuse.
 */
export function* numbersOf(
  field: Field,
  most: number,
  beyond: "cut" | "refuse" = "refuse",
): Generator<number> {
  if (field.isFixed) throw new ProtobufError(`field ${field.number} holds no whole numbers`);
  if (!field.bytes) {
    yield field.varint;
    return;
  }
  let count = 0;
  for (const value of varintsOf(field.bytes)) {
    if (count === most && beyond === "cut") return;
    if (count === most) throw new ModelProblem(`more than ${most} numbers in a list`);
    count += 1;
    yield value;
  }
}
