import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Answer, AnswerRefused, type Message, type Synapse } from "../../shared/template.ts";
import { tensor } from "../../shared/tensor.ts";
import { CLASSES, PIXELS } from "./shapes.ts";
import { type CommitRequest, commit, toCommitment } from "./synapse-commit.ts";
import { type RevealRequest, reveal } from "./synapse-reveal.ts";

const MINER = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const taskId = "0123456789abcdef".repeat(2);
const salt = "ab".repeat(32);
const x = tensor("float32", [2, PIXELS], new Float32Array(2 * PIXELS));
const question: CommitRequest = { taskId, preset: "classification", x };

function rows(...values: number[]) {
  const data = Float32Array.from({ length: 2 * CLASSES }, (_, i) => values[i % CLASSES] ?? 0);
  return tensor("float32", [2, CLASSES], data);
}

function opening(y = rows(1)): RevealRequest {
  const commitment = toCommitment({ y, salt }, MINER, taskId);
  return { taskId, preset: "classification", items: 2, commitment, miner: MINER };
}

/** As the validator's dendrite has it. */
function verdict(synapse: Pick<Synapse, "parseResponse">, message: Message, request: Message): string {
  try {
    synapse.parseResponse(message, request);
    return "ok";
  } catch (error) {
    return error instanceof AnswerRefused ? error.reason : "wrong-shape";
  }
}

describe("a revealed answer", () => {
  it.each([
    ["probabilities", rows(0.5, 0.5), "ok"],
    ["a sum that is off by less than a thousandth", rows(0.5, 0.4995), "ok"],
    ["a sum that is off by more", rows(0.5, 0.49), "out-of-range"],
    ["a negative probability", rows(1.5, -0.5), "out-of-range"],
    ["NaN", rows(Number.NaN, 1), "out-of-range"],
    ["infinity", rows(Number.POSITIVE_INFINITY), "out-of-range"],
    ["one row too few", tensor("float32", [1, CLASSES], new Float32Array(CLASSES)), "wrong-shape"],
    ["a flat tensor", tensor("float32", [2 * CLASSES], new Float32Array(2 * CLASSES)), "wrong-shape"],
    ["another type", tensor("float64", [2, CLASSES], new Float64Array(2 * CLASSES)), "wrong-shape"],
    [
      "a shape that its values do not fill",
      { dtype: "float32", shape: [2, CLASSES], data: new Float32Array(3) },
      "wrong-shape",
    ],
    ["nothing", undefined, "wrong-shape"],
  ])("with %s is %s", (_, y, expected) => {
    const request = opening(y as never as ReturnType<typeof rows>);
    expect(verdict(reveal as Synapse, { y, salt } as Message, request)).toBe(expected);
  });

  it("breaks the commitment when the answer, the salt, the miner or the question is another", () => {
    const shown = { y: rows(1), salt };
    expect(verdict(reveal as Synapse, shown, opening())).toBe("ok");
    for (const [message, request] of [
      [{ ...shown, y: rows(0, 1) }, opening()],
      [{ ...shown, salt: "cd".repeat(32) }, opening()],
      [shown, { ...opening(), miner: "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y" }],
      [shown, { ...opening(), taskId: "f".repeat(32) }],
      [shown, { ...opening(), commitment: "" }],
    ] as const) {
      expect(verdict(reveal as Synapse, message, request)).toBe("broken-commitment");
    }
  });

  it("is asked for with the commitment that was heard before, and only with that", () => {
    const task = { preset: "classification", seed: "00", items: 2, shared: 1, commit: "commit-0" } as const;
    const heard = (answer: Answer<Message>) =>
      reveal.createRequest(task, MINER, new Map([["commit-0", answer]]));
    const commitment = "e".repeat(64);
    expect(heard({ ok: true, response: { commitment }, latencyMs: 1 })).toMatchObject({
      commitment,
      items: 2,
    });
    expect(heard({ ok: false, reason: "timeout", latencyMs: 1 }).commitment).toBe("");
  });
});

describe("a question", () => {
  it("is refused unless it is a bounded batch of what the preset asks", () => {
    expect(commit.parseRequest(question)).toEqual(question);
    for (const wrong of [
      { x: undefined },
      { x: tensor("float32", [0, PIXELS], new Float32Array(0)) },
      { x: tensor("float32", [1, PIXELS - 1], new Float32Array(PIXELS - 1)) },
      { x: tensor("float32", [PIXELS], new Float32Array(PIXELS)) },
      { x: tensor("int32", [1, PIXELS], new Int32Array(PIXELS)) },
      { x: tensor("float32", [1_025, PIXELS], new Float32Array(1_025 * PIXELS)) },
      { x: { dtype: "float32", shape: [2, PIXELS], data: new Float32Array(1) } },
      { preset: "weather" },
      { taskId: "../x" },
    ]) {
      expect(() => commit.parseRequest({ ...question, ...wrong } as Message)).toThrow();
    }
    for (const wrong of [{ items: 0 }, { items: 1.5 }, { items: 5_000 }, { commitment: "f" }, { miner: 1 }]) {
      expect(() => reveal.parseRequest({ ...opening(), ...wrong } as Message)).toThrow();
    }
  });

  it("survives any garbage with an error, never with a value", () => {
    const keys = fc.constantFrom("x", "y", "taskId", "preset", "commitment", "salt");
    fc.assert(
      fc.property(fc.dictionary(keys, fc.anything()), (garbage) => {
        for (const [synapse, request] of [
          [commit, question],
          [reveal, opening()],
        ] as [Synapse, Message][]) {
          expect(() => synapse.parseRequest(garbage as Message)).toThrow();
          expect(() => synapse.parseResponse(garbage as Message, request)).toThrow();
        }
      }),
    );
  });
});
