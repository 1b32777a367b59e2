/*
 * A writer for tiny ONNX files, for tests: just enough protobuf to say what the guard and the runtime read.
 * Source of the field numbers: onnx/onnx, onnx/onnx.proto.
 */

const FLOAT = 1;
const INT64 = 7;

/** A dimension: a size, or the name of one that the request chooses. */
type Dimension = number | string;

type Node = { op: string; inputs: string[]; outputs: string[]; domain?: string; attributes?: Uint8Array[] };

type Graph = {
  nodes: Node[];
  inputs: [name: string, shape: Dimension[], type?: number][];
  outputs: [name: string, shape: Dimension[], type?: number][];
  weights?: Uint8Array[];
};

export function onnxFile(graph: Graph, { opset = 17, domain = "" } = {}): Uint8Array {
  return join(number(1, 8), field(7, onnxGraph(graph)), field(8, text(1, domain), number(2, opset)));
}

export function onnxGraph({ nodes, inputs, outputs, weights = [] }: Graph): Uint8Array {
  return join(
    ...nodes.map((node) => field(1, onnxNode(node))),
    text(2, "graph"),
    ...weights.map((weight) => field(5, weight)),
    ...inputs.map((port) => field(11, onnxPort(port))),
    ...outputs.map((port) => field(12, onnxPort(port))),
  );
}

/** float32 values inside the file. */
export function weight(name: string, shape: number[], values: number[]): Uint8Array {
  return join(
    ...shape.map((size) => number(1, size)),
    number(2, FLOAT),
    text(8, name),
    field(9, new Uint8Array(Float32Array.from(values).buffer)),
  );
}

/** Values in another file. */
export function externalWeight(name: string, shape: number[], location: string): Uint8Array {
  return join(
    ...shape.map((size) => number(1, size)),
    number(2, FLOAT),
    text(8, name),
    field(13, text(1, "location"), text(2, location)),
    number(14, 1),
  );
}

/** An attribute that is a graph: the body of a loop or branch. */
export function graphAttribute(name: string, graph: Uint8Array): Uint8Array {
  return join(text(1, name), field(6, graph), number(20, 5));
}

/** y = 2x, row by row: x and y are float32 [rows, columns]. */
export function doubler(rows: Dimension = "rows", columns: Dimension = 2): Uint8Array {
  return onnxFile({
    nodes: [{ op: "Add", inputs: ["x", "x"], outputs: ["y"] }],
    inputs: [["x", [rows, columns]]],
    outputs: [["y", [rows, columns]]],
  });
}

/**
 * y = the sum of all rows, but says that y has as many rows as x: a file that lies about its rows.
 */
export function liar(): Uint8Array {
  return onnxFile({
    nodes: [{ op: "ReduceSum", inputs: ["x", "axis"], outputs: ["y"] }],
    inputs: [["x", ["rows", 2]]],
    outputs: [["y", ["other", 2]]],
    weights: [int64Weight("axis", [1], new BigInt64Array(1))],
  });
}

/** y = x multiplied by itself `2^exponent` times over: as slow as one likes. x is float32 [rows, size]. */
export function slowModel(layers: number, size: number): Uint8Array {
  const identity = Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  return onnxFile({
    nodes: Array.from({ length: layers }, (_, i) => ({
      op: "MatMul",
      inputs: [i === 0 ? "x" : `h${i}`, "w"],
      outputs: [i === layers - 1 ? "y" : `h${i + 1}`],
    })),
    inputs: [["x", ["rows", size]]],
    outputs: [["y", ["rows", size]]],
    weights: [weight("w", [size, size], identity)],
  });
}

/**
 * y = x. On its way it holds rows to the power of 23 numbers: 32 MB for two rows, and for four rows more than any
 * machine can address, so that the runtime itself says that memory ran out.
 */
export function hungryModel(): Uint8Array {
  const keep = intAttribute("keepdims", 0);
  return onnxFile({
    nodes: [
      { op: "Shape", inputs: ["x"], outputs: ["shape"] },
      { op: "Gather", inputs: ["shape", "first"], outputs: ["rows"] },
      {
        op: "Concat",
        inputs: Array<string>(23).fill("rows"),
        outputs: ["cube"],
        attributes: [intAttribute("axis", 0)],
      },
      { op: "ConstantOfShape", inputs: ["cube"], outputs: ["zeros"] },
      { op: "ReduceMax", inputs: ["zeros"], outputs: ["zero"], attributes: [keep] },
      { op: "Add", inputs: ["x", "zero"], outputs: ["y"] },
    ],
    inputs: [["x", ["rows", 2]]],
    outputs: [["y", ["rows", 2]]],
    weights: [int64Weight("first", [1], new BigInt64Array(1))],
  });
}

/** y = x. On its way it holds as many numbers as the largest value says: one row may ask for more than there is. */
export function greedyModel(): Uint8Array {
  const keep = intAttribute("keepdims", 0);
  return onnxFile({
    nodes: [
      { op: "ReduceMax", inputs: ["x"], outputs: ["most"], attributes: [keep] },
      { op: "Cast", inputs: ["most"], outputs: ["count"], attributes: [intAttribute("to", INT64)] },
      { op: "Reshape", inputs: ["count", "one"], outputs: ["counts"] },
      { op: "ConstantOfShape", inputs: ["counts"], outputs: ["zeros"] },
      { op: "ReduceSum", inputs: ["zeros"], outputs: ["zero"], attributes: [keep] },
      { op: "Add", inputs: ["x", "zero"], outputs: ["y"] },
    ],
    inputs: [["x", ["rows", 2]]],
    outputs: [["y", ["rows", 2]]],
    weights: [int64Weight("one", [1], BigInt64Array.of(1n))],
  });
}

export function intAttribute(name: string, value: number): Uint8Array {
  return join(text(1, name), number(3, value), number(20, 2));
}

function int64Weight(name: string, shape: number[], values: BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer);
  return join(...shape.map((size) => number(1, size)), number(2, INT64), text(8, name), field(9, bytes));
}

function onnxNode({ op, inputs, outputs, domain = "", attributes = [] }: Node): Uint8Array {
  return join(
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...attributes.map((attribute) => field(5, attribute)),
    ...(domain ? [text(7, domain)] : []),
  );
}

function onnxPort([name, shape, type = FLOAT]: Graph["inputs"][number]): Uint8Array {
  const dimensions = shape.map((size) =>
    field(1, typeof size === "number" ? number(1, size) : text(2, size)),
  );
  return join(text(1, name), field(2, field(1, number(1, type), field(2, ...dimensions))));
}

export function number(id: number, value: number): Uint8Array {
  return join(varint(id * 8), varint(value));
}

export function field(id: number, ...parts: Uint8Array[]): Uint8Array {
  const body = join(...parts);
  return join(varint(id * 8 + 2), varint(body.length), body);
}

export function text(id: number, value: string): Uint8Array {
  return field(id, Buffer.from(value));
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
