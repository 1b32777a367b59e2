import { expect, it } from "vitest";
import { writeOnnx } from "../../shared/onnx-writer.ts";
import { type Dtype, tensorFromNumbers } from "../../shared/tensor.ts";
import { inspectModel } from "./model-guard.ts";

/** One operator after the other on x, each with a weight `w` if it takes two. */
function modelOf(ops: string[], dtype: Dtype = "float32", to?: number): Uint8Array {
  const nodes = ops.map((op, i) => ({
    op,
    inputs: [i === 0 ? "x" : `t${i - 1}`, ...(op.startsWith("MatMul") ? ["w"] : [])],
    outputs: [i === ops.length - 1 ? "y" : `t${i}`],
    ...(op === "Cast" && to !== undefined && { attributes: { to } }),
  }));
  return writeOnnx({
    ...{ name: "graph", nodes, constants: { w: tensorFromNumbers("int8", [2, 2], [1, 2, 3, 4]) } },
    inputs: [{ name: "x", dtype, shape: ["n", 2] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["n", 2] }],
  });
}

it.each([
  ["float32", ["MatMul", "Relu"], "float32", undefined],
  ["float32", ["Relu"], "float32", undefined],
  ["float32", ["MatMulInteger", "Softmax"], "int8", undefined],
  ["integer", ["MatMulInteger", "Relu", "Cast"], "int8", 1],
  ["float16", ["MatMul", "Cast"], "float32", 10],
  ["float16", ["MatMul"], "float16", undefined],
] as const)("%s is how exactly %j on %s is repeated", (expected, ops, dtype, to) => {
  expect(inspectModel(modelOf([...ops], dtype, to), "a.onnx").arithmetic).toBe(expected);
});
