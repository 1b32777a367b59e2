import { type OnnxGraph, writeOnnx } from "../../shared/onnx-writer.ts";
import { type Tensors, tensor } from "../../shared/tensor.ts";

/** A model to measure and the feeds of one row for it. */
export type BatchingModel = { name: string; file: Uint8Array; row: Tensors };

const PIXELS = 784;
const CLASSES = 10;
const WORDS = 1_000;

/** Words of a row, and how wide and deep the layers over them are. */
export type EncoderSize = { name: string; tokens: number; width: number; heads: number; layers: number };
const SMALL_ENCODER: EncoderSize = { name: "24 MB encoder", tokens: 32, width: 256, heads: 4, layers: 8 };

/** Weights decide nothing about the time, as long as they are neither zero nor denormal. */
export function weights(...shape: number[]) {
  const count = shape.reduce((product, size) => product * size, 1);
  const fanIn = shape.length > 1 ? count / shape[0]! : count;
  let state = count;
  const values = Float32Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state / 2_147_483_648 - 0.5) / Math.sqrt(fanIn);
  });
  return tensor("float32", shape, values);
}

/** 784 pixels, one hidden layer: moving the row costs more than computing it. */
export function mlp(): BatchingModel {
  const graph: OnnxGraph = {
    name: "mlp",
    inputs: [{ name: "x", dtype: "float32", shape: ["rows", PIXELS] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["rows", CLASSES] }],
    nodes: [
      { op: "Gemm", inputs: ["x", "w1", "b1"], outputs: ["h"] },
      { op: "Relu", inputs: ["h"], outputs: ["a"] },
      { op: "Gemm", inputs: ["a", "w2", "b2"], outputs: ["y"] },
    ],
    constants: {
      w1: weights(PIXELS, 128),
      b1: weights(128),
      w2: weights(128, CLASSES),
      b2: weights(CLASSES),
    },
  };
  return { name: "MLP", file: writeOnnx(graph), row: { x: weights(1, PIXELS) } };
}

/** Three convolutions over 32 x 32 pixels in colour. */
export function convNet(): BatchingModel {
  const conv = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const pool = { kernel_shape: [2, 2], strides: [2, 2] };
  const graph: OnnxGraph = {
    name: "conv",
    inputs: [{ name: "x", dtype: "float32", shape: ["rows", 3, 32, 32] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["rows", CLASSES] }],
    nodes: [
      { op: "Conv", inputs: ["x", "c1"], outputs: ["h1"], attributes: conv },
      { op: "Relu", inputs: ["h1"], outputs: ["a1"] },
      { op: "MaxPool", inputs: ["a1"], outputs: ["p1"], attributes: pool },
      { op: "Conv", inputs: ["p1", "c2"], outputs: ["h2"], attributes: conv },
      { op: "Relu", inputs: ["h2"], outputs: ["a2"] },
      { op: "MaxPool", inputs: ["a2"], outputs: ["p2"], attributes: pool },
      { op: "Conv", inputs: ["p2", "c3"], outputs: ["h3"], attributes: conv },
      { op: "Relu", inputs: ["h3"], outputs: ["a3"] },
      { op: "GlobalAveragePool", inputs: ["a3"], outputs: ["g"] },
      { op: "Flatten", inputs: ["g"], outputs: ["f"] },
      { op: "Gemm", inputs: ["f", "w", "b"], outputs: ["y"] },
    ],
    constants: {
      ...{ c1: weights(16, 3, 3, 3), c2: weights(32, 16, 3, 3), c3: weights(64, 32, 3, 3) },
      ...{ w: weights(64, CLASSES), b: weights(CLASSES) },
    },
  };
  return { name: "small conv net", file: writeOnnx(graph), row: { x: weights(1, 3, 32, 32) } };
}

/** Layers of attention, eight over 32 words unless asked for otherwise: computing is all the work. */
export function encoder(size: EncoderSize = SMALL_ENCODER): BatchingModel {
  const { tokens, width, heads, layers } = size;
  const nodes: OnnxGraph["nodes"][number][] = [{ op: "Gather", inputs: ["words", "x"], outputs: ["l0"] }];
  const constants: Record<string, OnnxGraph["constants"][string]> = {
    words: weights(WORDS, width),
    heads: tensor("int64", [4], BigInt64Array.of(0n, BigInt(tokens), BigInt(heads), BigInt(width / heads))),
    whole: tensor("int64", [3], BigInt64Array.of(0n, BigInt(tokens), BigInt(width))),
    scale: tensor("float32", [], Float32Array.of(1 / Math.sqrt(width / heads))),
  };
  for (let layer = 0; layer < layers; layer++) {
    const at = (name: string) => `${name}${layer}`;
    for (const name of ["q", "k", "v", "o"]) constants[at(`w${name}`)] = weights(width, width);
    constants[at("up")] = weights(width, 4 * width);
    constants[at("down")] = weights(4 * width, width);
    constants[at("g")] = weights(width);
    constants[at("b")] = weights(width);
    for (const name of ["q", "k", "v"]) {
      nodes.push(
        { op: "MatMul", inputs: [at("l"), at(`w${name}`)], outputs: [at(`flat_${name}`)] },
        { op: "Reshape", inputs: [at(`flat_${name}`), "heads"], outputs: [at(`split_${name}`)] },
        {
          ...{ op: "Transpose", inputs: [at(`split_${name}`)], outputs: [at(name)] },
          attributes: { perm: name === "k" ? [0, 2, 3, 1] : [0, 2, 1, 3] },
        },
      );
    }
    const normal = { axis: -1 };
    nodes.push(
      { op: "MatMul", inputs: [at("q"), at("k")], outputs: [at("raw")] },
      { op: "Mul", inputs: [at("raw"), "scale"], outputs: [at("scores")] },
      { op: "Softmax", inputs: [at("scores")], outputs: [at("share")], attributes: normal },
      { op: "MatMul", inputs: [at("share"), at("v")], outputs: [at("mixed")] },
      { op: "Transpose", inputs: [at("mixed")], outputs: [at("beside")], attributes: { perm: [0, 2, 1, 3] } },
      { op: "Reshape", inputs: [at("beside"), "whole"], outputs: [at("joined")] },
      { op: "MatMul", inputs: [at("joined"), at("wo")], outputs: [at("attended")] },
      { op: "Add", inputs: [at("l"), at("attended")], outputs: [at("sum")] },
      {
        ...{ op: "LayerNormalization", inputs: [at("sum"), at("g"), at("b")], outputs: [at("norm")] },
        attributes: normal,
      },
      { op: "MatMul", inputs: [at("norm"), at("up")], outputs: [at("wide")] },
      { op: "Relu", inputs: [at("wide")], outputs: [at("bent")] },
      { op: "MatMul", inputs: [at("bent"), at("down")], outputs: [at("narrow")] },
      { op: "Add", inputs: [at("norm"), at("narrow")], outputs: [`l${layer + 1}`] },
    );
  }
  nodes.push({
    ...{ op: "ReduceMean", inputs: [`l${layers}`], outputs: ["y"] },
    attributes: { axes: [1], keepdims: 0 },
  });
  const graph: OnnxGraph = {
    name: "encoder",
    inputs: [{ name: "x", dtype: "int64", shape: ["rows", tokens] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["rows", width] }],
    ...{ nodes, constants },
  };
  const words = BigInt64Array.from({ length: tokens }, (_, i) => BigInt((i * 37) % WORDS));
  return { name: size.name, file: writeOnnx(graph), row: { x: tensor("int64", [1, tokens], words) } };
}
