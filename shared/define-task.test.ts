import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineTask } from "./define-task.ts";
import { type Player, playEpoch } from "./play-epoch.ts";
import type { Answer, EpochContext, Message, MinerContext, Participant } from "./template.ts";
import { type Tensors, tensor } from "./tensor.ts";

type Request = { question: number };
type Response = { answer: number };

/** Miners double a number. The truth is kept apart to prove that it does not travel. */
const doubling = defineTask({
  name: "doubling",
  version: "1",
  timeoutMs: 1_000,
  config: z.strictObject({ tasks: z.int().min(1).default(3), highest: z.int().min(1).default(1_000) }),
  tasksPerEpoch: ({ tasks }) => tasks,
  alpha: 0.5,
  createTask: (random, { highest }) => {
    const question = random.below(highest);
    return { request: { question }, truth: question * 2 };
  },
  parseRequest: ({ question }): Request => ({ question: Number(question) }),
  answer: async ({ question }) => ({ answer: question * 2 }),
  parseResponse: ({ answer }): Response => {
    if (typeof answer !== "number") throw new Error("a number is expected");
    return { answer };
  },
  score: (_, answers: readonly Answer<Response>[], truth) =>
    answers.map((a) => (a.ok && a.response.answer === truth ? 1 : 0)),
});

function participant(uid: number, hotkey: string, extra: Partial<Participant> = {}): Participant {
  return {
    uid,
    hotkey,
    coldkey: `${hotkey}Cold`,
    stakeRao: 0n,
    validatorPermit: false,
    registeredAt: 0,
    ip: "127.0.0.1",
    ...extra,
  };
}

const validator = participant(0, "5Validator", { validatorPermit: true, ip: undefined });
const honest = participant(1, "5Honest");
const wrong = participant(2, "5Wrong");
const silent = participant(3, "5Silent");

const context = {
  netuid: 1,
  mechanism: 0,
  epoch: 5,
  startBlock: 100,
  tempo: 20,
  validator: validator.hotkey,
  participants: [validator, honest, wrong, silent],
  beacon: new Uint8Array(32).fill(7),
  secret: new Uint8Array(32).fill(8),
  config: doubling.parseConfig(undefined),
} satisfies EpochContext;

const says =
  (toAnswer: (question: number) => unknown): Player =>
  async ({ request }) => ({
    response: { answer: toAnswer(request.question as number) } as Message,
    latencyMs: 5,
  });

const players = new Map<string, Player>([
  [honest.hotkey, says((question) => question * 2)],
  [wrong.hotkey, says((question) => question * 2 + 1)],
]);

describe("a subnet made by defineTask", () => {
  it("pays who is right, not who is wrong or silent, and gives each zero a reason", async () => {
    const { raw, weights } = await playEpoch(doubling, context, doubling.initialState(), players);
    expect(Object.fromEntries(raw)).toEqual({
      "5Honest": { score: 1, reason: "ok" },
      "5Wrong": { score: 0, reason: "below-baseline" },
      "5Silent": { score: 0, reason: "connect-failed" },
    });
    expect(weights).toEqual([{ uid: 1, weight: 1 }]);
  });

  it("plans the same questions from the same context, and others from another secret or beacon", () => {
    const plan = (change: { secret?: Uint8Array; beacon?: Uint8Array }) =>
      JSON.stringify(doubling.planEpoch({ ...context, ...change }, doubling.initialState()).jobs);
    expect(plan({})).toBe(plan({}));
    expect(plan({ secret: new Uint8Array(32) })).not.toBe(plan({}));
    expect(plan({ beacon: new Uint8Array(32) })).not.toBe(plan({}));
  });

  it("asks neither itself nor a validator that serves nothing, and plans nothing when nobody is left", () => {
    const other = participant(4, "5Other", { validatorPermit: true, ip: undefined });
    const plan = (participants: Participant[]) =>
      doubling.planEpoch({ ...context, participants }, doubling.initialState()).jobs;
    expect(plan([validator, other, honest])[0]!.to).toEqual(["5Honest"]);
    expect(plan([validator, other])).toEqual([]);
  });

  it("queues a small seed: neither question nor truth", () => {
    for (const { task } of doubling.planEpoch(context, doubling.initialState()).jobs) {
      expect(Object.keys(task)).toEqual(["seed", "config"]);
    }
  });

  it("makes the same question again after the job went through a queue", () => {
    const [job] = doubling.planEpoch(context, doubling.initialState()).jobs;
    const { createRequest } = doubling.synapses.ask!;
    const copy = structuredClone(job!.task);
    expect(createRequest(copy, "5A", new Map())).toEqual(createRequest(job!.task, "5B", new Map()));
  });

  it("averages over epochs, and does not let the validator's own outage cost anybody anything", async () => {
    const first = await playEpoch(doubling, context, doubling.initialState(), players);
    expect(first.state.averages["5Honest"]).toBe(0.5);

    const outage = { ok: false, reason: "validator-outage", latencyMs: 0 } as const;
    const transcripts = first.transcripts.map((transcript) => ({
      ...transcript,
      answers: new Map([["5Honest", outage]]),
    }));
    const second = doubling.scoreEpoch(context, transcripts as never, first.state);
    expect(second.raw.size).toBe(0);
    expect(second.state.averages["5Honest"]).toBe(0.5);
  });

  it("ignores answers of somebody it did not ask", async () => {
    const { transcripts } = await playEpoch(doubling, context, doubling.initialState(), players);
    const [transcript] = transcripts;
    const answers = new Map([["5Stranger", transcript!.answers.get("5Honest")!]]);
    const scored = doubling.scoreEpoch(
      context,
      [{ ...transcript!, answers }] as never,
      doubling.initialState(),
    );
    expect(scored.raw.size).toBe(0);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1, undefined])(
    "takes a score of %s for 0 and one above 1 for 1",
    async (value) => {
      const odd = { ...doublingDefinition, score: () => [value as number, 7] };
      const template = defineTask(odd);
      const two = { ...context, participants: [validator, honest, wrong], config: {} };
      const { raw } = await playEpoch(template, two, template.initialState(), players);
      expect([...raw.values()].map((entry) => entry.score)).toEqual([0, 1]);
    },
  );

  it("says so when score does not give one value for each answer", async () => {
    const template = defineTask({ ...doublingDefinition, score: () => [1] });
    await expect(
      playEpoch(template, { ...context, config: {} }, template.initialState(), players),
    ).rejects.toMatchObject({ code: "INTERNAL" });
  });

  it("answers through the model when it has toFeeds and fromOutputs", async () => {
    const template = defineTask({
      ...doublingDefinition,
      answer: undefined,
      toFeeds: ({ question }: Request) => ({ x: tensor("float32", [1, 1], Float32Array.of(question)) }),
      fromOutputs: ({ y }: Tensors) => ({ answer: Number(y!.data[0]) }),
    });
    const infer = async ({ x }: Tensors) => ({
      y: tensor("float32", [1, 1], Float32Array.of(Number(x!.data[0]) * 2)),
    });
    const miner = { infer } as unknown as MinerContext;
    expect(await template.synapses.ask!.answer({ question: 21 }, miner)).toEqual({ answer: 42 });
  });

  it("refuses a configuration it does not know, and names each field", () => {
    expect(() => doubling.parseConfig({ tasks: 0, speed: 1 })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
    expect(() => defineTask(doublingDefinition).parseConfig({ anything: 1 })).toThrow();
    expect(defineTask(doublingDefinition).parseConfig(undefined)).toEqual({});
  });

  it("keeps finite weights whatever the miners send", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.anything(), { minLength: 3, maxLength: 3 }), async (garbage) => {
        const noisy = new Map(
          [honest, wrong, silent].map(({ hotkey }, i) => [hotkey, says(() => garbage[i])] as const),
        );
        const { weights } = await playEpoch(doubling, context, doubling.initialState(), noisy);
        for (const { weight } of weights) expect(Number.isFinite(weight) && weight >= 0).toBe(true);
      }),
    );
  });
});

const doublingDefinition = {
  name: "plain",
  version: "1",
  timeoutMs: 1_000,
  tasksPerEpoch: 1,
  createTask: () => ({ request: { question: 1 } }),
  parseRequest: ({ question }: Message): Request => ({ question: Number(question) }),
  answer: async ({ question }: Request) => ({ answer: question * 2 }),
  parseResponse: ({ answer }: Message): Response => ({ answer: Number(answer) }),
  score: (_: Request, answers: readonly Answer<Response>[]) => answers.map(() => 1),
};
