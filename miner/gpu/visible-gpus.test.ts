import { expect, test } from "vitest";
import type { Gpu } from "./nvidia-smi.ts";
import { visibleGpus } from "./visible-gpus.ts";

const card = (index: number, id: string): Gpu => ({
  ...{ index, uuid: `GPU-${id}-0000-0000-0000-000000000000`, name: "NVIDIA H200", driver: "580.82.07" },
  ...{ capability: "9.0", memoryBytes: 1, usedBytes: 0, utilization: 0, celsius: 30 },
});
const gpus = [card(0, "aaaaaaaa"), card(1, "bbbbbbbb"), card(2, "cccccccc")];

test.each([
  [undefined, [0, 1, 2]],
  ["1", [1]],
  ["2,0", [2, 0]],
  [" 2 , 0 ", [2, 0]],
  ["GPU-bbbb", [1]],
  ["MIG-cccccccc-0000-0000-0000-000000000000,MIG-dddddddd-0000-0000-0000-000000000000", [0, 0]],
  ["", []],
  ["-1", []],
  ["NoDevFiles", []],
  ["0,9,1", [0]],
  ["0,0,1", [0]],
])("CUDA_VISIBLE_DEVICES=%j shows the cards %j", (variable, expected) => {
  expect(visibleGpus(gpus, variable).map(({ index }) => index)).toEqual(expected);
});
