import { type OnnxGraph, writeOnnx } from "../../shared/onnx-writer.ts";
import { tensor } from "../../shared/tensor.ts";
import type { Perceptron } from "./perceptron.ts";

type Nodes = OnnxGraph["nodes"];
type Constants = OnnxGraph["constants"];

/** A piece of a graph: from `z` [N, L], a window in its own units, to `step` [N, 1] in the same. */
export type StepPart = { nodes: Nodes; constants: Constants };

/** Keeps a window whose values are all the same from being divided by nothing. */
const LEAST_DEVIATION = 1e-12;

/**
 * An inferer: x float32 [N, L, F] to y float32 [N, 1]. What `part` says is in units of the window: its mean is 0 and its
 * deviation 1, so that one model fits a series in cents and one in thousands.
 *
 * @param part - Undefined: the last value.
 */
export function infererOnnx(name: string, length: number, features: number, part?: StepPart): Uint8Array {
  const scale: Nodes = [
    { op: "ReduceMean", inputs: ["v"], outputs: ["mean"], attributes: { axes: [1], keepdims: 1 } },
    { op: "Sub", inputs: ["v", "mean"], outputs: ["centred"] },
    { op: "Mul", inputs: ["centred", "centred"], outputs: ["squares"] },
    { op: "ReduceMean", inputs: ["squares"], outputs: ["variance"], attributes: { axes: [1], keepdims: 1 } },
    { op: "Sqrt", inputs: ["variance"], outputs: ["deviation"] },
    { op: "Max", inputs: ["deviation", "least"], outputs: ["unit"] },
    { op: "Div", inputs: ["centred", "unit"], outputs: ["z"] },
  ];
  const unscale: Nodes = [
    { op: "Mul", inputs: ["step", "unit"], outputs: ["moved"] },
    { op: "Add", inputs: ["moved", "mean"], outputs: ["y"] },
  ];
  const last: Nodes = [{ op: "Gather", inputs: ["v", "newest"], outputs: ["y"], attributes: { axis: 1 } }];
  return writeOnnx({
    name,
    inputs: [{ name: "x", dtype: "float32", shape: ["N", length, features] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["N", 1] }],
    nodes: [
      { op: "Gather", inputs: ["x", "value"], outputs: ["v"], attributes: { axis: 2 } },
      ...(part ? [...scale, ...part.nodes, ...unscale] : last),
    ],
    constants: {
      value: tensor("int64", [], BigInt64Array.of(0n)), // the first feature is the series itself
      ...(part
        ? { least: tensor("float32", [], Float32Array.of(LEAST_DEVIATION)), ...part.constants }
        : { newest: tensor("int64", [1], BigInt64Array.of(BigInt(length - 1))) }),
    },
  });
}

/** One weight for each step of the window. */
export function linearPart(weights: ArrayLike<number>): StepPart {
  return {
    nodes: [{ op: "MatMul", inputs: ["z", "w"], outputs: ["step"] }],
    constants: { w: tensor("float32", [weights.length, 1], Float32Array.from(weights)) },
  };
}

/** What the perceptron says is added to the newest value. */
export function perceptronPart(net: Perceptron): StepPart {
  return {
    nodes: [...perceptronNodes("z", "change"), ...addNewest],
    constants: { ...perceptronConstants(net), ...newestOf(net.inputs) },
  };
}

/** What the node says, from `z` to `change` [N, 1], is added to the newest value. */
export function nodePart(node: Nodes[number], length: number): StepPart {
  return { nodes: [node, ...addNewest], constants: newestOf(length) };
}

/**
 * A forecaster: peers float32 [N, P, G] to rz float32 [N, P]. The same perceptron looks at each peer.
 *
 * @param isRegret - It says regrets: they become z-scores among the peers of a row.
 */
export function forecasterOnnx(name: string, net: Perceptron, isRegret: boolean): Uint8Array {
  const acrossPeers = { axes: [1], keepdims: 1 };
  const toZ: Nodes = [
    { op: "ReduceMean", inputs: ["said"], outputs: ["mean"], attributes: acrossPeers },
    { op: "Sub", inputs: ["said", "mean"], outputs: ["centred"] },
    { op: "Mul", inputs: ["centred", "centred"], outputs: ["squares"] },
    { op: "ReduceMean", inputs: ["squares"], outputs: ["variance"], attributes: acrossPeers },
    { op: "Sqrt", inputs: ["variance"], outputs: ["deviation"] },
    { op: "Max", inputs: ["deviation", "least"], outputs: ["unit"] },
    { op: "Div", inputs: ["centred", "unit"], outputs: ["rz"] },
  ];
  return writeOnnx({
    name,
    inputs: [{ name: "peers", dtype: "float32", shape: ["N", "P", net.inputs] }],
    outputs: [{ name: "rz", dtype: "float32", shape: ["N", "P"] }],
    nodes: [
      ...perceptronNodes("peers", "each"),
      { op: "Squeeze", inputs: ["each", "last"], outputs: [isRegret ? "said" : "rz"] },
      ...(isRegret ? toZ : []),
    ],
    constants: {
      ...perceptronConstants(net),
      last: tensor("int64", [1], BigInt64Array.of(-1n)),
      ...(isRegret && { least: tensor("float32", [], Float32Array.of(1e-6)) }),
    },
  });
}

const addNewest: Nodes = [
  { op: "Gather", inputs: ["z", "newest"], outputs: ["now"], attributes: { axis: 1 } },
  { op: "Add", inputs: ["now", "change"], outputs: ["step"] },
];

function newestOf(length: number): Constants {
  return { newest: tensor("int64", [1], BigInt64Array.of(BigInt(length - 1))) };
}

/** Over the last axis, whatever comes before it. */
function perceptronNodes(input: string, output: string): Nodes {
  return [
    { op: "MatMul", inputs: [input, "W1"], outputs: ["z1"] },
    { op: "Add", inputs: ["z1", "b1"], outputs: ["h1"] },
    { op: "Relu", inputs: ["h1"], outputs: ["a1"] },
    { op: "MatMul", inputs: ["a1", "W2"], outputs: ["z2"] },
    { op: "Add", inputs: ["z2", "b2"], outputs: [output] },
  ];
}

function perceptronConstants({ inputs, hidden, classes, w1, b1, w2, b2 }: Perceptron): Constants {
  return {
    W1: tensor("float32", [inputs, hidden], Float32Array.from(w1)),
    b1: tensor("float32", [hidden], Float32Array.from(b1)),
    W2: tensor("float32", [hidden, classes], Float32Array.from(w2)),
    b2: tensor("float32", [classes], Float32Array.from(b2)),
  };
}
