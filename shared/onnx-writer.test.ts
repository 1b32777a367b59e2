import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { ML_DOMAIN, writeOnnx } from "./onnx-writer.ts";
import { tensor } from "./tensor.ts";

/** y = softmax(relu(x W + b)) over the last axis, then its columns swapped by Transpose. */
const graph = {
  name: "test",
  inputs: [{ name: "x", dtype: "float32", shape: ["N", 2] }],
  outputs: [{ name: "y", dtype: "float32", shape: [2, "N"] }],
  nodes: [
    { op: "Gemm", inputs: ["x", "W", "b"], outputs: ["z"] },
    { op: "Relu", inputs: ["z"], outputs: ["a"] },
    { op: "Softmax", inputs: ["a"], outputs: ["p"], attributes: { axis: -1 } },
    { op: "Transpose", inputs: ["p"], outputs: ["y"], attributes: { perm: [1, 0] } },
  ],
  constants: {
    W: tensor("float32", [2, 2], Float32Array.of(1, 0, 0, 1)),
    b: tensor("float32", [2], Float32Array.of(0, 1)),
  },
} as const;

describe("an ONNX file written here", () => {
  it("loads in onnxruntime and computes what the graph says, for any number of rows", async () => {
    const session = await InferenceSession.create(writeOnnx(graph), { intraOpNumThreads: 1 });
    const { y } = await session.run({
      x: new OrtTensor("float32", Float32Array.of(2, 1, -5, -5, 0, 0), [3, 2]),
    });
    expect(y!.dims).toEqual([2, 3]);
    const [a, b] = [1 / (1 + Math.E), Math.E / (1 + Math.E)]; // relu gives (2,2), (0,0) and (0,1)
    [0.5, 0.5, a, 0.5, 0.5, b].forEach((expected, index) => {
      expect(y!.data[index] as number).toBeCloseTo(expected, 6);
    });
  });

  it("holds trees of the machine learning operators, with texts and fractions as attributes", async () => {
    const trees = {
      name: "trees",
      inputs: [{ name: "x", dtype: "float32", shape: ["N", 2] }],
      outputs: [{ name: "y", dtype: "float32", shape: ["N", 1] }],
      nodes: [
        {
          op: "TreeEnsembleRegressor",
          domain: ML_DOMAIN,
          inputs: ["x"],
          outputs: ["y"],
          attributes: {
            aggregate_function: "SUM",
            base_values: Float32Array.of(0.5),
            n_targets: 1,
            nodes_treeids: [0, 0, 0],
            nodes_nodeids: [0, 1, 2],
            nodes_featureids: [1, 0, 0],
            nodes_values: Float32Array.of(-1.25, 0, 0),
            nodes_modes: ["BRANCH_LEQ", "LEAF", "LEAF"],
            nodes_truenodeids: [1, 0, 0],
            nodes_falsenodeids: [2, 0, 0],
            target_ids: [0, 0],
            target_treeids: [0, 0],
            target_nodeids: [1, 2],
            target_weights: Float32Array.of(-2, 3),
          },
        },
      ],
      constants: {},
    } as const;
    const session = await InferenceSession.create(writeOnnx(trees), { intraOpNumThreads: 1 });
    const x = new OrtTensor("float32", Float32Array.of(9, -1.25, 9, -1.2), [2, 2]);
    expect([...((await session.run({ x })).y!.data as Float32Array)]).toEqual([-1.5, 3.5]);
  });

  it("has the same bytes each time", () => {
    expect(writeOnnx(graph)).toEqual(writeOnnx(graph));
  });
});
