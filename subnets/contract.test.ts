import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Player, playEpoch } from "../shared/play-epoch.ts";
import type { Agent, EpochContext, Message } from "../shared/template.ts";
import { isTensor, type Tensor, tensor } from "../shared/tensor.ts";
import type { Json } from "../shared/types.ts";
import { fromMessage, readBody, toQuestion } from "../shared/wire/v10/synapse-body.ts";
import { agentPlayer, createField, honestPlayer, toParticipant } from "./field.test-kit.ts";
import { listModels } from "./models.ts";
import { loadModel } from "./ort-model.test-kit.ts";
import { loadSubnet, SUBNET_NAMES } from "./registry.ts";

const HONEST = ["5HonestA", "5HonestB", "5HonestC"];
const ODD = "5Odd";

/** What every subnet that ships with subforge keeps, whatever it asks and pays for. */
describe.each(SUBNET_NAMES)("the subnet %s", async (name) => {
  const field = await createField(name, [...HONEST, ODD], "contract");
  const { template } = field;
  const context = field.contextOf(3);
  const models = await Promise.all(
    (await listModels(name)).slice(0, HONEST.length).map((model) => loadModel(name, model.name)),
  );
  const honest = HONEST.map((hotkey, i) => [hotkey, honestPlayer(models[i % models.length]!)] as const);

  const plan = (change: Partial<EpochContext>) =>
    template.planEpoch({ ...context, ...change }, template.initialState()).jobs;

  /** Every question of a plan, as the miner would see it. */
  const questions = (change: Partial<EpochContext>) =>
    plan(change).map((job) => {
      const hotkey = job.to === "source" ? "" : job.to[0]!;
      return toComparable(template.synapses[job.synapse]!.createRequest(job.task, hotkey, new Map()));
    });

  it("plans the same jobs from the same context, with names that a queue can carry", () => {
    const jobs = plan({});
    expect(jobs.length).toBeGreaterThan(0);
    expect(plan({})).toEqual(jobs);
    for (const { taskId, stage } of jobs) {
      expect(taskId).toMatch(/^[a-z0-9-]{1,64}$/);
      expect(stage).toMatch(/^[a-z0-9-]{1,32}$/);
    }
    expect(new Set(jobs.map(({ taskId }) => taskId)).size).toBe(jobs.length);
  });

  it("can be asked by Python peers where it says so, and nothing of a question is left out or unsigned", () => {
    for (const job of plan({})) {
      const { v10, createRequest } = template.synapses[job.synapse]!;
      if (!v10 || job.to === "source") continue;
      const message = createRequest(job.task, job.to[0]!, new Map());
      const inputs = fromMessage(v10, message, "inputs");
      expect(toComparable(toQuestion(v10, readBody(v10, inputs)))).toEqual(toComparable(message));
      expect(v10.name).toMatch(/^[A-Z][A-Za-z0-9]{0,63}$/);
      expect([...v10.requiredHashFields].sort()).toEqual(Object.keys(message).sort());
      const outputs = Object.values(v10.fields).filter((field) => field.output);
      expect(outputs.length).toBeGreaterThan(0);
      expect(outputs.every((field) => field.default !== undefined)).toBe(true);
    }
  });

  it("asks the same hotkeys the same, whatever uids they have", () => {
    const [validator, ...miners] = context.participants;
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (uids) => {
        const shuffled = uids.map((from, i) => ({ ...miners[from]!, uid: i + 1 }));
        expect(plan({ participants: [validator!, ...shuffled] })).toEqual(plan({}));
      }),
      { numRuns: 10 },
    );
  });

  it("asks something else when only the secret is another: public data do not give the questions", () => {
    expect(questions({})).toEqual(questions({}));
    for (const other of [{ secret: new Uint8Array(32) }, { beacon: new Uint8Array(32) }]) {
      const [before, after] = [questions({}), questions(other)];
      before.forEach((question, i) => {
        expect(after[i]).not.toBe(question);
      });
    }
  });

  it("makes a question from what the queue carries, and queues it small", () => {
    for (const job of plan({})) {
      const bytes = Buffer.byteLength(JSON.stringify(job.task));
      expect(bytes).toBeLessThan(1_024);
      const { createRequest } = template.synapses[job.synapse]!;
      const queued = JSON.parse(JSON.stringify(job.task));
      expect(toComparable(createRequest(queued, ODD, new Map()))).toBe(
        toComparable(createRequest(job.task, ODD, new Map())),
      );
    }
  });

  it("never throws on garbage, and never pays it more than the median honest miner", async () => {
    const scoresOf = async (odd: Player) => {
      const players = new Map([...honest, [ODD, odd] as const]);
      return playEpoch(template, context, template.initialState(), players);
    };
    for (const [what, odd] of Object.entries(oddPlayers(honestPlayer(models[0]!)))) {
      const { raw, state, weights } = await scoresOf(odd);
      const honestScores = HONEST.map((hotkey) => raw.get(hotkey)?.score ?? 0).sort((a, b) => a - b);
      expect(honestScores[1], what).toBeGreaterThan(0);
      const paid = raw.get(ODD);
      expect(paid?.score ?? 0, what).toBeLessThanOrEqual(honestScores[1]!);
      expect(paid?.reason, what).not.toBe("ok");
      for (const { score } of raw.values()) expect(Number.isFinite(score) && score >= 0).toBe(true);
      for (const { weight } of weights) expect(Number.isFinite(weight) && weight >= 0).toBe(true);
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    }
  });

  it("scores the same after its state went through a file", async () => {
    const players = new Map(honest);
    const first = await playEpoch(template, context, template.initialState(), players);
    const stored = JSON.parse(JSON.stringify(first.state)) as Json;
    const next = field.contextOf(4);
    const [a, b] = [
      await playEpoch(template, next, first.state, players),
      await playEpoch(template, next, stored, players),
    ];
    expect(b.state).toEqual(a.state);
    expect(b.weights).toEqual(a.weights);
    expect([...b.raw]).toEqual([...a.raw]);
  });

  it("does not depend on the order in which answers and transcripts came in", async () => {
    const { transcripts, state, raw } = await playEpoch(
      template,
      context,
      template.initialState(),
      new Map(honest),
    );
    const turned = transcripts.map((transcript) => ({
      ...transcript,
      answers: new Map([...transcript.answers].reverse()),
    }));
    const again = template.scoreEpoch(context, turned, template.initialState());
    expect(again.state).toEqual(state);
    expect(Object.fromEntries(again.raw)).toEqual(Object.fromEntries(raw));
  });

  it("keeps no score of a hotkey that lost its slot, and gives its uid's new owner nothing of it", async () => {
    const first = await playEpoch(template, context, template.initialState(), new Map(honest));
    const newcomer = toParticipant("5Newcomer", 1); // uid 1 was the first honest miner's
    const participants = [...context.participants.filter(({ uid }) => uid !== 1), newcomer];
    const next = { ...field.contextOf(4), participants };
    const second = await playEpoch(template, next, first.state, new Map(honest));
    expect(second.weights.map(({ uid }) => uid)).not.toContain(1);
    expect(JSON.stringify(second.state)).not.toContain(HONEST[0]);
  });

  it("has parsers that take any garbage for what it is", () => {
    for (const [synapseName, synapse] of Object.entries(template.synapses)) {
      const job = plan({}).find((candidate) => candidate.synapse === synapseName)!;
      const request = synapse.createRequest(job.task, ODD, new Map());
      fc.assert(
        fc.property(fc.dictionary(fc.string(), fc.anything()), (garbage) => {
          expect(() => synapse.parseRequest(garbage as Message)).toThrow();
          expect(() => synapse.parseResponse(garbage as Message, request)).toThrow();
        }),
      );
    }
  });

  describe.each(template.agents.map((agent) => [agent.name, agent] as [string, Agent]))(
    "against %s",
    (_, agent) => {
      it("pays more for each unit of cost to who does the work", async () => {
        const players = new Map([...honest, [ODD, agentPlayer(agent, models[0]!, name)] as const]);
        let state = template.initialState();
        const paid = new Map<number, number>();
        for (let epoch = 0; epoch < 3; epoch++) {
          const played = await playEpoch(template, field.contextOf(epoch), state, players);
          state = played.state;
          for (const { uid, weight } of played.weights) paid.set(uid, (paid.get(uid) ?? 0) + weight);
        }
        const oddsPay = (paid.get(4) ?? 0) / agent.cost;
        const medianHonest = [1, 2, 3].map((uid) => paid.get(uid) ?? 0).sort((a, b) => a - b)[1]!;
        expect(oddsPay).toBeLessThan(medianHonest);
        expect(paid.get(4) ?? 0).toBeLessThan(0.01 * Math.max(...paid.values())); // less than 1 % of the best
      });
    },
  );
});

describe("the registry", () => {
  it("names what there is when it is asked for something else", async () => {
    await expect(loadSubnet("forecasts")).rejects.toMatchObject({
      code: "SUBNET_UNKNOWN",
      details: { known: [...SUBNET_NAMES] },
    });
    await expect(loadSubnet("toString")).rejects.toMatchObject({ code: "SUBNET_UNKNOWN" });
  });

  it("loads each subnet under its own name", async () => {
    for (const name of SUBNET_NAMES) expect((await loadSubnet(name)).id).toBe(name);
  });
});

/** Miners that answer wrongly in every way that a message can be wrong, `honestly` being how they would do it right. */
function oddPlayers(honestly: Player): Record<string, Player> {
  const changed =
    (change: (value: Tensor) => unknown): Player =>
    async (question) => {
      const { response } = await honestly(question);
      return { response: mapTensors(response as Message, change), latencyMs: 50 };
    };
  return {
    silence: async () => ({ response: undefined, latencyMs: 0 }),
    crash: async () => {
      throw new Error("crashed");
    },
    "empty message": async () => ({ response: {}, latencyMs: 1 }),
    "NaN everywhere": changed(({ shape, data }) =>
      tensor("float32", shape, new Float32Array(data.length).fill(Number.NaN)),
    ),
    infinity: changed(({ shape, data }) =>
      tensor("float32", shape, new Float32Array(data.length).fill(Number.POSITIVE_INFINITY)),
    ),
    "huge numbers": changed(({ shape, data }) =>
      tensor("float32", shape, new Float32Array(data.length).fill(3e38)),
    ),
    zeros: changed(({ shape, data }) => tensor("float32", shape, new Float32Array(data.length))),
    "too few values": changed(({ shape }) => ({ dtype: "float32", shape, data: new Float32Array(1) })),
    "another shape": changed(({ data }) => ({ dtype: "float32", shape: [data.length], data })),
    "another type": changed(({ shape, data }) => ({
      dtype: "int32",
      shape,
      data: new Int32Array(data.length),
    })),
    text: changed(() => "a tensor, honestly"),
  };
}

function mapTensors(message: Message, change: (value: Tensor) => unknown): Message {
  return Object.fromEntries(
    Object.entries(message).map(([key, value]) => [key, isTensor(value) ? change(value) : value]),
  ) as Message;
}

/** A message as text, tensors by their values. */
function toComparable(message: Message): string {
  return JSON.stringify(message, (_, value) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value,
  );
}
