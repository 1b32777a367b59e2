import { isSubforgeError } from "../../shared/errors.ts";
import {
  bytesPerElement,
  type Dtype,
  elementCount,
  type Tensor,
  type Tensors,
  tensorFromBytes,
} from "../../shared/tensor.ts";
import type { WireHeaders } from "../../shared/wire/btauth.ts";
import { DATATYPE_NAMES, dtypeOf } from "./datatypes.ts";
import { oipInvalid, printable } from "./invalid.ts";
import { MAX_JSON_VALUES, tensorFromJson } from "./json-values.ts";

/*
 * The body of an inference request: a JSON object, and after it the raw little-endian values of those inputs that have
 * a `binary_data_size`, in the order of the object. Inference-Header-Content-Length says where the object ends. That
 * header is not signed, and need not be: the sizes must add up to the body, so that only one length is accepted.
 *
 * Sources: kserve/open-inference-protocol, inference_rest.md; triton-inference-server/server,
 * docs/protocol/extension_binary_data.md.
 */

export const HEADER_LENGTH = "inference-header-content-length";

/** It is parsed on the loop that serves everybody: tensors of any size travel as binary data. */
export const MAX_JSON_BYTES = 512 * 1_024;
const MAX_TENSORS = 256;
const MAX_DIMENSIONS = 16;
const MAX_NAME_CHARS = 256;
const MAX_ID_CHARS = 256;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Things of other servers that would change the answer: not to know them is not to ignore them. */
const NOT_SERVED = /^(shared_memory_|sequence_|classification$|triton_)/;

export type InferRequest = {
  id: string | undefined;
  feeds: Tensors;
  /** In the order of the reply; undefined for all that the model has. */
  outputs: readonly { name: string; binary: boolean }[] | undefined;
  /** For outputs that are not named. */
  binary: boolean;
};

/**
 * Bytes from a stranger to feeds, which keep nothing of `body`.
 *
 * @param headers - Only Inference-Header-Content-Length is read.
 * @throws SubforgeError OIP_INVALID
 */
export function parseInferRequest(body: Uint8Array, headers: WireHeaders): InferRequest {
  const jsonBytes = jsonLength(headers[HEADER_LENGTH], body.length);
  const { id, inputs, outputs, parameters } = parseObject(body.subarray(0, jsonBytes));
  if (id !== undefined && (typeof id !== "string" || id.length > MAX_ID_CHARS))
    throw oipInvalid(`id is no string of at most ${MAX_ID_CHARS} characters`);
  const binary = flag(parametersOf(parameters, "the request"), "binary_data_output") ?? false;
  return {
    id,
    feeds: parseInputs(inputs, body, jsonBytes),
    outputs: outputs === undefined ? undefined : parseOutputs(outputs, binary),
    binary,
  };
}

function jsonLength(header: WireHeaders[string], bodyBytes: number): number {
  if (header === undefined) return checkJsonLength(bodyBytes);
  const length = typeof header === "string" && /^[0-9]{1,15}$/.test(header) ? Number(header) : undefined;
  if (length === undefined || length > bodyBytes)
    throw oipInvalid("Inference-Header-Content-Length is no length within the body");
  if (length === 0) throw oipInvalid("a body without a JSON object (raw binary request) is not served");
  return checkJsonLength(length);
}

function checkJsonLength(bytes: number): number {
  if (bytes <= MAX_JSON_BYTES) return bytes;
  throw oipInvalid(
    `${bytes} bytes of JSON, more than ${MAX_JSON_BYTES}; send tensors as binary data (binary_data_size)`,
  );
}

function parseInputs(json: unknown, body: Uint8Array, from: number): Tensors {
  const feeds: [string, Tensor][] = [];
  let end = from;
  let room = MAX_JSON_VALUES;
  for (const input of listOf(json, "inputs")) {
    const name = nameOf(input, feeds);
    const [quoted, dtype, shape] = [printable(name), datatypeIn(input, name), shapeIn(input, name)];
    const size = sizeOf(input, quoted);
    if ((size === undefined) === (input.data === undefined))
      throw oipInvalid(`${quoted}: give either data or binary_data_size`);
    if (size === undefined) {
      const tensor = tensorFromJson(quoted, dtype, shape, input.data, room);
      room -= tensor.data.length;
      feeds.push([name, tensor]);
    } else {
      if (size > body.length - end) throw oipInvalid(`${quoted}: binary_data_size goes beyond the body`);
      feeds.push([name, binaryTensor(quoted, dtype, shape, body.subarray(end, end + size))]);
      end += size;
    }
  }
  if (end !== body.length)
    throw oipInvalid("the body is longer than its JSON and the binary_data_size of its inputs");
  return Object.fromEntries(feeds);
}

function binaryTensor(quoted: string, dtype: Dtype, shape: readonly number[], bytes: Uint8Array): Tensor {
  const expected = elementCount(shape) * bytesPerElement(dtype);
  if (bytes.length !== expected)
    throw oipInvalid(`${quoted}: binary_data_size is ${bytes.length}, its shape needs ${expected}`);
  if (dtype === "bool" && bytes.some((byte) => byte > 1))
    throw oipInvalid(`${quoted}: a BOOL is a byte 0 or 1`);
  return tensorFromBytes(dtype, shape, new Uint8Array(bytes));
}

function parseOutputs(json: unknown, binaryByDefault: boolean): InferRequest["outputs"] {
  const outputs: [string, boolean][] = [];
  for (const output of listOf(json, "outputs")) {
    const name = nameOf(output, outputs);
    const parameters = parametersOf(output.parameters, printable(name));
    outputs.push([name, flag(parameters, "binary_data") ?? binaryByDefault]);
  }
  return outputs.map(([name, binary]) => ({ name, binary }));
}

type JsonObject = Record<string, unknown>;

function parseObject(bytes: Uint8Array): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(UTF8.decode(bytes));
  } catch {
    throw oipInvalid("it is not JSON in UTF-8, or Inference-Header-Content-Length is missing or wrong");
  }
  if (!isObject(json)) throw oipInvalid("the JSON is no object");
  return json;
}

function listOf(json: unknown, what: "inputs" | "outputs"): JsonObject[] {
  const isList = Array.isArray(json) && json.length > 0 && json.length <= MAX_TENSORS && json.every(isObject);
  if (!isList) throw oipInvalid(`${what} is no list of 1 to ${MAX_TENSORS} objects`);
  return json;
}

function nameOf({ name }: JsonObject, before: readonly [string, unknown][]): string {
  // An object of ours is going to have this key.
  if (typeof name !== "string" || name === "" || name.length > MAX_NAME_CHARS || name === "__proto__")
    throw oipInvalid(`a name is no string of 1 to ${MAX_NAME_CHARS} characters`);
  if (before.some(([other]) => other === name)) throw oipInvalid(`${printable(name)} is named twice`);
  return name;
}

function datatypeIn({ datatype }: JsonObject, name: string): Dtype {
  const dtype = dtypeOf(datatype);
  if (dtype) return dtype;
  if (datatype === "BYTES")
    throw oipInvalid(`${printable(name)}: BYTES is not served; no model here takes strings`);
  throw oipInvalid(`${printable(name)}: datatype is none of ${DATATYPE_NAMES.join(", ")}`);
}

function shapeIn({ shape }: JsonObject, name: string): number[] {
  const isShape =
    Array.isArray(shape) &&
    shape.length <= MAX_DIMENSIONS &&
    shape.every((size) => Number.isSafeInteger(size) && (size as number) > 0);
  if (!isShape)
    throw oipInvalid(`${printable(name)}: shape is no list of at most ${MAX_DIMENSIONS} numbers >= 1`);
  try {
    elementCount(shape);
  } catch (error) {
    if (isSubforgeError(error, "TENSOR_INVALID"))
      throw oipInvalid(`${printable(name)}: ${error.details.problem}`);
    throw error;
  }
  return shape;
}

/** @returns undefined for an input whose values are in the JSON. */
function sizeOf(input: JsonObject, quoted: string): number | undefined {
  const size = parametersOf(input.parameters, quoted).binary_data_size;
  if (size === undefined) return undefined;
  if (!Number.isSafeInteger(size) || (size as number) < 0)
    throw oipInvalid(`${quoted}: binary_data_size is no number of bytes`);
  return size as number;
}

/** Unknown ones are hints that change nothing here; `timeout` and `priority` are such. */
function parametersOf(json: unknown, what: string): JsonObject {
  if (json === undefined) return {};
  if (!isObject(json)) throw oipInvalid(`${what}: parameters is no object`);
  for (const [key, value] of Object.entries(json)) {
    if (NOT_SERVED.test(key)) throw oipInvalid(`${what}: parameter ${printable(key)} is not served`);
    if (typeof value === "object") throw oipInvalid(`${what}: parameter ${printable(key)} is no plain value`);
  }
  return json;
}

function flag(parameters: JsonObject, name: string): boolean | undefined {
  const value = parameters[name];
  if (value !== undefined && typeof value !== "boolean")
    throw oipInvalid(`${name} is neither true nor false`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
