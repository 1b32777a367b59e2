import { expect, test } from "vitest";
import type { ModelInfo } from "./model-guard.ts";
import { recommendBatching } from "./recommend-batching.ts";

type Shape = ModelInfo["inputs"][number]["shape"];

function model(inputs: Shape[], output: Shape): ModelInfo {
  const port = (name: string, shape: Shape) => ({ name, dtype: "float32" as const, shape });
  return {
    inputs: inputs.map((shape, i) => port(`x${i}`, shape)),
    outputs: [port("y", output)],
    ...{ opset: 17, nodes: 1, bytes: 1, externalFiles: [] },
  };
}

test.each([
  [
    "all first dimensions are open",
    model([[null, 3], [null]], [null, 2]),
    "together",
    "raise --max-batch-rows",
  ],
  ["other sizes are open, too", model([[null, null]], [null, 2]), "together", "x0 has other open sizes"],
  ["the file is made for one row", model([[1, 3]], [1, 2]), "row by row", "dynamic first dimension"],
  ["the file is made for eight rows", model([[8, 3]], [8, 2]), "whole", "x0 has 8 rows"],
  ["an output is one number", model([[null, 3]], []), "whole", "y has no dimensions"],
  ["an input has no shape", model([null], [null]), "whole", "x0 has no declared shape"],
])("when %s", (_when, info, rows, advice) => {
  expect(recommendBatching(info)).toMatchObject({ rows, advice: expect.stringContaining(advice) });
});
