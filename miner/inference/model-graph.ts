import type { Dtype } from "../../shared/tensor.ts";
import { type FieldReader, numbersOf } from "./field-reader.ts";
import type { ModelPort } from "./model-guard.ts";
import { countElements, ModelProblem, printable } from "./model-problem.ts";
import { readSparse, readTensor, type StoredTensor } from "./model-tensor.ts";

/** What is known of a node without running it. */
export type NodeSketch = {
  op: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  /** Attributes that are one whole number or a few. */
  numbers: ReadonlyMap<string, number[]>;
  /** Tensors among the attributes, by name. */
  tensors: ReadonlyMap<string, StoredTensor>;
  graphs: GraphSketch[];
};

export type GraphSketch = {
  nodes: NodeSketch[];
  weights: StoredTensor[];
  inputs: ModelPort[];
  outputs: ModelPort[];
};

const MAX_NODES = 100_000;
const MAX_GRAPH_DEPTH = 16;
const MAX_PORTS = 256;
const MAX_NODE_PORTS = 65_536;
const MAX_ATTRIBUTES = 256;
/** Lists of trees are long; an attribute that is longer belongs into a tensor. */
const MAX_ATTRIBUTE_BYTES = 2 ** 28;
const MAX_ELEMENTS = 2 ** 33;
const MAX_READ_NUMBERS = 256;

/** Shared by the many nodes that have no such attribute. */
const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

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

/** Reads graphs of one file, and counts over all of them. */
export class GraphReader {
  readonly #reader: FieldReader;
  #nodes = 0;
  /** Every tensor of the file, wherever it lies. */
  readonly tensors: StoredTensor[] = [];

  constructor(reader: FieldReader) {
    this.#reader = reader;
  }

  get nodes(): number {
    return this.#nodes;
  }

  /**
   * A GraphProto.
   *
   * @param depth - 1 for the outermost: only that one is called with tensors of ours; those of a loop may have types we
   * never see.
   * @throws ModelProblem, ProtobufError
   */
  read(bytes: Uint8Array, depth = 1): GraphSketch {
    if (depth > MAX_GRAPH_DEPTH)
      throw new ModelProblem(`graphs are nested more than ${MAX_GRAPH_DEPTH} deep`);
    const graph: GraphSketch = { nodes: [], weights: [], inputs: [], outputs: [] };
    for (const field of this.#reader.fields(bytes)) {
      if (field.number === 1) graph.nodes.push(this.readNode(this.#reader.bytes(field), depth));
      if (field.number === 5) graph.weights.push(this.#tensor(this.#reader.bytes(field)));
      if (field.number === 15) this.tensors.push(...readSparse(this.#reader.bytes(field), this.#reader));
      if (depth > 1 || (field.number !== 11 && field.number !== 12)) continue;
      const ports = field.number === 11 ? graph.inputs : graph.outputs;
      ports.push(readPort(this.#reader.bytes(field), this.#reader));
      if (ports.length > MAX_PORTS) throw new ModelProblem(`more than ${MAX_PORTS} inputs or outputs`);
    }
    refuseTwins(
      graph.weights.map(({ name }) => name),
      "weights",
    );
    refuseTwins(
      graph.nodes.flatMap(({ outputs }) => outputs),
      "results",
    );
    refuseTwins(
      graph.inputs.map(({ name }) => name),
      "inputs",
    );
    refuseTwins(
      graph.outputs.map(({ name }) => name),
      "outputs",
    );
    return graph;
  }

  readNode(bytes: Uint8Array, depth: number): NodeSketch {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES) throw new ModelProblem(`more than ${MAX_NODES} nodes`);
    const reader = this.#reader;
    const node: NodeSketch = {
      ...{ op: "", domain: "", inputs: [], outputs: [] },
      ...{ numbers: NOTHING, tensors: NOTHING, graphs: [] },
    };
    let attributes = 0;
    for (const field of reader.fields(bytes)) {
      if (field.number === 1) node.inputs.push(reader.name(field));
      if (field.number === 2) node.outputs.push(reader.name(field));
      if (field.number === 4) node.op = reader.name(field);
      if (field.number === 7) node.domain = reader.name(field);
      if (field.number !== 5) continue;
      attributes += 1;
      if (attributes > MAX_ATTRIBUTES)
        throw new ModelProblem(`a node has more than ${MAX_ATTRIBUTES} attributes`);
      this.#readAttribute(reader.bytes(field), node, depth);
    }
    if (node.inputs.length + node.outputs.length > MAX_NODE_PORTS)
      throw new ModelProblem(`a node has more than ${MAX_NODE_PORTS} inputs and outputs`);
    return node;
  }

  #readAttribute(bytes: Uint8Array, node: NodeSketch, depth: number): void {
    const reader = this.#reader;
    const numbers: number[] = [];
    let [name, valueBytes] = ["", 0];
    let tensor: Uint8Array | undefined;
    let graph: Uint8Array | undefined;
    for (const field of reader.fields(bytes)) {
      if (field.number === 1) name = reader.name(field);
      if (field.number === 3) numbers.push(reader.whole(field));
      if (field.number === 8 && numbers.length < MAX_READ_NUMBERS) numbers.push(...firstNumbers(field));
      if (field.number === 5) tensor = reader.once(field, tensor, "a value of an attribute");
      if (field.number === 6) graph = reader.once(field, graph, "a graph of an attribute");
      if (field.number === 10) this.#tensor(reader.bytes(field));
      if (field.number === 11) node.graphs.push(this.read(reader.bytes(field), depth + 1));
      if (field.number === 22 || field.number === 23)
        this.tensors.push(...readSparse(reader.bytes(field), reader));
      if (field.number === 4 || (field.number >= 7 && field.number <= 9))
        valueBytes += field.bytes?.length ?? 4;
    }
    if (valueBytes > MAX_ATTRIBUTE_BYTES)
      throw new ModelProblem(`the attribute ${printable(name)} takes ${valueBytes} bytes`);
    if (tensor) node.tensors = new Map(node.tensors).set(name, this.#tensor(tensor));
    if (graph) node.graphs.push(this.read(graph, depth + 1));
    if (numbers.length > 0) node.numbers = new Map(node.numbers).set(name, numbers);
  }

  #tensor(bytes: Uint8Array): StoredTensor {
    const tensor = readTensor(bytes, this.#reader);
    this.tensors.push(tensor);
    return tensor;
  }
}

function firstNumbers(field: Parameters<typeof numbersOf>[0]): number[] {
  return [...numbersOf(field, MAX_READ_NUMBERS, "cut")];
}

function refuseTwins(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (name !== "" && seen.has(name)) throw new ModelProblem(`two ${what} are called ${printable(name)}`);
    seen.add(name);
  }
}

function readPort(bytes: Uint8Array, reader: FieldReader): ModelPort {
  let name = "";
  let type: Uint8Array | undefined;
  let tensorType: Uint8Array | undefined;
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) name = reader.name(field);
    if (field.number === 2) type = reader.once(field, type, "the type of an input or output");
  }
  for (const field of reader.fields(type ?? new Uint8Array())) {
    if (field.number === 1) tensorType = reader.once(field, tensorType, "the type of an input or output");
  }
  if (!tensorType) throw new ModelProblem(`${printable(name)} is no tensor`);
  return { name, ...readTensorType(tensorType, name, reader) };
}

function readTensorType(bytes: Uint8Array, name: string, reader: FieldReader): Omit<ModelPort, "name"> {
  let dtype: Dtype | undefined;
  let shapeBytes: Uint8Array | undefined;
  for (const field of reader.fields(bytes)) {
    if (field.number === 1) dtype = DTYPES[reader.whole(field)];
    if (field.number === 2) shapeBytes = reader.once(field, shapeBytes, "the shape of an input or output");
  }
  if (!dtype) throw new ModelProblem("an input or output has an element type that cannot travel");
  if (!shapeBytes) return { dtype, shape: null, axes: null };
  const sizes: { size: number | null; name: string | null }[] = [];
  for (const field of reader.fields(shapeBytes)) {
    if (field.number === 1) sizes.push(readDimension(reader.bytes(field), reader));
    if (sizes.length > MAX_PORTS) throw new ModelProblem(`more than ${MAX_PORTS} dimensions`);
  }
  const shape = sizes.map(({ size }) => size);
  countElements(
    shape.map((size) => size ?? 1),
    MAX_ELEMENTS,
    `the input or output ${printable(name)}`,
  );
  return { dtype, shape, axes: sizes.map((axis) => axis.name) };
}

/** Without a size when it has a name or nothing instead. */
function readDimension(bytes: Uint8Array, reader: FieldReader): { size: number | null; name: string | null } {
  let size: number | null = null;
  let name: string | null = null;
  for (const field of reader.fields(bytes)) {
    // The last of both counts, as in protobuf: a dimension is either.
    if (field.number === 1) [size, name] = [reader.whole(field), null];
    if (field.number === 2) [size, name] = [null, reader.name(field) || null];
  }
  return size === -1 ? { size: null, name: null } : { size, name }; // -1, as some exporters write "any"
}
