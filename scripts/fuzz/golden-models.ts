import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  doubler,
  externalWeight,
  field,
  graphAttribute,
  intAttribute,
  number,
  onnxFile,
  onnxGraph,
  text,
  weight,
} from "../../miner/inference/onnx.test-kit.ts";
import { packageRoot } from "../../shared/process-entry.ts";

/** Models of every kind of part that the guard reads. @param weightsFile - A file beside them, of 64 bytes. */
export function goldenModels(weightsFile: string): Buffer[] {
  const inputs: [string, (string | number)[]][] = [["x", ["n", 2]]];
  const ports = { inputs, outputs: [["y", ["n", 2]]] as typeof inputs };
  const add = { op: "Add", inputs: ["x", "w"], outputs: ["y"] };
  const sizes = (values: bigint[]) =>
    Buffer.concat([
      number(1, values.length),
      number(2, 7),
      text(8, "s"),
      field(9, new Uint8Array(BigInt64Array.from(values).buffer)),
    ]);
  const branch = onnxGraph({
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
    inputs: [],
    outputs: ports.outputs,
  });
  return [
    doubler(),
    onnxFile({ nodes: [add], ...ports, weights: [weight("w", [2], [1, 2])] }),
    onnxFile({ nodes: [add], ...ports, weights: [externalWeight("w", [2], weightsFile)] }),
    onnxFile({
      nodes: [
        { op: "ConstantOfShape", inputs: ["s"], outputs: ["w"] },
        { op: "Concat", inputs: ["w", "w"], outputs: ["v"], attributes: [intAttribute("axis", 0)] },
        { op: "ReduceSum", inputs: ["v"], outputs: ["u"] },
        { op: "Add", inputs: ["x", "u"], outputs: ["y"] },
      ],
      ...ports,
      weights: [sizes([2n, 3n])],
    }),
    onnxFile({
      nodes: [
        {
          op: "Constant",
          inputs: [],
          outputs: ["w"],
          attributes: [Buffer.concat([text(1, "value"), field(5, weight("", [2], [1, 2])), number(20, 4)])],
        },
        add,
      ],
      ...ports,
    }),
    onnxFile({
      nodes: [
        {
          ...{ op: "If", inputs: ["c"], outputs: ["y"] },
          attributes: [graphAttribute("then_branch", branch), graphAttribute("else_branch", branch)],
        },
      ],
      ...ports,
      weights: [Buffer.concat([number(2, 9), text(8, "c"), field(9, Uint8Array.of(1))])],
    }),
    readFileSync(join(packageRoot(), "subnets/hello/models/sum.onnx")),
  ].map((bytes) => Buffer.from(bytes));
}
