import { expect, test } from "vitest";
import { fuzzModels } from "./fuzz-models.ts";

/** The short form of `npm run fuzz -- onnx`: always the same files, so that a failure is one for everybody. */
const COUNT = 200;

test(`T18, T19: ${COUNT} mutated models end nobody but the process that loads them, and open nothing outside`, async () => {
  const { tried, verdicts, findings } = await fuzzModels({ seed: 1, count: COUNT });
  expect(findings).toEqual([]);
  expect(tried).toBe(COUNT);
  expect(Object.keys(verdicts)).toEqual(
    expect.arrayContaining(["refused", "ready", "refused by the runtime"]),
  );
}, 60_000);
