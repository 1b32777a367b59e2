import { SubforgeError } from "../../errors.ts";
import type { MessageValue } from "../../template.ts";
import { isTensor, type Tensor } from "../../tensor.ts";
import type { Json } from "../../types.ts";
import type { V10Type } from "../../v10-synapse.ts";
import { checkTensor } from "../message.ts";
import { decodeNumpy, encodeNumpy, isNumpyDtype } from "./numpy.ts";
import { isDict, type PythonDict, type PythonValue } from "./python-value.ts";

/** What sums and loops over a value may meet: a text of digits is a number to Python's reader of fields. */
const INT_TEXT = /^[+-]?[0-9]{1,40}$/;
const FLOAT_TEXT = /^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?$/;

/** A torch peer writes `torch.float32`. */
const TORCH_PREFIX = "torch.";

/**
 * A value as a field of this type holds it: what Python hashes and its handlers see.
 *
 * @throws SubforgeError MESSAGE_INVALID when the type does not take it
 */
export function readField(type: V10Type, value: PythonValue): PythonValue {
  if (typeof type === "object") {
    if ("list" in type) {
      if (!Array.isArray(value)) throw invalid("a list is expected");
      return value.map((item) => readField(type.list, item));
    }
    if (!isDict(value)) throw invalid("an object is expected");
    return new Map([...value].map(([key, item]) => [key, readField(type.dict, item)] as const));
  }
  switch (type) {
    case "str":
      if (typeof value !== "string") throw invalid("a text is expected");
      return value;
    case "int":
      return readInt(value);
    case "float":
      return readFloat(value);
    case "bool":
      if (typeof value !== "boolean") throw invalid("true or false is expected");
      return value;
    case "tensor":
      return readTensor(value);
    case "json":
      return value;
  }
}

/** What a class sends in the headers instead of a required value: an empty one of its type. */
export function emptyField(type: V10Type): PythonValue {
  if (typeof type === "object") return "list" in type ? [] : new Map();
  const empty = { str: "", int: 0n, float: 0, bool: false, tensor: new Map(), json: new Map() } as const;
  return empty[type];
}

/**
 * A field's value as it stands in a message of ours.
 *
 * @throws SubforgeError MESSAGE_INVALID for an int that a number cannot hold, TENSOR_INVALID for a broken tensor
 */
export function toMessageValue(type: V10Type, value: PythonValue): MessageValue {
  if (type === "tensor" && value !== null) return toTensor(value as PythonDict);
  if (typeof value === "bigint") {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw invalid("an int is too large");
    return number;
  }
  if (Array.isArray(value)) return value.map((item) => toMessageValue(itemType(type), item));
  if (!isDict(value)) return value;
  const object: Record<string, MessageValue> = {};
  for (const [key, item] of value) {
    if (key === "__proto__") throw invalid("a key is reserved");
    object[key] = toMessageValue(itemType(type), item);
  }
  return object;
}

/**
 * A value of a message of ours as a field of this type holds it.
 *
 * @throws SubforgeError MESSAGE_INVALID when the type does not take it, TENSOR_INVALID for a dtype v10 does not have
 */
export function fromMessageValue(type: V10Type, value: MessageValue): PythonValue {
  return readField(type, toPython(value));
}

/** A default as it is declared, in Python's values. */
export function fromJson(value: Json): PythonValue {
  return toPython(value);
}

function toPython(value: MessageValue): PythonValue {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(toPython);
  if (isTensor(value)) return fromTensor(value);
  return new Map(Object.entries(value).map(([key, item]) => [key, toPython(item)] as const));
}

function itemType(type: V10Type): V10Type {
  if (typeof type !== "object") return "json";
  return "list" in type ? type.list : type.dict;
}

function readInt(value: PythonValue): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value === "string" && INT_TEXT.test(value)) return BigInt(value.replace("+", ""));
  throw invalid("an int is expected");
}

function readFloat(value: PythonValue): number {
  const number =
    typeof value === "string" ? (FLOAT_TEXT.test(value) ? Number(value) : Number.NaN) : Number(value);
  const isNumber = typeof value === "number" || typeof value === "bigint" || typeof value === "string";
  if (!isNumber || !Number.isFinite(number)) throw invalid("a float is expected");
  return number;
}

/** The three members in the order of the class; what is in the buffer is looked at when it is needed. */
function readTensor(value: PythonValue): PythonDict {
  if (!isDict(value)) throw invalid("a tensor is expected");
  const [buffer, dtype, shape] = ["buffer", "dtype", "shape"].map((name) => value.get(name));
  if (typeof buffer !== "string" || typeof dtype !== "string" || !Array.isArray(shape)) {
    throw invalid("a tensor is an object of buffer, dtype and shape");
  }
  if (!isNumpyDtype(plainDtype(dtype))) throw invalid("a tensor has an unknown dtype");
  return new Map<string, PythonValue>([
    ["buffer", buffer],
    ["dtype", dtype],
    ["shape", shape.map(readInt)],
  ]);
}

function toTensor(value: PythonDict): Tensor {
  const text = value.get("buffer") as string;
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw invalid("the buffer of a tensor is not base64");
  const array = decodeNumpy(bytes);
  if (array.dtype !== plainDtype(value.get("dtype") as string)) {
    throw invalid("a tensor's buffer has another dtype");
  }
  const shape = (value.get("shape") as bigint[]).map(Number);
  const isScalar = shape.length === 1 && shape[0] === 0; // [0] says: as in the buffer
  return checkTensor(isScalar ? array : { ...array, shape });
}

function fromTensor(tensor: Tensor): PythonDict {
  const shape = tensor.shape.length === 0 ? [0] : tensor.shape;
  return new Map<string, PythonValue>([
    ["buffer", Buffer.from(encodeNumpy(tensor)).toString("base64")],
    ["dtype", tensor.dtype],
    ["shape", shape.map(BigInt)],
  ]);
}

function plainDtype(dtype: string): string {
  return dtype.startsWith(TORCH_PREFIX) ? dtype.slice(TORCH_PREFIX.length) : dtype;
}

function invalid(problem: string): SubforgeError<"MESSAGE_INVALID"> {
  return new SubforgeError("MESSAGE_INVALID", { problem });
}
