import { SubforgeError } from "../../shared/errors.ts";
import type { Dtype } from "../../shared/tensor.ts";
import { type Field, fieldsOf, ProtobufError } from "./protobuf.ts";

/** An input or output. A dimension that a request may choose is null; shape null: the file does not say. Plain JSON. */
export type ModelPort = { name: string; dtype: Dtype; shape: (number | null)[] | null };

/** What an ONNX file says about itself. */
export type ModelInfo = {
  inputs: ModelPort[];
  outputs: ModelPort[];
  /** Version of the standard operators. */
  opset: number;
  nodes: number;
  bytes: number;
  /** Files next to the model that hold its weights, relative paths without "..". */
  externalFiles: string[];
};

/** Protobuf's own limit; a model beyond it keeps its weights in external files. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;
const MAX_NODES = 1_000_000;
const MAX_FIELDS = 20_000_000;
const MAX_GRAPH_DEPTH = 16;
const MAX_PORTS = 256;
const MAX_ELEMENTS = 2 ** 33;

/** Domains whose operators come with the runtime. Anything else would need a library that loads native code. */
const KNOWN_DOMAINS = new Set(["", "ai.onnx", "ai.onnx.ml", "com.microsoft"]);

/** Operators that open a file named by the model. */
const FILE_OPERATORS = new Set(["EPContext"]);

/** ONNX's numbers of element types. */
const DTYPES: Record<number, Dtype> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
};
const EXTERNAL_LOCATION = 1;

/**
 * Reads the file's protobuf before the native runtime does, and refuses what has no business in a model: other
 * formats, unknown operator domains, weights outside the model's folder, absurd sizes.
 *
 * Source of the field numbers: onnx/onnx, onnx/onnx.proto.
 *
 * @param path - For the message only.
 * @throws SubforgeError MINER_MODEL_INVALID
 */
export function inspectModel(bytes: Uint8Array, path: string): ModelInfo {
  try {
    return readModel(bytes);
  } catch (error) {
    if (error instanceof ModelProblem) throw invalid(path, error.message);
    if (error instanceof ProtobufError) throw invalid(path, `it is no ONNX file: ${error.message}`);
    throw error;
  }
}

class ModelProblem extends Error {}

/** Counted over the whole file, nested graphs included. */
type Tally = { nodes: number; fields: number; domains: Set<string>; externalFiles: Set<string> };

function readModel(bytes: Uint8Array): ModelInfo {
  if (bytes.length > MAX_MODEL_BYTES) throw new ModelProblem(`it is larger than ${MAX_MODEL_BYTES} bytes`);
  const tally: Tally = { nodes: 0, fields: 0, domains: new Set(), externalFiles: new Set() };
  const functionDomains = new Set<string>();
  let irVersion = 0;
  let opset = 0;
  let graph: Uint8Array | undefined;
  for (const field of counted(bytes, tally)) {
    if (field.number === 1) irVersion = field.varint;
    if (field.number === 7) graph = nested(field);
    if (field.number === 8) {
      const { domain, version } = readOpset(nested(field), tally);
      if (domain === "" || domain === "ai.onnx") opset = version;
    }
    if (field.number === 25) functionDomains.add(readFunction(nested(field), tally));
  }
  if (!graph || irVersion < 1 || irVersion > 1_000)
    throw new ModelProblem("it is no ONNX file: it has no graph");
  const ports = readGraph(graph, tally, 1);
  if (opset < 1) throw new ModelProblem("it does not say which standard operators it uses");
  for (const domain of tally.domains) {
    if (!KNOWN_DOMAINS.has(domain) && !functionDomains.has(domain)) {
      throw new ModelProblem(`it uses operators of the unknown domain ${printable(domain)}`);
    }
  }
  if (ports.inputs.length === 0 || ports.outputs.length === 0)
    throw new ModelProblem("it has no inputs or no outputs");
  return {
    inputs: ports.inputs,
    outputs: ports.outputs,
    opset,
    nodes: tally.nodes,
    bytes: bytes.length,
    externalFiles: [...tally.externalFiles],
  };
}

function readGraph(bytes: Uint8Array, tally: Tally, depth: number): Pick<ModelInfo, "inputs" | "outputs"> {
  if (depth > MAX_GRAPH_DEPTH) throw new ModelProblem(`graphs are nested more than ${MAX_GRAPH_DEPTH} deep`);
  const inputs: ModelPort[] = [];
  const outputs: ModelPort[] = [];
  const weights = new Set<string>();
  for (const field of counted(bytes, tally)) {
    if (field.number === 1) readNode(nested(field), tally, depth);
    if (field.number === 5) weights.add(readTensor(nested(field), tally));
    if (field.number === 15) readSparse(nested(field), tally);
    // Only the outermost graph is called with tensors of ours; those of a loop may have types we never see.
    if (depth === 1 && field.number === 11) inputs.push(readPort(nested(field), tally));
    if (depth === 1 && field.number === 12) outputs.push(readPort(nested(field), tally));
    if (inputs.length + outputs.length > MAX_PORTS)
      throw new ModelProblem(`more than ${MAX_PORTS} inputs and outputs`);
  }
  // Old exporters list weights among the inputs, with a default that nobody feeds.
  return { inputs: inputs.filter(({ name }) => !weights.has(name)), outputs };
}

function readNode(bytes: Uint8Array, tally: Tally, depth: number): void {
  tally.nodes += 1;
  if (tally.nodes > MAX_NODES) throw new ModelProblem(`more than ${MAX_NODES} nodes`);
  let domain = "";
  for (const field of counted(bytes, tally)) {
    if (field.number === 4 && FILE_OPERATORS.has(text(field))) {
      throw new ModelProblem(`the operator ${text(field)} reads files of its own`);
    }
    if (field.number === 5) readAttribute(nested(field), tally, depth);
    if (field.number === 7) domain = text(field);
  }
  tally.domains.add(domain);
}

function readAttribute(bytes: Uint8Array, tally: Tally, depth: number): void {
  for (const field of counted(bytes, tally)) {
    if (field.number === 5 || field.number === 10) readTensor(nested(field), tally);
    if (field.number === 6 || field.number === 11) readGraph(nested(field), tally, depth + 1);
    if (field.number === 22 || field.number === 23) readSparse(nested(field), tally);
  }
}

function readSparse(bytes: Uint8Array, tally: Tally): void {
  for (const field of counted(bytes, tally)) {
    if (field.number === 1 || field.number === 2) readTensor(nested(field), tally);
  }
}

/** @returns The tensor's name. */
function readTensor(bytes: Uint8Array, tally: Tally): string {
  let elements = 1;
  let name = "";
  let location: string | undefined;
  let isExternal = false;
  for (const field of counted(bytes, tally)) {
    if (field.number === 1) for (const dimension of numbers(field)) elements *= dimension;
    if (field.number === 8) name = text(field);
    if (field.number === 13) {
      const [key, value] = readEntry(nested(field), tally);
      if (key === "location") location = value;
    }
    if (field.number === 14) isExternal = field.varint === EXTERNAL_LOCATION;
  }
  if (elements > MAX_ELEMENTS) throw new ModelProblem("a tensor's shape is absurdly large");
  if (isExternal || location !== undefined) tally.externalFiles.add(confined(location));
  return name;
}

/** A path that stays in the model's folder, on every system. */
function confined(location: string | undefined): string {
  const parts = (location ?? "").split("/");
  const leaves = parts.some((part) => part === "" || part === "." || part === "..");
  if (location === undefined || leaves || /[\\:\0]/.test(location)) {
    throw new ModelProblem(`it reads weights outside its folder: ${printable(location ?? "")}`);
  }
  return location;
}

function readFunction(bytes: Uint8Array, tally: Tally): string {
  let domain = "";
  for (const field of counted(bytes, tally)) {
    if (field.number === 7) readNode(nested(field), tally, 1);
    if (field.number === 10) domain = text(field);
  }
  return domain;
}

function readOpset(bytes: Uint8Array, tally: Tally): { domain: string; version: number } {
  let [domain, version] = ["", 0];
  for (const field of counted(bytes, tally)) {
    if (field.number === 1) domain = text(field);
    if (field.number === 2) version = field.varint;
  }
  return { domain, version };
}

function readPort(bytes: Uint8Array, tally: Tally): ModelPort {
  let name = "";
  let port: Pick<ModelPort, "dtype" | "shape"> | undefined;
  for (const field of counted(bytes, tally)) {
    if (field.number === 1) name = text(field);
    if (field.number !== 2) continue;
    for (const type of counted(nested(field), tally))
      if (type.number === 1) port = readTensorType(nested(type), tally);
  }
  if (!port) throw new ModelProblem(`${printable(name)} is no tensor`);
  return { name, ...port };
}

function readTensorType(bytes: Uint8Array, tally: Tally): Pick<ModelPort, "dtype" | "shape"> {
  let dtype: Dtype | undefined;
  let shape: (number | null)[] | null = null;
  for (const field of counted(bytes, tally)) {
    if (field.number === 1) dtype = DTYPES[field.varint];
    if (field.number !== 2) continue;
    shape = [];
    for (const dimension of counted(nested(field), tally)) {
      if (dimension.number === 1) shape.push(readDimension(nested(dimension), tally));
    }
  }
  if (!dtype) throw new ModelProblem("an input or output has an element type that cannot travel");
  return { dtype, shape };
}

/** @returns null for a dimension that has a name or nothing instead of a size. */
function readDimension(bytes: Uint8Array, tally: Tally): number | null {
  let size: number | null = null;
  for (const field of counted(bytes, tally)) if (field.number === 1) size = field.varint;
  return size !== null && size > MAX_ELEMENTS ? null : size; // -1, as some exporters write "any"
}

function readEntry(bytes: Uint8Array, tally: Tally): [string, string] {
  let [key, value] = ["", ""];
  for (const field of counted(bytes, tally)) {
    if (field.number === 1) key = text(field);
    if (field.number === 2) value = text(field);
  }
  return [key, value];
}

/** Repeated numbers: packed into one field, or one field each. */
function* numbers(field: Field): Generator<number> {
  if (!field.bytes) {
    yield field.varint;
    return;
  }
  let value = 0;
  let scale = 1;
  for (const byte of field.bytes) {
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte >= 0x80) continue;
    yield value;
    value = 0;
    scale = 1;
  }
}

function* counted(bytes: Uint8Array, tally: Tally): Generator<Field> {
  for (const field of fieldsOf(bytes)) {
    tally.fields += 1;
    if (tally.fields > MAX_FIELDS) throw new ModelProblem(`more than ${MAX_FIELDS} fields`);
    yield field;
  }
}

function nested({ number, bytes }: Field): Uint8Array {
  if (!bytes) throw new ProtobufError(`field ${number} is a number where a message belongs`);
  return bytes;
}

function text(field: Field): string {
  return Buffer.from(nested(field)).toString("utf8");
}

/** For a message on a terminal: what a stranger wrote, short and without control characters. */
function printable(value: string): string {
  return JSON.stringify(value.slice(0, 80));
}

function invalid(path: string, problem: string): SubforgeError {
  return new SubforgeError("MINER_MODEL_INVALID", { path, problem });
}
