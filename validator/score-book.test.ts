import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Failure, REASONS } from "../shared/reasons.ts";
import type {
  Answer,
  EpochContext,
  Job,
  Participant,
  SubnetTemplate,
  Transcript,
} from "../shared/template.ts";
import { judgeEpoch, weightShares } from "./score-book.ts";

/** The mean of what each answer says it is worth; who failed gets 0. */
const template: Pick<SubnetTemplate, "scoreEpoch" | "toWeights"> = {
  scoreEpoch(_, transcripts, state) {
    const values = new Map<string, number[]>();
    for (const { answers } of transcripts) {
      for (const [hotkey, answer] of answers) {
        const value = answer.ok ? (answer.response as { worth: number }).worth : 0;
        values.set(hotkey, [...(values.get(hotkey) ?? []), value]);
      }
    }
    const raw = new Map(
      [...values].map(([hotkey, all]) => {
        const score = all.reduce((a, b) => a + b, 0) / all.length;
        return [hotkey, { score, reason: score > 0 ? "ok" : "wrong-shape" } as const];
      }),
    );
    return {
      raw,
      state: { ...(state as object), ...Object.fromEntries([...raw].map(([k, v]) => [k, v.score])) },
      evidence: [],
    };
  },
  toWeights: (state, { participants }) =>
    participants.map(({ uid, hotkey }) => ({ uid, weight: (state as Record<string, number>)[hotkey] ?? 0 })),
};

const hotkeys = Array.from({ length: 8 }, (_, i) => `miner-${i}`);
const failures = Object.keys(REASONS).filter((reason) => reason !== "ok") as Failure[];
const ownFaults = ["validator-outage", "not-sampled"];

const answer: fc.Arbitrary<Answer<unknown>> = fc.oneof(
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((worth) => ({ ok: true as const, response: { worth }, latencyMs: 1 })),
  fc.constantFrom(...failures).map((reason) => ({ ok: false as const, reason, latencyMs: 1 })),
);
const answers = fc.dictionary(fc.constantFrom(...hotkeys), answer, { noNullPrototype: true });
const epochs = fc.array(answers, { minLength: 1, maxLength: 4 });

describe("the score book", () => {
  it("V6: gives the same scores in whatever order answers and jobs come", () => {
    fc.assert(
      fc.property(epochs, fc.integer(), (jobs, seed) => {
        const transcripts = jobs.map(transcript);
        const shuffled = transcripts.map((t) => ({ ...t, answers: new Map(rotate([...t.answers], seed)) }));
        const judged = judgeEpoch(template, context(), transcripts, {}, undefined);
        expect(judgeEpoch(template, context(), shuffled, {}, undefined).scores).toEqual(judged.scores);
      }),
      { numRuns: 500 },
    );
  });

  it("V3: changes nobody else's score when one miner is taken out", () => {
    fc.assert(
      fc.property(epochs, fc.constantFrom(...hotkeys), (jobs, gone) => {
        const without = jobs.map((job) =>
          Object.fromEntries(Object.entries(job).filter(([k]) => k !== gone)),
        );
        const before = judgeEpoch(template, context(), jobs.map(transcript), {}, undefined);
        const after = judgeEpoch(template, context(), without.map(transcript), {}, undefined);
        fc.pre(before.status === "scored" && after.status === "scored");
        expect(after.scores).toEqual(before.scores.filter(({ hotkey }) => hotkey !== gone));
      }),
      { numRuns: 500 },
    );
  });

  it("keeps a hotkey's score when it sits in another slot, and gives nothing to who sits in its old one", () => {
    const jobs = [{ "miner-0": ok(1), "miner-1": ok(0.5) }].map(transcript);
    const moved = context(["newcomer", "miner-1", "miner-0"]);
    expect(judgeEpoch(template, moved, jobs, {}, undefined).scores).toMatchObject([
      { uid: 1, hotkey: "miner-1", score: 0.5 },
      { uid: 2, hotkey: "miner-0", score: 1 },
    ]);
    expect(weightShares(template, moved, { "miner-0": 1, "miner-1": 0.5 })).toEqual([
      { uid: 1, hotkey: "miner-1", weight: 0.5 },
      { uid: 2, hotkey: "miner-0", weight: 1 },
    ]);
  });

  it("never lets a miner pay for what the validator failed to do", () => {
    fc.assert(
      fc.property(epochs, (jobs) => {
        const judged = judgeEpoch(template, context(), jobs.map(transcript), {}, undefined);
        fc.pre(judged.status === "scored");
        for (const { hotkey, score } of judged.scores) {
          const own = jobs.map((job) => job[hotkey]).filter((a) => a !== undefined);
          const counted = own.filter((a) => a.ok || !ownFaults.includes(a.reason));
          if (counted.length === 0) expect(score).toBeUndefined();
          else {
            const sum = counted.reduce((n, a) => n + (a.ok ? (a.response as { worth: number }).worth : 0), 0);
            expect(score).toBeCloseTo(sum / counted.length, 12);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("the outage guard", () => {
  const silence = { ok: false, reason: "timeout", latencyMs: 0 } as const;
  const round = (answering: number, of: number) =>
    [Object.fromEntries(hotkeys.slice(0, of).map((k, i) => [k, i < answering ? ok(1) : silence]))].map(
      transcript,
    );
  const everybody = new Set(hotkeys);

  it.each([
    ["all of eight answer", 8, 8, everybody, "scored"],
    ["half of those who answered last time are silent", 4, 8, everybody, "scored"],
    ["more than half of them are silent", 3, 8, everybody, "void"],
    ["nobody answers", 0, 8, everybody, "void"],
    ["nobody answers, and never did", 0, 8, undefined, "void"],
    ["most are silent, and were last time too", 3, 8, new Set(hotkeys.slice(0, 3)), "scored"],
    ["nobody knows who answered last time", 1, 8, undefined, "scored"],
  ])("when %s", (_, answering, of, before, status) => {
    const judged = judgeEpoch(template, context(), round(answering, of), {}, before);
    expect(judged).toMatchObject(status === "void" ? { status, reason: "validator-outage" } : { status });
    if (status === "void") expect(judged.scores.every(({ score }) => score === undefined)).toBe(true);
  });

  it("lets an epoch stand in which nobody serves at all", () => {
    const idle = { ok: false, reason: "not-serving", latencyMs: 0 } as const;
    const judged = judgeEpoch(template, context(), [transcript({ "miner-0": idle })], {}, undefined);
    expect(judged.status).toBe("scored");
  });
});

describe("a scorer that is wrong", () => {
  const jobs = [transcript({ "miner-0": ok(1) })];
  const giving = (part: object) => ({
    scoreEpoch: () => ({ raw: new Map(), state: {}, evidence: [], ...part }) as never,
  });

  it.each([
    [
      "throws",
      {
        scoreEpoch: () => {
          throw new Error("bug");
        },
      },
      "scorer-failed",
    ],
    [
      "gives NaN",
      giving({ raw: new Map([["miner-0", { score: Number.NaN, reason: "ok" }]]) }),
      "score-invalid",
    ],
    [
      "gives infinity",
      giving({ raw: new Map([["miner-0", { score: 1 / 0, reason: "ok" }]]) }),
      "score-invalid",
    ],
    [
      "gives less than nothing",
      giving({ raw: new Map([["miner-0", { score: -1, reason: "ok" }]]) }),
      "score-invalid",
    ],
    ["gives text", giving({ raw: new Map([["miner-0", { score: "1", reason: "ok" }]]) }), "score-invalid"],
    ["gives no map", giving({ raw: { "miner-0": 1 } }), "score-invalid"],
    [
      "keeps a state that does not survive a restart",
      giving({ state: { mean: Number.NaN } }),
      "score-invalid",
    ],
    ["keeps functions in its state", giving({ state: { f: () => 1 } }), "score-invalid"],
  ])("voids the epoch by name when it %s", (_, wrong, reason) => {
    expect(judgeEpoch(wrong, context(), jobs, {}, undefined)).toMatchObject({ status: "void", reason });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("bug");
      },
    ],
    ["gives NaN", () => [{ uid: 0, weight: Number.NaN }]],
    ["gives a negative weight", () => [{ uid: 0, weight: -1 }]],
    ["names a uid that is nobody's", () => [{ uid: 99, weight: 1 }]],
    [
      "names a uid twice",
      () => [
        { uid: 0, weight: 1 },
        { uid: 0, weight: 1 },
      ],
    ],
    ["gives nothing", () => undefined as never],
  ])("has no weights when toWeights %s", (_, toWeights) => {
    expect(weightShares({ toWeights }, context(), {})).toBeUndefined();
  });
});

function ok(worth: number): Answer<unknown> {
  return { ok: true, response: { worth }, latencyMs: 1 };
}

let tasks = 0;
function transcript(of: Record<string, Answer<unknown>>): Transcript {
  const job: Job = { taskId: `t-${tasks++}`, stage: "ask", synapse: "ask", to: Object.keys(of), task: null };
  return { epoch: 7, job, answers: new Map(Object.entries(of)) };
}

function context(slots: string[] = hotkeys): EpochContext {
  const participants = slots.map(
    (hotkey, uid): Participant => ({
      uid,
      hotkey,
      coldkey: hotkey,
      stakeRao: 0n,
      validatorPermit: false,
      registeredAt: 0,
      ip: undefined,
    }),
  );
  const [beacon, secret] = [new Uint8Array(32), new Uint8Array(32)];
  const base = { netuid: 2, mechanism: 0, epoch: 7, startBlock: 1, tempo: 10, validator: "v" };
  return { ...base, participants, beacon, secret, config: {} };
}

function rotate<T>(items: T[], by: number): T[] {
  const start = items.length === 0 ? 0 : ((by % items.length) + items.length) % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
