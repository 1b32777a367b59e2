import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerRefused, type Message } from "../../shared/template.ts";
import { tensor } from "../../shared/tensor.ts";
import { CLASSES, PIXELS } from "./shapes.ts";
import { classify } from "./synapse.ts";

const request = { x: tensor("float32", [2, PIXELS], new Float32Array(2 * PIXELS)) };

function rows(...values: number[]): Message {
  const data = Float32Array.from({ length: 2 * CLASSES }, (_, i) => values[i % CLASSES] ?? 0);
  return { y: tensor("float32", [2, CLASSES], data) };
}

function refusal(message: Message): string {
  try {
    classify.parseResponse(message, request);
    return "ok";
  } catch (error) {
    return error instanceof AnswerRefused ? error.reason : "wrong-shape"; // as the validator's dendrite has it
  }
}

describe("an answer", () => {
  it.each([
    ["probabilities", rows(0.5, 0.5), "ok"],
    ["a sum that is off by less than a thousandth", rows(0.5, 0.4995), "ok"],
    ["a sum that is off by more", rows(0.5, 0.49), "out-of-range"],
    ["a negative probability", rows(1.5, -0.5), "out-of-range"],
    ["NaN", rows(Number.NaN, 1), "out-of-range"],
    ["infinity", rows(Number.POSITIVE_INFINITY), "out-of-range"],
    ["one row too few", { y: tensor("float32", [1, CLASSES], new Float32Array(CLASSES)) }, "wrong-shape"],
    ["a flat tensor", { y: tensor("float32", [2 * CLASSES], new Float32Array(2 * CLASSES)) }, "wrong-shape"],
    ["another type", { y: tensor("float64", [2, CLASSES], new Float64Array(2 * CLASSES)) }, "wrong-shape"],
    [
      "a shape that its values do not fill",
      { y: { dtype: "float32", shape: [2, CLASSES], data: new Float32Array(3) } },
      "wrong-shape",
    ],
    ["nothing", {}, "wrong-shape"],
  ])("with %s is %s", (_, message, expected) => {
    expect(refusal(message as Message)).toBe(expected);
  });
});

describe("a question", () => {
  it("is refused unless it is a bounded batch of images", () => {
    expect(classify.parseRequest(request)).toEqual(request);
    for (const x of [
      undefined,
      tensor("float32", [0, PIXELS], new Float32Array(0)),
      tensor("float32", [1, PIXELS - 1], new Float32Array(PIXELS - 1)),
      tensor("float32", [PIXELS], new Float32Array(PIXELS)),
      tensor("int32", [1, PIXELS], new Int32Array(PIXELS)),
      tensor("float32", [1_025, PIXELS], new Float32Array(1_025 * PIXELS)),
      { dtype: "float32", shape: [2, PIXELS], data: new Float32Array(1) },
    ]) {
      expect(() => classify.parseRequest({ x } as Message)).toThrow();
    }
  });

  it("survives any garbage with an error, never with a value", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("x", "y", "z"), fc.anything()), (garbage) => {
        expect(() => classify.parseRequest(garbage as Message)).toThrow();
        expect(() => classify.parseResponse(garbage as Message, request)).toThrow();
      }),
    );
  });
});
