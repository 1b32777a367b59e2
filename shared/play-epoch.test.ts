import { describe, expect, it } from "vitest";
import { type PlayedEpoch, type Player, playEpoch } from "./play-epoch.ts";
import type { EpochContext, Message, StageContext, SubnetTemplate, Synapse, Transcript } from "./template.ts";

const MINERS = ["5A", "5B"];
const begun: { stage: string; block: number; beacon: Uint8Array; epoch: number }[] = [];

const ask: Synapse = {
  ...{ timeoutMs: 100, maxRequestBytes: 1_000, maxResponseBytes: 1_000 },
  createRequest: (task, _, earlier) => ({ task, heard: [...earlier.keys()] }),
  parseRequest: (message) => message,
  answer: async (request) => request,
  parseResponse: (message) => message,
};

/** Two stages in this epoch, a source that is asked an epoch later, and a stage after that. */
const staged: SubnetTemplate<null, string, number> = {
  ...{ id: "staged", version: "1", parseConfig: () => null, initialState: () => 0, agents: [] },
  synapses: { ask },
  sources: { truth: { timeoutMs: 100, parseTruth: (message) => message } },
  planEpoch: () => ({
    jobs: [{ taskId: "first", stage: "first", synapse: "ask", to: MINERS, task: "first" }],
    later: [
      { stage: "second", at: { afterStage: "first", blocks: 2 } },
      { stage: "truth", at: { epochsLater: 1 } },
      { stage: "last", at: { afterStage: "truth", blocks: 0 } },
    ],
  }),
  planStage({ stage, block, beacon, epoch }: StageContext<null>, _, transcripts) {
    begun.push({ stage, block, beacon, epoch });
    const job = { taskId: stage, stage: "renamed by the player", task: `${stage} of ${transcripts.length}` };
    return stage === "truth"
      ? [{ ...job, synapse: "truth", to: "source" }]
      : [{ ...job, synapse: "ask", to: MINERS.slice(0, 1) }];
  },
  scoreEpoch: (_, transcripts, state) => ({
    raw: new Map(),
    state: state + transcripts.length,
    evidence: [],
  }),
  toWeights: () => [],
};

const contextOf = (epoch: number): EpochContext<null> => ({
  ...{ netuid: 1, mechanism: 0, epoch, startBlock: epoch * 100, tempo: 100, validator: "5V", config: null },
  participants: [],
  beacon: new Uint8Array(32).fill(epoch),
  secret: new Uint8Array(32),
});

const echo: Player = async ({ request, job }) => ({
  response: { ...request, stage: job.stage },
  latencyMs: 1,
});
const players = new Map(MINERS.map((hotkey) => [hotkey, echo]));
const heard = (transcripts: readonly Transcript[], taskId: string, hotkey: string) =>
  transcripts.find(({ job }) => job.taskId === taskId)!.answers.get(hotkey);

describe("an epoch of several stages", () => {
  it("is played in order, each stage with its own block and beacon, and with what was answered before", async () => {
    begun.length = 0;
    const { transcripts, pending, state } = await playEpoch(staged, contextOf(1), 0, players);
    expect(transcripts.map(({ job }) => [job.taskId, job.stage])).toEqual([
      ["first", "first"],
      ["second", "second"],
    ]);
    expect(heard(transcripts, "second", "5A")).toMatchObject({
      ok: true,
      response: { task: "second of 1", heard: ["first"] },
    });
    expect(begun).toMatchObject([{ stage: "second", block: 103 }]);
    expect(begun[0]!.beacon).not.toEqual(contextOf(1).beacon);
    expect(pending.map(({ later }) => later.map(({ stage }) => stage))).toEqual([["truth", "last"]]);
    expect(state).toBe(2);
  });

  it("is finished in a later epoch, under the number of its own, from the sources that were handed in", async () => {
    begun.length = 0;
    const first = await playEpoch(staged, contextOf(1), 0, players);
    const options = {
      pending: first.pending,
      sources: { truth: async (task: unknown): Promise<Message> => ({ said: String(task) }) },
      beaconOf: (stage: string) => Buffer.alloc(32, stage),
    };
    const second: PlayedEpoch<number> = await playEpoch(staged, contextOf(2), first.state, players, options);
    expect(second.transcripts.map(({ epoch, job }) => [epoch, job.taskId])).toEqual([
      [1, "truth"],
      [1, "last"],
      [2, "first"],
      [2, "second"],
    ]);
    expect(heard(second.transcripts, "truth", "source")).toMatchObject({ response: { said: "truth of 2" } });
    expect(begun.filter(({ stage }) => stage === "truth")).toMatchObject([
      { epoch: 1, block: 200, beacon: Buffer.alloc(32, "truth") },
    ]);
    expect(second.pending).toHaveLength(1);
  });

  it("has an outage of ours where a source is missing", async () => {
    const first = await playEpoch(staged, contextOf(1), 0, players);
    const { transcripts } = await playEpoch(staged, contextOf(2), 0, players, { pending: first.pending });
    expect(heard(transcripts, "truth", "source")).toMatchObject({ ok: false, reason: "validator-outage" });
  });
});
