import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readJournal } from "../shared/journal/journal.ts";
import { silentLogger } from "../shared/logger.ts";
import { connectRedis } from "../shared/queue/connection.ts";
import { minersOf, toUidWeights } from "../shared/rules/participants.ts";
import { AnswerRefused, type RawScore, type SubnetTemplate, type Synapse } from "../shared/template.ts";
import type { Json } from "../shared/types.ts";
import { beaconOf } from "./epoch-secret.ts";
import { honest, startNet, useTestBench } from "./test-validator.test-kit.ts";

const bench = useTestBench();

describe("an epoch of several stages", () => {
  it("commits, reveals, and audits what a later block picks", async () => {
    const net = await startNet(bench, {
      template: commitRevealAudit,
      miners: [honest, honest, liesAtReveal],
    });
    const { epoch, scores } = await net.until("epoch.scored");
    expect(scores).toMatchObject([
      { uid: 1, score: 1, reason: "ok", asked: 3 },
      { uid: 2, score: 1, reason: "ok", asked: 3 },
      { uid: 3, score: 0, reason: "broken-commitment", asked: 2 },
    ]);
    expect((await net.until("weights.verified", (e) => e.epoch === epoch)).sent.uids).toEqual([1, 2]);

    const journal = readJournal(net.journalPath);
    const key = { netuid: 2, mechanism: 0, epoch };
    const [commit, reveal, audit] = journal.epochs.stages(key);
    journal.close();
    expect(reveal!.block).toBe(commit!.doneBlock! + 1);
    expect(audit!.block).toBe(reveal!.doneBlock! + 1);
    const hash = (await net.chain.blockHash(audit!.block!))!;
    expect(audit!.beacon).toBe(`0x${Buffer.from(beaconOf(hash)).toString("hex")}`);
    expect(audit!.beacon).not.toBe(commit!.beacon);
  });

  it("Q5: goes on between its stages after a restart of the planner and the loss of everything in Redis", async () => {
    const net = await startNet(bench, { template: commitRevealAudit, miners: [honest, liesAtReveal] });
    await net.until("answers.collected", ({ taskId }) => taskId === "commit");
    await net.restartPlanner(async () => {
      // Q5: whatever Redis held is gone; stages are in the journal.
      const link = await connectRedis({ url: bench.redisUrl, logger: silentLogger });
      await link.redis.flushall();
      link.close();
    });
    const { scores } = await net.until("epoch.scored");
    expect(scores).toMatchObject([{ score: 1 }, { score: 0, reason: "broken-commitment" }]);
  });

  it("judges forecasts by a truth that arrives an epoch later, from a source that fails at first", async () => {
    let calls = 0;
    const price = async (): Promise<{ value: number }> => {
      calls++;
      if (calls === 1) throw new Error("the feed is away");
      return { value: 100 };
    };
    const net = await startNet(bench, { template: forecasts, miners: [honest], sources: { price } });
    const asked = await net.until("epoch.scored");
    expect(asked.scores).toMatchObject([{ uid: 1, score: null, reason: "ok", asked: 1, answered: 1 }]);
    const judged = await net.until("epoch.scored", (e) => e.scores.some(({ score }) => score === 1));
    expect(judged.epoch).toBe(asked.epoch + 1);
    expect(calls).toBeGreaterThan(1);
  });
});

type Task = { seed: string; index: number | null };

const limits = { timeoutMs: 2_000, maxRequestBytes: 4_096, maxResponseBytes: 4_096 };

/** Eight numbers that a miner works out; it says their hash first. */
const VALUES = [1, 1, 2, 3, 5, 8, 13, 21];

const commit: Synapse<Task> = {
  ...limits,
  createRequest: ({ seed }) => ({ seed }),
  parseRequest: (message) => message,
  answer: async ({ seed }, { hotkey, memory }) => {
    memory.set(String(seed), { values: VALUES });
    return { hash: hashOf(VALUES, hotkey) };
  },
  parseResponse: ({ hash }) => ({ hash: String(hash) }),
};

const reveal: Synapse<Task> = {
  ...limits,
  // What the miner said before is part of what its answer is checked against.
  createRequest: ({ seed }, miner, earlier) => {
    const said = earlier.get("commit");
    return { seed, miner, hash: said?.ok ? said.response.hash! : "" };
  },
  parseRequest: (message) => message,
  answer: async ({ seed }, { memory }) => ({ values: memory.get(String(seed))!.values! }),
  parseResponse: ({ values }, { hash, miner }) => {
    if (!Array.isArray(values) || hashOf(values as number[], String(miner)) !== hash) {
      throw new AnswerRefused("broken-commitment", "these are not the values it committed to");
    }
    return { values };
  },
};

const audit: Synapse<Task> = {
  ...limits,
  createRequest: ({ seed, index }, _, earlier) => {
    const said = earlier.get("reveal");
    return { seed, index, expected: said?.ok ? (said.response.values as number[])[index!]! : -1 };
  },
  parseRequest: (message) => message,
  answer: async ({ index }) => ({ value: VALUES[Number(index)]! }),
  parseResponse: ({ value }, { expected }) => {
    if (value !== expected) throw new AnswerRefused("out-of-range", "another value than it revealed");
    return { value };
  },
};

const commitRevealAudit: SubnetTemplate = {
  id: "stages",
  version: "1",
  parseConfig: () => ({}),
  synapses: { commit, reveal, audit } as unknown as SubnetTemplate["synapses"],
  initialState: () => null,
  planEpoch: (context) => ({
    jobs: [
      { taskId: "commit", stage: "commit", synapse: "commit", to: minersOf(context), task: task("x", null) },
    ],
    later: [
      { stage: "reveal", at: { afterStage: "commit", blocks: 1 } },
      { stage: "audit", at: { afterStage: "reveal", blocks: 1 } },
    ],
  }),
  planStage(context, _, transcripts) {
    const last = transcripts.at(-1)!;
    const to = [...last.answers].filter(([, { ok }]) => ok).map(([hotkey]) => hotkey);
    const index = context.stage === "audit" ? context.beacon[0]! % VALUES.length : null;
    const { stage } = context;
    return [{ taskId: stage, stage, synapse: stage, to, task: task("x", index) }];
  },
  scoreEpoch(_, transcripts, state) {
    const raw = new Map<string, RawScore>();
    for (const { job, answers } of transcripts) {
      for (const [hotkey, answer] of answers) {
        if (!answer.ok) raw.set(hotkey, { score: 0, reason: answer.reason });
        else if (job.stage === "audit") raw.set(hotkey, { score: 1, reason: "ok" });
      }
    }
    const winners = [...raw].filter(([, { score }]) => score === 1).map(([hotkey]) => hotkey);
    return { raw, state: raw.size > 0 ? winners : state, evidence: [] };
  },
  toWeights: (state, context) =>
    toUidWeights(context.participants, new Map((state as string[]).map((hotkey) => [hotkey, 1]))),
  agents: [],
};

const forecast: Synapse = {
  ...limits,
  createRequest: () => ({ topic: "price" }),
  parseRequest: (message) => message,
  answer: async () => ({ value: 100 }),
  parseResponse: ({ value }) => ({ value: Number(value) }),
};

const forecasts: SubnetTemplate = {
  id: "forecasts",
  version: "1",
  parseConfig: () => ({}),
  synapses: { forecast },
  sources: { price: { timeoutMs: 1_000, parseTruth: ({ value }) => ({ value: Number(value) }) } },
  initialState: () => ({}),
  planEpoch: (context) => ({
    jobs: [{ taskId: "ask", stage: "ask", synapse: "forecast", to: minersOf(context), task: null }],
    later: [{ stage: "truth", at: { epochsLater: 1 } }],
  }),
  planStage: ({ stage }) => [{ taskId: "truth", stage, synapse: "price", to: "source", task: null }],
  scoreEpoch(_, transcripts, state) {
    const raw = new Map<string, RawScore>();
    const waiting = { ...(state as Record<string, Record<string, number>>) };
    for (const { epoch, job, answers } of transcripts) {
      const truth = answers.get("source");
      if (job.to === "source" && truth?.ok) {
        const { value: actual } = truth.response as { value: number };
        for (const [hotkey, value] of Object.entries(waiting[epoch] ?? {})) {
          raw.set(hotkey, { score: value === actual ? 1 : 0, reason: "ok" });
        }
      } else {
        const said = [...answers].flatMap(([hotkey, answer]) =>
          answer.ok ? [[hotkey, (answer.response as { value: number }).value] as const] : [],
        );
        waiting[epoch] = Object.fromEntries(said);
      }
    }
    return { raw, state: waiting as Json, evidence: [] };
  },
  toWeights: () => [],
  agents: [],
};

function liesAtReveal(response: Parameters<typeof honest>[0]): ReturnType<typeof honest> {
  return "values" in response ? { values: [0, 0, 0, 0, 0, 0, 0, 0] } : response;
}

function task(seed: string, index: number | null): Task {
  return { seed, index };
}

function hashOf(values: number[], hotkey: string): string {
  return createHash("sha256").update(JSON.stringify(values)).update(hotkey).digest("hex");
}
