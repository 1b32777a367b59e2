import { describe, expect, it } from "vitest";
import { agentParams } from "../../shared/agent-params.ts";
import { type PlayedEpoch, type Player, playEpoch } from "../../shared/play-epoch.ts";
import { randomFrom } from "../../shared/rules/beacon.ts";
import { toModelCommitment } from "../../shared/rules/model-commitment.ts";
import type { EpochContext, Message, MinerContext } from "../../shared/template.ts";
import type { Tensor } from "../../shared/tensor.ts";
import type { Json } from "../../shared/types.ts";
import { createField } from "../field.test-kit.ts";

const hashOf = (name: string) => Buffer.alloc(32, name).toString("hex");
const modelOf = (name: string, skill = 0.8) => ({ seed: Buffer.alloc(32, name), skill });

type Member = {
  model?: string;
  agent?: string;
  params?: Record<string, number>;
  /** Block of the commitment to the model, where there is one. */
  committed?: number;
  names?: string;
  ip?: string;
};

const { template } = await createField("inference", [], "standing");

/** Some epochs of imitated miners, with the audits that a validator makes in between. */
async function play(
  members: Record<string, Member>,
  epochs: number,
  config: Json = {},
  rerun?: (hotkey: string) => Message,
) {
  const field = await createField("inference", Object.keys(members), "standing", config);
  const contextOf = (epoch: number): EpochContext => {
    const context = field.contextOf(epoch);
    const participants = context.participants.map((participant) => {
      const { committed, model = participant.hotkey, ip } = members[participant.hotkey] ?? {};
      const data = toModelCommitment({ sha256: hashOf(model), size: 1, uri: "axon:" });
      return {
        ...participant,
        ...(committed !== undefined && { commitment: { data, block: committed } }),
        ...(ip && { ip }),
      };
    });
    return { ...context, participants };
  };
  const players = new Map(Object.entries(members).map(([name, member]) => [name, toPlayer(name, member)]));
  const sources = {
    async audit(task: Json): Promise<Message> {
      const { hotkey, feeds } = template.sources!.audit!.rerun!(task);
      if (rerun) return rerun(hotkey);
      const model = modelOf(members[hotkey]!.model ?? hotkey);
      const { y } = await template.imitate!(task, "audit", hotkey, model, {})(feeds);
      expect(feeds.x!.shape[0]).toBe(y!.shape[0]);
      return { y: y!, precision: "float32" };
    },
  };
  const played: PlayedEpoch<Json>[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const before = played.at(-1);
    const state = JSON.parse(JSON.stringify(before?.state ?? template.initialState()));
    played.push(
      await playEpoch(template, contextOf(epoch), state, players, { sources, pending: before?.pending }),
    );
  }
  return {
    reasons: (name: string) => played.map(({ raw }) => raw.get(name)?.reason),
    paid: (name: string) => {
      const uid = Object.keys(members).indexOf(name) + 1;
      return played.map(({ weights }) => weights.some((entry) => entry.uid === uid));
    },
  };
}

function toPlayer(name: string, { model = name, agent: behaviour, params: chosen, names }: Member): Player {
  const agent = template.agents.find((candidate) => candidate.name === behaviour);
  const params = agent ? agentParams(agent, chosen) : {};
  const random = randomFrom(Buffer.alloc(32, `random ${name}`));
  const [memory, own] = [createMemory(), createMemory()];
  return async ({ synapse, request, hotkey, job }) => {
    const infer: MinerContext["infer"] = (feeds) =>
      template.imitate!(job.task, job.synapse, hotkey, modelOf(model), {})(feeds);
    const context = { hotkey, caller: "5Validator", infer, memory, signal: new AbortController().signal };
    const modelHash = () => hashOf(names ?? model);
    const honest = () => synapse.answer(synapse.parseRequest(request), { ...context, modelHash });
    if (!agent) return { response: await honest(), latencyMs: 50 };
    const asked = {
      hotkey,
      honest,
      infer,
      random: random.uniform,
      memory: own,
      params,
      synapse: job.synapse,
    };
    return { response: await agent.answer(request, asked), latencyMs: 50 };
  };
}

function createMemory(): MinerContext["memory"] {
  const entries = new Map<string, Message>();
  return { get: (key) => entries.get(key), set: (key, value) => void entries.set(key, value) };
}

const cheap = { rounds: 2, items: 32 };

describe("an audit", () => {
  it("finds the committed model in an honest miner, and puts who answers with another into time-out", async () => {
    const { reasons, paid } = await play(
      {
        "5Honest": { committed: 10 },
        "5Cheat": { committed: 11, agent: "substitute", params: { share: 1 } },
        "5Open": {},
      },
      5,
      { ...cheap, timeOutEpochs: 2, auditShare: 0.1 },
    );
    expect(reasons("5Honest")).toEqual(Array(5).fill("ok"));
    expect(reasons("5Open")).toEqual(Array(5).fill("ok"));
    expect(reasons("5Cheat").slice(1)).toEqual(Array(4).fill("audit-mismatch"));
    expect(paid("5Cheat").slice(1)).toEqual(Array(4).fill(false));
  });

  it("is as strict as the model's arithmetic is exact, and no answer is near what is no number", async () => {
    const y = (value: number) => (): Message => ({
      y: { dtype: "float32", shape: [6, 10], data: new Float32Array(60).fill(value) } as Tensor,
      precision: "integer",
    });
    const members = { "5A": { committed: 1 }, "5B": {} };
    for (const value of [0.1, Number.NaN]) {
      const { reasons } = await play(members, 2, { ...cheap, auditShare: 0.1 }, y(value));
      expect(reasons("5A")).toEqual(["ok", "audit-mismatch"]);
    }
  });

  it("takes the epoch from a miner whose model is not what it committed to, and nothing for an outage of ours", async () => {
    const members = { "5A": { committed: 1 }, "5B": {} };
    const gone = await play(members, 3, cheap, () => ({ problem: "of another hash" }));
    expect(gone.reasons("5A")).toEqual(["ok", "model-missing", "model-missing"]);
    const outage = await play(members, 2, cheap, () => {
      throw new Error("not reached");
    });
    expect(outage.reasons("5A")).toEqual(["ok", "ok"]);
  });

  it("does not pay who names another model than the committed one, nor, where that is demanded, who committed to none", async () => {
    const { reasons } = await play({ "5A": { committed: 1, names: "5Other" }, "5B": {} }, 1, {
      ...cheap,
      requireCommitment: true,
    });
    expect(reasons("5A")).toEqual(["stale-model"]);
    expect(reasons("5B")).toEqual(["model-missing"]);
  });
});

describe("who is somebody else under another name", () => {
  it("loses to who committed to the model first, whoever registered first", async () => {
    const { reasons } = await play(
      { "5Thief": { model: "m", committed: 9 }, "5Owner": { model: "m", committed: 5 } },
      1,
      cheap,
    );
    expect([reasons("5Thief"), reasons("5Owner")]).toEqual([["duplicate-model"], ["ok"]]);
  });

  it("is found by its public address, and by a private one not", async () => {
    const [one, other] = ["52.8.8.8", "52.8.8.9"];
    const of = async (a: string, b: string, sameAddress: string) =>
      (await play({ "5A": { ip: a }, "5B": { ip: b } }, 1, { ...cheap, sameAddress })).reasons("5B")[0];
    expect(await of(one, one, "address")).toBe("duplicate-model");
    expect(await of(one, other, "address")).toBe("ok");
    expect(await of(one, other, "network")).toBe("duplicate-model");
    expect(await of("2600:1::1", "2600:1::ffff", "network")).toBe("duplicate-model");
    expect(await of(one, one, "off")).toBe("ok");
    expect(await of("10.0.0.1", "10.0.0.1", "address")).toBe("ok");
  });

  it("is found within three epochs by how it errs, though no digit of its answers is the same", async () => {
    const honest = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`5Honest${i}`, {}]));
    const copycat = { "5Copycat": { model: "5Honest0", agent: "copycat", params: { noise: 0.1 } } };
    const { reasons } = await play({ ...honest, ...copycat }, 5);
    expect(reasons("5Copycat").slice(-2)).toEqual(["duplicate-answer", "duplicate-answer"]);
    for (const name of Object.keys(honest)) expect(reasons(name)).toEqual(Array(5).fill("ok"));
  });
});

describe("a relay", () => {
  it("is bound to nothing that opens under its own name: the epoch is lost", async () => {
    const { reasons } = await play({ "5Relay": { agent: "relay" }, "5Honest": {} }, 1, cheap);
    expect(reasons("5Relay")).toEqual(["broken-commitment"]);
  });
});
