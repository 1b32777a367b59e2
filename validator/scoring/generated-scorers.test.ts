import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { REASONS } from "../../shared/reasons.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { toFrame } from "./frames.ts";
import { inlineScorer } from "./scorer.ts";
import { AnswerReader } from "./scorer-answer.ts";
import { recordedEpoch } from "./scoring.test-kit.ts";

const input = recordedEpoch(4, 2);
const hotkeys = input.context.participants.map(({ hotkey }) => hotkey);

const number = fc.oneof(
  fc.double(),
  fc.constantFrom<unknown>(Number.NaN, Infinity, -Infinity, -1, -0, "1", undefined, null, 1n, [1], {}, true),
);
const reason = fc.oneof(fc.constantFrom(...Object.keys(REASONS), "no reason", "toString", undefined));
const hotkey = fc.oneof(fc.constantFrom(...hotkeys), fc.constant("nobody"), fc.anything());
const entry = fc.oneof(fc.record({ score: number, reason }), fc.anything());
const raw = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.tuple(hotkey, entry)).map((entries) => new Map(entries)) },
  fc.anything(),
);
const state = fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true });
const evidence = fc.oneof(
  fc.array(fc.oneof(fc.record({ hotkey, taskId: fc.string(), facts: state }), fc.anything())),
  fc.anything(),
);
const scored = fc.oneof({ weight: 8, arbitrary: fc.record({ raw, state, evidence }) }, fc.anything());
const weights = fc.oneof(
  fc.array(fc.record({ uid: fc.oneof(fc.integer({ min: -1, max: 5 }), number), weight: number })),
  fc.anything(),
);

function scorerOf(part: object) {
  const synapse = {
    createRequest: (task: unknown) => task,
    parseResponse: (m: unknown) => m,
    maxResponseBytes: 1e6,
  };
  return inlineScorer({ synapses: { ask: synapse }, ...part } as unknown as SubnetTemplate);
}

describe("a scorer that gives anything at all", () => {
  it("V4, P7: gives scores that are finite, of those who are there, and survive a restart, or voids the epoch", async () => {
    await fc.assert(
      fc.asyncProperty(scored, async (result) => {
        const judged = await scorerOf({ scoreEpoch: () => result }).judge(input);
        expect(judged.scores.map((score) => score.hotkey)).toEqual(hotkeys);
        for (const { uid, hotkey: of, score, reason: why } of judged.scores) {
          expect(hotkeys[uid]).toBe(of);
          expect(Object.keys(REASONS)).toContain(why);
          if (score !== undefined) expect(Number.isFinite(score) && score >= 0).toBe(true);
          if (judged.status === "void") expect(score).toBeUndefined();
        }
        if (judged.status === "void") expect(judged.reason).toBe("score-invalid");
        else expect(JSON.parse(JSON.stringify(judged.state))).toEqual(judged.state);
      }),
      { numRuns: 150 },
    );
  });

  it("P7: gives weights that are finite, positive and of those who are there, once each, or none", async () => {
    await fc.assert(
      fc.asyncProperty(weights, async (result) => {
        const shares = await scorerOf({ toWeights: () => result }).weights(input.context, {});
        for (const { uid, hotkey: of, weight } of shares ?? []) {
          expect(hotkeys[uid]).toBe(of);
          expect(Number.isFinite(weight) && weight > 0).toBe(true);
        }
        const uids = shares?.map(({ uid }) => uid) ?? [];
        expect(new Set(uids).size).toBe(uids.length);
      }),
      { numRuns: 400 },
    );
  });

  it("V4: cannot say in its own process what the reader of its answer believes without looking", () => {
    const part = fc.constantFrom("scored", "void", "scores", "evidence", "state", "weights", "shares", "end");
    const head = fc.oneof(
      fc.record({ part }),
      fc.record({ part, reason: fc.string(), scores: fc.array(entry), shares: fc.anything(), evidence }),
      fc.record({
        part: fc.constant("shares"),
        shares: fc.array(fc.record({ uid: number, hotkey, weight: number })),
      }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.array(head), (heads) => {
        const reader = new AnswerReader();
        try {
          for (const each of heads) {
            const frame = JSON.parse(toFrame(each).subarray(8).toString()) as unknown;
            const answer = reader.take({ head: frame, bytes: new Uint8Array(Buffer.from("{}")) });
            if (answer?.call === "judge")
              expect(answer.judged.scores.every(({ score = 0 }) => score >= 0)).toBe(true);
            else for (const { weight } of answer?.shares ?? []) expect(weight).toBeGreaterThan(0);
          }
        } catch (error) {
          expect((error as Error).name).not.toBe("AssertionError");
        }
      }),
      { numRuns: 300 },
    );
  });
});
