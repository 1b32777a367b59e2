import { type FieldReader, numbersOf } from "./field-reader.ts";
import { countElements, ModelProblem, printable } from "./model-problem.ts";

/** A tensor that the file holds or names: all that can be said without its numbers, and those if they are few. */
export type StoredTensor = {
  name: string;
  /** ONNX's number of the element type. */
  type: number;
  shape: number[];
  /** Whole numbers of a small tensor: sizes, axes, repeats. */
  values: number[] | undefined;
  /** What it takes in memory, as declared. 0 for text. */
  bytes: number;
  external: ExternalPart | undefined;
};

/** Where in which file beside the model. A length of undefined means up to the end. */
export type ExternalPart = { file: string; offset: number; length: number | undefined; bytes: number };

const MAX_ELEMENTS = 2 ** 33;
const MAX_RANK = 64;
/** Enough for every shape and list of axes. */
const MAX_READ_VALUES = 256;
const MAX_BYTES_PER_BYTE = 8;
/** A sparse tensor is made dense when it is loaded. */
const MAX_DENSE_ELEMENTS = 2 ** 28;
const MAX_PATH_CHARS = 1_024;
const [INT32, INT64, TEXT] = [6, 7, 8];
const EXTERNAL_LOCATION = 1;

/** Bits of one element by ONNX's number of the type. Text has no size of its own. */
const ELEMENT_BITS: Record<number, number> = {
  ...{ 1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 8: 0, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64 },
  ...{ 14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2 },
};

/**
 * A TensorProto.
 *
 * @throws ModelProblem, ProtobufError
 */
export function readTensor(bytes: Uint8Array, reader: FieldReader): StoredTensor {
  const shape: number[] = [];
  const external = new Map<string, string>();
  let [name, type, isExternal] = ["", 0, false];
  let raw: Uint8Array | undefined;
  let values: number[] = [];
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) shape.push(...numbersOf(field, MAX_RANK));
    if (field.number === 2) type = reader.whole(field);
    if (field.number === 5 || field.number === 7) values = readFew(values, field);
    if (field.number === 8) name = reader.name(field);
    if (field.number === 9) raw = reader.bytes(field);
    if (field.number === 13) {
      const [key, value] = readEntry(reader.bytes(field), reader);
      if (external.has(key)) throw new ModelProblem(`a tensor names its ${printable(key)} twice`);
      external.set(key, value);
    }
    if (field.number === 14) isExternal = reader.whole(field) === EXTERNAL_LOCATION;
    if (shape.length > MAX_RANK) throw new ModelProblem(`a tensor has more than ${MAX_RANK} dimensions`);
  }
  const bits = ELEMENT_BITS[type];
  if (bits === undefined) throw new ModelProblem(`a tensor has the unknown element type ${type}`);
  const elements = countElements(shape, MAX_ELEMENTS, `the tensor ${printable(name)}`);
  const size = Math.ceil((elements * bits) / 8);
  if (isExternal || external.size > 0)
    return { name, type, shape, values: undefined, bytes: size, external: readPlace(external, size) };
  if (raw && type !== TEXT && raw.length !== size) {
    const problem = `declares ${size} bytes and holds ${raw.length}`;
    throw new ModelProblem(`the tensor ${printable(name)} ${problem}`);
  }
  if (size > MAX_BYTES_PER_BYTE * bytes.length)
    // 8 bytes of a small number, written as 1
    throw new ModelProblem(`the tensor ${printable(name)} declares ${size} bytes and holds fewer`);
  const known = (type === INT32 || type === INT64) && elements <= MAX_READ_VALUES;
  const read = known ? (raw ? fromRaw(raw, type) : values) : undefined;
  return {
    name,
    type,
    shape,
    values: read?.length === elements ? read : undefined,
    bytes: size,
    external: undefined,
  };
}

/** Every tensor inside a SparseTensorProto. */
export function readSparse(bytes: Uint8Array, reader: FieldReader): StoredTensor[] {
  const tensors: StoredTensor[] = [];
  const shape: number[] = [];
  for (const field of reader.fields(bytes)) {
    if (field.number === 1 || field.number === 2) tensors.push(readTensor(reader.bytes(field), reader));
    if (field.number === 3) shape.push(...numbersOf(field, MAX_RANK));
    if (shape.length > MAX_RANK) throw new ModelProblem(`a tensor has more than ${MAX_RANK} dimensions`);
  }
  countElements(shape, MAX_DENSE_ELEMENTS, "a sparse tensor");
  return tensors;
}

function readFew(before: number[], field: Parameters<typeof numbersOf>[0]): number[] {
  if (before.length > MAX_READ_VALUES) return before;
  return [...before, ...numbersOf(field, MAX_READ_VALUES + 1 - before.length, "cut")];
}

function fromRaw(raw: Uint8Array, type: number): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return type === INT64
    ? Array.from({ length: raw.length / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)))
    : Array.from({ length: raw.length / 4 }, (_, i) => view.getInt32(4 * i, true));
}

function readPlace(external: ReadonlyMap<string, string>, bytes: number): ExternalPart {
  const position = (key: string): number | undefined => {
    const text = external.get(key);
    if (text === undefined) return undefined;
    if (!/^[0-9]{1,15}$/.test(text)) throw new ModelProblem(`weights lie at ${key} ${printable(text)}`);
    return Number(text);
  };
  const length = position("length");
  if (length !== undefined && length !== bytes)
    throw new ModelProblem(`weights of ${bytes} bytes are said to take ${length} in their file`);
  return { file: confined(external.get("location")), offset: position("offset") ?? 0, length, bytes };
}

/** A path that stays in the model's folder, on every system, and means a file to every runtime. */
function confined(location: string | undefined): string {
  const parts = (location ?? "").split("/");
  const leaves = parts.some((part) => part === "" || part === "." || part === "..");
  const isOdd = /[\\:*?"<>|\p{Cc}]/u.test(location ?? "");
  if (location === undefined || leaves || isOdd || location.length > MAX_PATH_CHARS) {
    throw new ModelProblem(`it reads weights outside its folder: ${printable(location ?? "")}`);
  }
  return location;
}

function readEntry(bytes: Uint8Array, reader: FieldReader): [string, string] {
  let [key, value] = ["", ""];
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) key = reader.name(field);
    if (field.number === 2) value = reader.name(field);
  }
  return [key, value];
}
