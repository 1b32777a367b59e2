import { describe, expect, it } from "vitest";
import { readJournal } from "../shared/journal/journal.ts";
import { Keypair } from "../shared/keys/keypair.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import { beaconOf, decodeCommitment, epochSecret, secretHash } from "./epoch-secret.ts";
import { judgeEpoch } from "./score-book.ts";
import {
  type Behaviour,
  breaksOff,
  doubling,
  honest,
  startNet,
  useTestBench,
  wrong,
} from "./test-validator.test-kit.ts";
import { toTranscripts } from "./transcripts.ts";

const bench = useTestBench();

describe("an epoch", () => {
  it("goes from plan to verified weights that pay those who are right", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest, honest, wrong, breaksOff] });
    const verified = await net.until("weights.verified");
    const scored = net.seen("epoch.scored").at(-1)!;
    expect(verified.readBack).toEqual(verified.sent);
    expect(verified.sent).toEqual({ uids: [1, 2], values: [65535, 65535] });
    expect(scored.scores).toMatchObject([
      { uid: 1, score: 1, reason: "ok", asked: 4, answered: 4 },
      { uid: 2, score: 1, reason: "ok" },
      { uid: 3, score: 0, answered: 4 },
      { uid: 4, score: 0, reason: "connect-failed", answered: 0 },
    ]);
    expect(await net.chain.weights(2, 0)).toEqual(verified.sent);
  });

  it("asks Python miners in their own convention when it is told to, and no template that they do not know", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest], protocol: "v10" });
    const verified = await net.until("weights.verified");
    expect(verified.sent).toEqual({ uids: [1], values: [65535] });
    const { v10: _v10, ...double } = doubling.synapses.ask!;
    const template = { ...doubling, synapses: { ask: double } };
    await expect(startNet(bench, { template, miners: [], protocol: "v10" })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });

  it("before the first commitment is skipped by name, and the weights abstain with it", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest] });
    expect(await net.until("epoch.skipped")).toMatchObject({ epoch: 0, reason: "secret-not-committed" });
    expect(await net.until("weights.abstained")).toMatchObject({ epoch: 0, reason: "secret-not-committed" });
    await net.until("epoch.planned");
    const commitment = decodeCommitment((await net.chain.commitment(2, bench.validatorKey.address))!.data)!;
    expect(commitment.epoch).toBeGreaterThan(0);
  });

  it("has a secret whose hash was on chain before its first block, and that is disclosed when it is over", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest] });
    const { epoch } = await net.until("epoch.planned");
    const { chain } = net;
    const secret = epochSecret(bench.validatorKey, chain.identity.genesis, 2, epoch);
    await net.untilTrue(async () => {
      const data = (await chain.commitment(2, bench.validatorKey.address))?.data;
      return (data && decodeCommitment(data))?.disclosed?.epoch === epoch;
    });
    const { disclosed } = decodeCommitment((await chain.commitment(2, bench.validatorKey.address))!.data)!;
    expect(disclosed!.secret).toEqual(secret);
    const journal = readJournal(net.journalPath);
    const committed = journal.epochs.commitment(2, epoch)!;
    const { context } = journal.epochs.epoch({ netuid: 2, mechanism: 0, epoch })!;
    journal.close();
    expect(committed.hash).toBe(`0x${Buffer.from(secretHash(secret)).toString("hex")}`);
    expect(committed.block).toBeLessThan(context!.startBlock);
    expect(context!.beacon).toEqual(beaconOf((await chain.blockHash(context!.startBlock))!));
  });

  it("can be replayed from the journal to the same scores", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest, wrong] });
    const { epoch, scores } = await net.until("epoch.scored");
    const journal = readJournal(net.journalPath);
    const key = { netuid: 2, mechanism: 0, epoch };
    const record = journal.epochs.epoch(key)!;
    const secret = epochSecret(bench.validatorKey, net.chain.identity.genesis, 2, epoch);
    const transcripts = toTranscripts(doubling, epoch, journal.epochs.jobs(key));
    const state = journal.scores.stateBefore(key, record)?.state ?? doubling.initialState();
    const context = { ...record.context!, secret, config: doubling.parseConfig(record.config) };
    const again = judgeEpoch(doubling, context, transcripts, state, journal.scores.answeredBefore(key));
    expect(again.scores).toEqual(scores);
    journal.close();
  });

  it("V2: in which every miner falls silent is void, costs nobody anything, and sends the weights that are kept", async () => {
    let away = false;
    const leaves: Behaviour = (response) => (away ? undefined : response);
    const net = await startNet(bench, { template: doubling, miners: [leaves, leaves] });
    await net.until("weights.verified");
    away = true;
    const { epoch } = await net.until("epoch.void");
    expect(net.seen("epoch.void")[0]).toMatchObject({ reason: "validator-outage", asked: 2, answered: 0 });
    expect(await net.until("weights.verified", (e) => e.epoch === epoch)).toMatchObject({
      basis: "kept",
      readBack: { uids: [1, 2], values: [65535, 65535] },
    });
    away = false;
    const next = await net.until("epoch.scored", (e) => e.epoch > epoch);
    expect(next.scores).toMatchObject([{ score: 1 }, { score: 1 }]);
  });

  it.each<[string, Partial<SubnetTemplate>, string]>([
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
      { scoreEpoch: (context, transcripts, state) => nanScores(context, transcripts, state) },
      "score-invalid",
    ],
  ])("whose scorer %s is void by name, and nothing is signed", async (_, part, reason) => {
    const net = await startNet(bench, { template: { ...doubling, ...part }, miners: [honest] });
    expect(await net.until("epoch.void")).toMatchObject({ reason });
    const { epoch } = net.seen("epoch.void")[0]!;
    await net.until("weights.abstained", (e) => e.epoch === epoch);
    expect(net.chain.contents.size).toBe(0);
  });

  it("C13: that passed while the chain was away are named, once", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest] });
    const { epoch } = await net.until("epoch.skipped");
    for (let i = 0; i < 3 * net.chain.tempo; i++) net.chain.makeBlock(); // seen by nobody: one turn of the event loop
    const { from, to } = await net.until("epochs.missed");
    expect(from).toBe(epoch + 1);
    expect(to - from).toBeGreaterThanOrEqual(1);
    await net.until("epoch.planned", (e) => e.epoch > to);
    expect(net.seen("epochs.missed")).toHaveLength(1);
  });

  it("whose plan cannot be asked is skipped by name", async () => {
    const planEpoch: SubnetTemplate["planEpoch"] = () => ({
      jobs: [{ taskId: "NOT A NAME", stage: "ask", synapse: "ask", to: [], task: null }],
    });
    const net = await startNet(bench, { template: { ...doubling, planEpoch }, miners: [honest] });
    expect(await net.until("epoch.skipped", (e) => e.reason === "plan-invalid")).toBeDefined();
  });

  it("V5: pays nothing to a newcomer in a slot whose owner earned it", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest, honest] });
    const { chain } = net;
    chain.rules = { weightsRateLimit: 1_000 };
    await net.until("epoch.scored");
    net.blocksPaused = true;
    chain.replace(2, Keypair.fromUri("//Newcomer").address, undefined);
    chain.rules = {};
    net.blocksPaused = false;
    const { sent } = await net.until("weights.verified", (e) => !e.sent.uids.includes(2));
    expect(sent).toEqual({ uids: [1], values: [65535] });
  });
});

function nanScores(
  ...args: Parameters<SubnetTemplate["scoreEpoch"]>
): ReturnType<SubnetTemplate["scoreEpoch"]> {
  const scored = doubling.scoreEpoch(...args);
  for (const entry of scored.raw.values()) entry.score = Number.NaN;
  return scored;
}
