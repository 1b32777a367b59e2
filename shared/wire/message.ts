import { isSubforgeError, SubforgeError } from "../errors.ts";
import type { Message, MessageValue } from "../template.ts";
import {
  bytesPerElement,
  elementCount,
  isDtype,
  isTensor,
  type Tensor,
  tensorBytes,
  tensorFromBytes,
} from "../tensor.ts";

/*
 * Two forms of one thing. A tensor leaf is an object of exactly {dtype, shape, data}; `data` is
 *   in the binary frame  the tensor's ordinal: 0, 1, 2 ... in the order of the text
 *   in JSON              the little-endian bytes in base64
 *
 * Binary frame: u32 little-endian length of the JSON text, the text in UTF-8, zero bytes up to a multiple of 8, then
 * the raw little-endian bytes of each tensor, each followed by zero bytes up to a multiple of 8.
 */

/** Content type of the binary frame. */
export const MESSAGE_CONTENT_TYPE = "application/vnd.subforge.message";
const JSON_CONTENT_TYPE = "application/json";

/** Levels of objects and arrays, the message itself included. */
const MAX_DEPTH = 16;
const MAX_KEY_CHARS = 128;
const MAX_TENSORS = 1_024;
const MAX_DIMENSIONS = 16;
const ALIGNMENT = 8;
const LENGTH_BYTES = 4;

export type DecodeOptions = {
  maxBytes: number;
  /** The bytes are going to be written again: tensors are no views on them. */
  copies?: boolean;
};

/**
 * The binary frame of a message.
 *
 * @throws SubforgeError MESSAGE_INVALID for what the other side would refuse: too deep, a number that is not finite,
 * an object that looks like a tensor and is none
 */
export function encodeMessage(message: Message): Uint8Array {
  const tensors: Tensor[] = [];
  const text = Buffer.from(JSON.stringify(toJson(message, (tensor) => tensors.push(tensor) - 1)));
  const starts: number[] = [];
  let length = align(LENGTH_BYTES + text.length);
  for (const tensor of tensors) {
    starts.push(length);
    length = align(length + tensor.data.byteLength);
  }
  const frame = new Uint8Array(length);
  new DataView(frame.buffer).setUint32(0, text.length, true);
  frame.set(text, LENGTH_BYTES);
  for (const [index, tensor] of tensors.entries()) frame.set(tensorBytes(tensor), starts[index]);
  return frame;
}

/**
 * The JSON form of a message: for clients that have no binary writer.
 *
 * @throws SubforgeError MESSAGE_INVALID as `encodeMessage`
 */
export function encodeJsonMessage(message: Message): Uint8Array {
  return Buffer.from(
    JSON.stringify(toJson(message, (tensor) => Buffer.from(tensorBytes(tensor)).toString("base64"))),
  );
}

/**
 * Bytes from a stranger to a message. Unless it copies, tensors of the binary frame are views on `bytes` where that is
 * aligned.
 *
 * @param contentType - Header value; parameters after `;` are ignored.
 * @throws SubforgeError MESSAGE_INVALID for anything that `encodeMessage` would not have written
 */
export function decodeMessage(
  bytes: Uint8Array,
  contentType: string,
  { maxBytes, copies = false }: DecodeOptions,
): Message {
  if (bytes.length > maxBytes) throw invalid(`${bytes.length} bytes, more than ${maxBytes}`);
  try {
    switch (contentType.split(";")[0]!.trim().toLowerCase()) {
      case MESSAGE_CONTENT_TYPE:
        return decodeFrame(bytes, copies);
      case JSON_CONTENT_TYPE:
        return toMessage(parseJson(bytes), base64Tensor);
      default:
        throw invalid(`content type is neither ${MESSAGE_CONTENT_TYPE} nor ${JSON_CONTENT_TYPE}`);
    }
  } catch (error) {
    if (isSubforgeError(error, "TENSOR_INVALID")) throw invalid(error.details.problem);
    throw error;
  }
}

type TensorToJson = (tensor: Tensor) => number | string;

function toJson(message: Message, leaf: TensorToJson): unknown {
  if (!isPlainObject(message) || isTensor(message)) throw invalid("the message itself must be an object");
  return valueToJson(message, leaf, 1);
}

function valueToJson(value: MessageValue, leaf: TensorToJson, depth: number): unknown {
  if (typeof value === "number") return finite(value);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (isTensor(value)) {
    const { dtype, shape } = checkTensor(value);
    return { dtype, shape, data: leaf(value) };
  }
  if (depth > MAX_DEPTH) throw invalid(`deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((item) => valueToJson(item, leaf, depth + 1));
  if (!isPlainObject(value)) throw invalid("only JSON values and tensors may travel");
  if (looksLikeTensor(value)) throw invalid("an object of exactly dtype, shape and data must be a tensor");
  return mapValues(value, (item) => valueToJson(item as MessageValue, leaf, depth + 1));
}

function decodeFrame(bytes: Uint8Array, copies: boolean): Message {
  if (bytes.length < LENGTH_BYTES) throw invalid("the frame ends before its length");
  const textEnd = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (textEnd > bytes.length) throw invalid("the frame ends before its text");
  let end = skipPadding(bytes, textEnd);
  let count = 0;
  const message = toMessage(parseJson(bytes.subarray(LENGTH_BYTES, textEnd)), (dtype, shape, data) => {
    if (data !== count++) throw invalid("tensors are not numbered in the order of the text");
    const start = end;
    end = start + tensorSize(dtype, shape);
    if (end > bytes.length) throw invalid("the frame ends before its tensors");
    const values = bytes.subarray(start, end);
    const tensor = tensorFromBytes(dtype, shape, copies ? new Uint8Array(values) : values);
    end = skipPadding(bytes, end);
    return tensor;
  });
  if (end !== bytes.length) throw invalid("the frame is longer than its tensors");
  return message;
}

type JsonToTensor = (dtype: Tensor["dtype"], shape: number[], data: unknown) => Tensor;

function base64Tensor(dtype: Tensor["dtype"], shape: number[], data: unknown): Tensor {
  if (typeof data !== "string") throw invalid("the data of a tensor must be base64");
  const bytes = Uint8Array.from(Buffer.from(data, "base64")); // a buffer of its own: aligned
  if (Buffer.from(bytes).toString("base64") !== data) throw invalid("the data of a tensor is not base64");
  return tensorFromBytes(dtype, shape, bytes);
}

function toMessage(json: unknown, leaf: JsonToTensor): Message {
  if (!isPlainObject(json) || looksLikeTensor(json)) throw invalid("the message itself must be an object");
  let tensors = 0;
  const counted: JsonToTensor = (dtype, shape, data) => {
    tensors += 1;
    if (tensors > MAX_TENSORS) throw invalid(`more than ${MAX_TENSORS} tensors`);
    return checkTensor(leaf(dtype, shape, data));
  };
  return toValue(json, counted, 1) as Message;
}

function toValue(json: unknown, leaf: JsonToTensor, depth: number): MessageValue {
  if (typeof json === "number") return finite(json); // 1e999 is valid JSON
  if (typeof json !== "object" || json === null) return json as MessageValue;
  if (!Array.isArray(json) && looksLikeTensor(json)) {
    const { dtype, shape, data } = json as Record<"dtype" | "shape" | "data", unknown>;
    if (!isDtype(dtype)) throw invalid("a tensor has an unknown dtype");
    if (!isShape(shape)) throw invalid(`a shape is a list of at most ${MAX_DIMENSIONS} numbers`);
    return leaf(dtype, shape, data);
  }
  if (depth > MAX_DEPTH) throw invalid(`deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(json)) return json.map((item) => toValue(item, leaf, depth + 1));
  return mapValues(json as Record<string, unknown>, (item) => toValue(item, leaf, depth + 1)) as MessageValue;
}

function mapValues(
  object: Record<string, unknown>,
  map: (value: unknown) => unknown,
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    // Assigning __proto__ would change the object's prototype.
    if (key === "__proto__" || key.length > MAX_KEY_CHARS) throw invalid("a key is reserved or too long");
    result[key] = map(object[key]);
  }
  return result;
}

/**
 * A tensor that says what it holds: shape filled, floats finite, bool 0 or 1.
 *
 * @throws SubforgeError MESSAGE_INVALID
 */
export function checkTensor(tensor: Tensor): Tensor {
  const { dtype, shape, data } = tensor;
  if (!isDtype(dtype) || !isShape(shape) || elementCount(shape) !== data.length) {
    throw invalid("a tensor's values do not fill its shape");
  }
  if (!holdsValues(tensor)) throw invalid(`a ${dtype} tensor holds a value that is none`);
  return tensor;
}

function holdsValues({ dtype, data }: Tensor): boolean {
  if (dtype === "float32") return areFinite32(data as Float32Array);
  if (dtype === "float64") return areFinite64(data as Float64Array);
  if (dtype === "float16") return (data as Uint16Array).every((bits) => (bits & 0x7c00) !== 0x7c00); // exponent of all ones
  return dtype !== "bool" || (data as Uint8Array).every((value) => value <= 1);
}

/**
 * No sum of finite floats of 32 bits leaves those of 64, and infinity and NaN never leave a sum. Hundreds of thousands
 * are usual: in eights, so that the processor need not wait for each addition.
 */
function areFinite32(data: Float32Array): boolean {
  let [a, b] = [0, 0];
  const inEights = data.length - (data.length % 8);
  for (let i = 0; i < inEights; i += 8) {
    a += data[i]! + data[i + 1]! + (data[i + 2]! + data[i + 3]!);
    b += data[i + 4]! + data[i + 5]! + (data[i + 6]! + data[i + 7]!);
  }
  for (let i = inEights; i < data.length; i += 1) a += data[i]!;
  return Number.isFinite(a + b);
}

/** Infinity and NaN times 0 leave NaN in a sum. */
function areFinite64(data: Float64Array): boolean {
  let sum = 0;
  for (let i = 0; i < data.length; i += 1) sum += data[i]! * 0;
  return sum === 0;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw invalid("a number is not finite");
  return value;
}

function tensorSize(dtype: Tensor["dtype"], shape: number[]): number {
  return elementCount(shape) * bytesPerElement(dtype);
}

function skipPadding(bytes: Uint8Array, from: number): number {
  const end = align(from);
  if (end > bytes.length) throw invalid("the frame ends inside its padding");
  for (let i = from; i < end; i += 1) if (bytes[i] !== 0) throw invalid("padding is not zero");
  return end;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw invalid("the text is not JSON in UTF-8"); // the parser's own words repeat the input
  }
}

function looksLikeTensor(value: object): boolean {
  const keys = Object.keys(value);
  return keys.length === 3 && keys.every((key) => key === "dtype" || key === "shape" || key === "data");
}

function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every((n) => typeof n === "number");
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    [Object.prototype, null].includes(Object.getPrototypeOf(value))
  );
}

function align(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function invalid(problem: string): SubforgeError<"MESSAGE_INVALID"> {
  return new SubforgeError("MESSAGE_INVALID", { problem });
}
