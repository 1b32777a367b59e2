import { expect, test } from "vitest";
import { SubforgeError } from "../shared/errors.ts";
import type { Synapse } from "../shared/template.ts";
import { tensor } from "../shared/tensor.ts";
import { BadRequest, createAnswering, refusalOf } from "./answering.ts";
import { doublingModel } from "./oip/served-model.test-kit.ts";

test.each([
  [new BadRequest("x"), "AXON_BAD_REQUEST"],
  [new SubforgeError("INFERENCE_OVERLOADED", { waiting: 3 }), "AXON_OVERLOADED"],
  [new SubforgeError("INFERENCE_NO_MEMORY", { problem: "x" }), "AXON_OVERLOADED"],
  [new SubforgeError("INFERENCE_DEADLINE", {}), "AXON_DEADLINE"],
  [new SubforgeError("INFERENCE_STOPPED", {}), "AXON_STOPPING"],
  [new SubforgeError("INFERENCE_QUARANTINED", {}), "AXON_FAILED"],
  [new SubforgeError("INFERENCE_INPUT", { problem: "x" }), "AXON_FAILED"],
  [new Error("x"), "AXON_FAILED"],
])("%s is told as %s", (error, code) => {
  expect(refusalOf(error)).toBe(code);
});

test("a template asks the first of the miner's models, or one by its name", async () => {
  const names = ["first", "second"].map((name) => ({ ...doublingModel(name), name }));
  const ask: Synapse = {
    ...{ timeoutMs: 1, maxRequestBytes: 1, maxResponseBytes: 1, createRequest: () => ({}) },
    parseRequest: (message) => message,
    parseResponse: (message) => message,
    answer: async ({ model }, { infer }) => {
      const feeds = {
        x: tensor("float32", [1, 2], Float32Array.of(1, 2)),
        n: tensor("int64", [1], BigInt64Array.of(1n)),
      };
      return { y: (await infer(feeds, model as string | undefined)).y! };
    },
  };
  const answering = createAnswering(
    { synapses: { ask } },
    {
      hotkey: "5",
      models: { get: (name) => (name ? names.find((one) => one.name === name) : names[0])?.model },
    },
  );
  const signal = new AbortController().signal;
  await answering.answer("ask", {}, "5", signal);
  await answering.answer("ask", { model: "second" }, "5", signal);
  expect(names.map(({ asked }) => asked.length)).toEqual([1, 1]);
  await expect(answering.answer("ask", { model: "third" }, "5", signal)).rejects.toMatchObject({
    code: "INFERENCE_INPUT",
  });
});
