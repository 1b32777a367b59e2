import { SubforgeError } from "../../shared/errors.ts";
import type { Dtype } from "../../shared/tensor.ts";
import { type Arithmetic, arithmeticOf, everyNode } from "./arithmetic.ts";
import { refuseUnfolding } from "./constant-sizes.ts";
import { FieldReader } from "./field-reader.ts";
import { GraphReader, type GraphSketch } from "./model-graph.ts";
import { ModelProblem, printable } from "./model-problem.ts";
import type { ExternalPart } from "./model-tensor.ts";
import { ProtobufError } from "./protobuf.ts";

/** An input or output. A dimension that a request may choose is null; shape null: the file does not say. Plain JSON. */
export type ModelPort = {
  name: string;
  dtype: Dtype;
  shape: (number | null)[] | null;
  /** What the file calls each open dimension; null where it has a size, or no name. */
  axes?: (string | null)[] | null;
};

/** What an ONNX file says about itself. */
export type ModelInfo = {
  inputs: ModelPort[];
  outputs: ModelPort[];
  /** Version of the standard operators. */
  opset: number;
  nodes: number;
  /** Of the file itself. */
  bytes: number;
  /** Files next to the model that hold its weights, relative paths without "..". */
  externalFiles: string[];
};

/** What was read, and what has to be compared with the files beside it. */
export type InspectedModel = { info: ModelInfo; externalParts: ExternalPart[]; arithmetic: Arithmetic };

/** Protobuf's own limit; a model beyond it keeps its weights in external files. */
export const MAX_MODEL_BYTES = 2 ** 31 - 1;
const MAX_UNFOLDED_NODES = 1_000_000;
const MAX_FUNCTIONS = 4_096;
const MAX_FUNCTION_DEPTH = 64;
const MAX_OPSETS = 64;
const MAX_EXTERNAL_FILES = 4_096;
const MAX_VERSION = 1_000;

/** Domains whose operators come with the runtime. Anything else would need a library that loads native code. */
const KNOWN_DOMAINS = new Set(["", "ai.onnx", "ai.onnx.ml", "com.microsoft"]);

/** Operators that open a file named by the model, or run what is no operator at all. */
const REFUSED_OPERATORS = new Map([
  ["EPContext", "reads files of its own"],
  ["PythonOp", "runs Python"],
  ["PyOp", "runs Python"],
  ["ATen", "runs another library"],
]);

/**
 * Reads the file's protobuf before the native runtime does, and refuses what has no business in a model: other
 * formats, unknown operator domains, weights outside the model's folder, absurd sizes, and what unfolds into them.
 *
 * Source of the field numbers: onnx/onnx, onnx/onnx.proto.
 *
 * @param path - For the message only.
 * @throws SubforgeError MINER_MODEL_INVALID
 */
export function inspectModel(bytes: Uint8Array, path: string): InspectedModel {
  try {
    return readModel(bytes);
  } catch (error) {
    if (error instanceof ModelProblem) throw invalid(path, error.message);
    if (error instanceof ProtobufError) throw invalid(path, `it is no ONNX file: ${error.message}`);
    throw error;
  }
}

/** A function of the file: operators made of operators, which the runtime puts in their place. */
type LocalFunction = { key: string; body: GraphSketch };

function readModel(bytes: Uint8Array): InspectedModel {
  if (bytes.length > MAX_MODEL_BYTES) throw new ModelProblem(`it is larger than ${MAX_MODEL_BYTES} bytes`);
  const reader = new FieldReader();
  const graphs = new GraphReader(reader);
  const functions = new Map<string, LocalFunction>();
  let [irVersion, opset, opsets] = [0, 0, 0];
  let graphBytes: Uint8Array | undefined;
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) irVersion = reader.whole(field);
    if (field.number === 7) graphBytes = reader.once(field, graphBytes, "a graph");
    if (field.number === 8) {
      const { domain, version } = readOpset(reader.bytes(field), reader);
      if (domain === "" || domain === "ai.onnx") opset = version;
      opsets += 1;
    }
    if (field.number === 20) throw new ModelProblem("it holds graphs for training");
    if (field.number === 25) {
      const made = readFunction(reader.bytes(field), reader, graphs);
      if (functions.has(made.key)) throw new ModelProblem(`two functions are called ${printable(made.key)}`);
      functions.set(made.key, made);
    }
    if (functions.size > MAX_FUNCTIONS) throw new ModelProblem(`more than ${MAX_FUNCTIONS} functions`);
    if (opsets > MAX_OPSETS) throw new ModelProblem(`more than ${MAX_OPSETS} sets of operators`);
  }
  if (!graphBytes || irVersion < 1 || irVersion > MAX_VERSION)
    throw new ModelProblem("it is no ONNX file: it has no graph");
  const graph = graphs.read(graphBytes);
  if (opset < 1 || opset > MAX_VERSION)
    throw new ModelProblem("it does not say which standard operators it uses");
  refuseOperators(graph, functions);
  refuseNesting(graph, functions);
  const stored = graphs.tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const bodies = [graph, ...[...functions.values()].map((made) => made.body)];
  for (const body of bodies) refuseUnfolding(body, stored);
  // Old exporters list weights among the inputs, with a default that nobody feeds.
  const weights = new Set(graph.weights.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !weights.has(name));
  if (inputs.length === 0 || graph.outputs.length === 0)
    throw new ModelProblem("it has no inputs or no outputs");
  const externalParts = graphs.tensors.flatMap(({ external }) => external ?? []);
  const externalFiles = [...new Set(externalParts.map(({ file }) => file))];
  if (externalFiles.length > MAX_EXTERNAL_FILES)
    throw new ModelProblem(`its weights lie in more than ${MAX_EXTERNAL_FILES} files`);
  const ports = { inputs, outputs: graph.outputs };
  return {
    info: { ...ports, opset, nodes: graphs.nodes, bytes: bytes.length, externalFiles },
    externalParts,
    arithmetic: arithmeticOf(bodies, graphs.tensors),
  };
}

function refuseOperators(graph: GraphSketch, functions: ReadonlyMap<string, LocalFunction>): void {
  const bodies = [graph, ...[...functions.values()].map(({ body }) => body)];
  for (const { op, domain } of bodies.flatMap((body) => [...everyNode(body)])) {
    const reason = REFUSED_OPERATORS.get(op);
    if (reason) throw new ModelProblem(`the operator ${op} ${reason}`);
    if (!KNOWN_DOMAINS.has(domain) && !functions.has(`${domain}.${op}`))
      throw new ModelProblem(`it uses operators of the unknown domain ${printable(domain)}`);
  }
}

/** A function that calls another twice, which calls another twice: few bytes, and more nodes than any machine holds. */
function refuseNesting(graph: GraphSketch, functions: ReadonlyMap<string, LocalFunction>): void {
  const unfolded = new Map<string, number>();
  const sizeOf = (body: GraphSketch, depth: number): number => {
    if (depth > MAX_FUNCTION_DEPTH)
      throw new ModelProblem(`functions are nested more than ${MAX_FUNCTION_DEPTH} deep`);
    let size = 0;
    for (const { op, domain } of everyNode(body)) {
      size += 1 + callSize(`${domain}.${op}`, depth);
      if (size > MAX_UNFOLDED_NODES)
        throw new ModelProblem(`its functions unfold into more than ${MAX_UNFOLDED_NODES} nodes`);
    }
    return size;
  };
  const callSize = (key: string, depth: number): number => {
    const called = functions.get(key);
    if (!called) return 0;
    const known = unfolded.get(key);
    if (known === Number.POSITIVE_INFINITY) throw new ModelProblem("a function calls itself");
    if (known !== undefined) return known;
    unfolded.set(key, Number.POSITIVE_INFINITY); // while it is measured
    const size = sizeOf(called.body, depth + 1);
    unfolded.set(key, size);
    return size;
  };
  sizeOf(graph, 0);
  for (const { body } of functions.values()) sizeOf(body, 1);
}

function readFunction(bytes: Uint8Array, reader: FieldReader, graphs: GraphReader): LocalFunction {
  const body: GraphSketch = { nodes: [], weights: [], inputs: [], outputs: [] };
  let [name, domain] = ["", ""];
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) name = reader.name(field);
    if (field.number === 7) body.nodes.push(graphs.readNode(reader.bytes(field), 1));
    if (field.number === 10) domain = reader.name(field);
  }
  return { key: `${domain}.${name}`, body };
}

function readOpset(bytes: Uint8Array, reader: FieldReader): { domain: string; version: number } {
  let [domain, version] = ["", 0];
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) domain = reader.name(field);
    if (field.number === 2) version = reader.whole(field);
  }
  return { domain, version };
}

function invalid(path: string, problem: string): SubforgeError {
  return new SubforgeError("MINER_MODEL_INVALID", { path, problem });
}
