import type { ModelRun } from "../../shared/template.ts";
import type { GraphSketch, NodeSketch } from "./model-graph.ts";
import type { StoredTensor } from "./model-tensor.ts";

/** How far two machines that run the same model may be apart. */
export type Arithmetic = Extract<ModelRun, { y: unknown }>["precision"];

/** ONNX's numbers of element types with fewer than 24 bits of mantissa: float16, bfloat16, and the four of 8 bits. */
const HALF_TYPES: ReadonlySet<number> = new Set([10, 16, 17, 18, 19, 20]);

/** Operators that compute on whole numbers. */
const INTEGER = new Set([
  "MatMulInteger",
  "ConvInteger",
  "QLinearMatMul",
  "QLinearConv",
  "QLinearAdd",
  "QLinearMul",
]);

/** Operators that only move values, compare them, or round once: the same on every machine. */
const EXACT = new Set([
  ...[
    "Cast",
    "Clip",
    "Concat",
    "Constant",
    "DequantizeLinear",
    "Expand",
    "Flatten",
    "Gather",
    "Identity",
    "MaxPool",
  ],
  ...[
    "Pad",
    "QuantizeLinear",
    "Relu",
    "Reshape",
    "Shape",
    "Slice",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
  ],
]);

/**
 * By the operators and tensors of a file. Whole numbers alone promise the same bits everywhere: a single operator that
 * adds fractions, in whatever order a machine likes, makes it float32.
 */
export function arithmeticOf(bodies: readonly GraphSketch[], tensors: readonly StoredTensor[]): Arithmetic {
  const nodes = bodies.flatMap((body) => [...everyNode(body)]);
  const isHalf =
    tensors.some(({ type }) => HALF_TYPES.has(type)) ||
    nodes.some(({ numbers }) => HALF_TYPES.has(numbers.get("to")?.[0] ?? 0)) ||
    bodies.some(({ inputs, outputs }) => [...inputs, ...outputs].some(({ dtype }) => dtype === "float16"));
  if (isHalf) return "float16";
  const isWhole = nodes.every(({ op }) => INTEGER.has(op) || EXACT.has(op));
  return isWhole && nodes.some(({ op }) => INTEGER.has(op)) ? "integer" : "float32";
}

/** Those of inner graphs too. */
export function* everyNode(graph: GraphSketch): Generator<NodeSketch> {
  for (const node of graph.nodes) {
    yield node;
    for (const inner of node.graphs) yield* everyNode(inner);
  }
}
