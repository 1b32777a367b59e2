import { type Dtype, type Tensor, tensorBytes } from "./tensor.ts";

/** A named value that goes in or out. A dimension that is a name may have any size. */
type OnnxValue = { name: string; dtype: Dtype; shape: readonly (number | string)[] };

type OnnxNode = {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  /** Of the operator. Default: the standard ones. Only what `ML_DOMAIN` names comes with the runtime besides. */
  domain?: typeof ML_DOMAIN;
  attributes?: Record<string, OnnxAttribute>;
};

/**
 * A whole number becomes INT, a list of them INTS, a `Float32Array` FLOATS, a text STRING, a list of them STRINGS, a graph
 * GRAPH: it may use the names of the graph around it, but not give them again.
 */
export type OnnxAttribute =
  | number
  | readonly number[]
  | Float32Array
  | string
  | readonly string[]
  | OnnxGraph;

/** Operators of classic machine learning: trees, linear models. */
export const ML_DOMAIN = "ai.onnx.ml";

/** A graph in the order it computes. `constants` are the trained values, by the name that nodes use. */
export type OnnxGraph = {
  name: string;
  inputs: readonly OnnxValue[];
  outputs: readonly OnnxValue[];
  nodes: readonly OnnxNode[];
  constants: Record<string, Tensor>;
};

const OPSET = 17;
/** The last one before trees got another form, which older runtimes do not know. */
const ML_OPSET = 3;
/** Version of the file format that came with opset 17. */
const IR_VERSION = 8;

/** Codes of TensorProto.DataType. */
const DTYPE_CODES: Record<Dtype, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
};

/** Codes of AttributeProto.AttributeType. */
const ATTRIBUTE = { int: 2, string: 3, graph: 5, floats: 6, ints: 7, strings: 8 };

/**
 * The bytes of an ONNX file, opset 17. Enough for what this project trains itself: operators that come with the runtime.
 * The same graph gives the same bytes.
 *
 * Source of the field numbers: onnx/onnx, onnx.proto3.
 */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  const opset = message(int(2, OPSET)); // domain (1) left out: the standard operators
  const mlOpset = message(text(1, ML_DOMAIN), int(2, ML_OPSET));
  const usesMl = graph.nodes.some(({ domain }) => domain === ML_DOMAIN);
  return message(
    ...[int(1, IR_VERSION), text(2, "subforge"), bytes(7, graphBytes(graph)), bytes(8, opset)],
    ...(usesMl ? [bytes(8, mlOpset)] : []),
  );
}

function graphBytes({ name, inputs, outputs, nodes, constants }: OnnxGraph): Uint8Array {
  return message(
    ...nodes.map((node) => bytes(1, nodeBytes(node))),
    text(2, name),
    ...Object.entries(constants).map(([key, value]) => bytes(5, tensorProto(key, value))),
    ...inputs.map((value) => bytes(11, valueBytes(value))),
    ...outputs.map((value) => bytes(12, valueBytes(value))),
  );
}

function nodeBytes({ op, inputs, outputs, domain, attributes = {} }: OnnxNode): Uint8Array {
  return message(
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, attributeBytes(name, value))),
    ...(domain === undefined ? [] : [text(7, domain)]),
  );
}

function attributeBytes(name: string, value: OnnxAttribute): Uint8Array {
  const attribute = (type: keyof typeof ATTRIBUTE, ...content: Uint8Array[]) =>
    message(text(1, name), ...content, int(20, ATTRIBUTE[type]));
  if (typeof value === "number") return attribute("int", int(3, value));
  if (typeof value === "string") return attribute("string", text(4, value));
  if (value instanceof Float32Array) return attribute("floats", bytes(7, float32Bytes(value)));
  if ("nodes" in value) return attribute("graph", bytes(6, graphBytes(value)));
  return value.some((item) => typeof item === "string")
    ? attribute("strings", ...value.map((item) => text(9, String(item))))
    : attribute("ints", ...value.map((item) => int(8, Number(item))));
}

/** One after the other, little-endian: packed, which every reader of protobuf takes. */
function float32Bytes(values: Float32Array): Uint8Array {
  return tensorBytes({ dtype: "float32", shape: [values.length], data: values } as Tensor);
}

function tensorProto(name: string, tensor: Tensor): Uint8Array {
  return message(
    ...tensor.shape.map((dimension) => int(1, dimension)),
    int(2, DTYPE_CODES[tensor.dtype]),
    text(8, name),
    bytes(9, tensorBytes(tensor)),
  );
}

function valueBytes({ name, dtype, shape }: OnnxValue): Uint8Array {
  const dimensions = shape.map((size) =>
    bytes(1, typeof size === "number" ? message(int(1, size)) : message(text(2, size))),
  );
  const tensorType = message(int(1, DTYPE_CODES[dtype]), bytes(2, message(...dimensions)));
  return message(text(1, name), bytes(2, message(bytes(1, tensorType))));
}

function message(...fields: Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, Buffer.from(value, "utf8"));
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
}

function int(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** Negative numbers are 64-bit two's complement, ten bytes, as protobuf has it for int64. */
function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const out: number[] = [];
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}
