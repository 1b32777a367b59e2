import type { OnnxGraph } from "../../shared/onnx-writer.ts";
import { tensor } from "../../shared/tensor.ts";
import { MAX_INSTRUCTIONS } from "../../subnets/inference/presets/contract-audit/contract.ts";
import { DEFECTS } from "../../subnets/inference/presets/contract-audit/families.ts";
import { PADDING } from "../../subnets/inference/presets/contract-audit.ts";

/** Opcodes and what stands behind the last one. */
export const SYMBOLS = PADDING + 1;

/** What every model of contracts takes and gives. `codeNodes` come first: `code` is x, with padding behind the length. */
export const codePorts: Pick<OnnxGraph, "inputs" | "outputs"> = {
  inputs: [
    { name: "x", dtype: "int64", shape: ["N", MAX_INSTRUCTIONS] },
    { name: "aux", dtype: "int64", shape: ["N", 1] },
  ],
  outputs: [{ name: "y", dtype: "float32", shape: ["N", DEFECTS.length] }],
};

export const codeNodes: OnnxGraph["nodes"] = [
  { op: "Less", inputs: ["positions", "aux"], outputs: ["inside"] },
  { op: "Where", inputs: ["inside", "x", "padding"], outputs: ["code"] },
];

export const codeConstants: OnnxGraph["constants"] = {
  positions: tensor(
    "int64",
    [1, MAX_INSTRUCTIONS],
    BigInt64Array.from({ length: MAX_INSTRUCTIONS }, (_, t) => BigInt(t)),
  ),
  padding: tensor("int64", [], BigInt64Array.of(BigInt(PADDING))),
};
