import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { inspectModel } from "../../miner/inference/model-guard.ts";
import { writeOnnx } from "../../shared/onnx-writer.ts";
import { randomFrom } from "../../shared/rules/beacon.ts";
import { boostTrees, predictBoosted } from "./boosted-trees.ts";
import { createPerceptron, createValueTrainer, predictValues } from "./perceptron.ts";
import { fitRidge } from "./ridge.ts";
import { treesNode } from "./tree-onnx.ts";

const random = randomFrom(new Uint8Array(32));
const rows = 400;
const x = Float32Array.from({ length: rows * 2 }, () => random.normal());
const columns = Array.from({ length: rows }, (_, row) => [x[2 * row]!, x[2 * row + 1]!] as const);
/** Straight in one, a step in the other. */
const stepped = Float64Array.from(columns, ([a, b]) => 0.5 * a + (b > 0.3 ? 1 : -1));

function meanSquare(said: ArrayLike<number>, truth: Float64Array): number {
  return truth.reduce((sum, value, row) => sum + (said[row]! - value) ** 2, 0) / truth.length;
}

describe("models that learn a number", () => {
  it("ridge finds the weights of a straight line, and smaller ones the stronger it is held back", () => {
    const line = Float64Array.from(columns, ([a, b]) => 2 * a - 3 * b);
    const [a, b] = fitRidge(x, line, 0);
    expect([a, b]).toEqual([expect.closeTo(2, 9), expect.closeTo(-3, 9)]);
    const held = fitRidge(x, line, 1);
    expect(Math.hypot(...held)).toBeLessThan(0.7 * Math.hypot(a!, b!));
  });

  it("a perceptron comes near to what bends", () => {
    const net = createPerceptron(2, 16, 1, random);
    const learn = createValueTrainer(net);
    const before = meanSquare(predictValues(net, x), stepped);
    for (let step = 0; step < 150; step++) learn(x, stepped, 0.03);
    expect(meanSquare(predictValues(net, x), stepped)).toBeLessThan(0.1 * before);
  });

  it("boosted trees find the step, are a file that the guard lets in, and say in onnxruntime what they say here", async () => {
    const boosted = boostTrees(x, stepped, { trees: 30, depth: 3, rate: 0.2, leafRows: 5 });
    const said = predictBoosted(boosted, x);
    expect(meanSquare(said, stepped)).toBeLessThan(0.03);
    const bytes = writeOnnx({
      name: "trees",
      inputs: [{ name: "x", dtype: "float32", shape: ["rows", 2] }],
      outputs: [{ name: "y", dtype: "float32", shape: ["rows", 1] }],
      nodes: [treesNode(boosted, "x", "y")],
      constants: {},
    });
    expect(inspectModel(bytes, "trees.onnx")).toMatchObject({ info: { nodes: 1 }, arithmetic: "float32" });
    const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
    const { y } = await session.run({ x: new Tensor("float32", x, [rows, 2]) });
    (y!.data as Float32Array).forEach((value, row) => {
      expect(Math.abs(value - said[row]!)).toBeLessThan(1e-5);
    });
  });

  it("trees leave enough rows in each leaf, and nothing to split where all rows are alike", () => {
    const alike = boostTrees(new Float32Array(20), new Float64Array(20).fill(3), {
      ...{ trees: 2, depth: 3, rate: 1, leafRows: 1 },
    });
    expect(alike.base).toBe(3);
    expect(alike.trees.every(({ feature }) => feature.length === 1)).toBe(true);
    const wide = boostTrees(x, stepped, { trees: 1, depth: 6, rate: 1, leafRows: 150 });
    expect(wide.trees[0]!.feature.filter((feature) => feature === -1).length).toBeLessThanOrEqual(2);
  });
});
