import { describe, expect, it } from "vitest";
import { readJournal } from "../shared/journal/journal.ts";
import { Keypair } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { connectRedis } from "../shared/queue/connection.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import { doubling, honest, startNet, useTestBench, wrong } from "./test-validator.test-kit.ts";

const bench = useTestBench();

describe("several subnets and mechanisms", () => {
  it("share a process: each mechanism asks its own questions and gets its own weights, and one in trouble stops nobody", async () => {
    const backwards: SubnetTemplate = {
      ...doubling,
      toWeights: (_, { participants }) => [{ uid: participants[1]!.uid, weight: 1 }],
    };
    const net = await startNet(bench, {
      template: doubling,
      mechanisms: [doubling, backwards],
      unknownSubnet: 9,
      miners: [honest, honest],
    });
    net.chain.rules = { mechanisms: 2 };
    const second = await net.until("weights.verified", (e) => e.mechanism === 1);
    const first = await net.until("weights.verified", (e) => e.mechanism === 0 && e.epoch === second.epoch);
    expect(first.sent).toEqual({ uids: [1, 2], values: [65535, 65535] });
    expect(second.sent).toEqual({ uids: [1], values: [65535] });
    expect(net.seen("trouble.began")).toMatchObject([{ netuid: 9, mechanism: 0, code: "CHAIN_NO_SUBNET" }]);
    const journal = readJournal(net.journalPath);
    const tasks = [0, 1].map((mechanism) =>
      journal.epochs.jobs({ netuid: 2, mechanism, epoch: first.epoch }).map(({ job }) => job.task),
    );
    expect(journal.epochs.commitment(2, first.epoch)).toBeDefined(); // one for both
    journal.close();
    expect(tasks[0]).not.toEqual(tasks[1]);
  });

  it("cannot be told apart when one is named twice", async () => {
    const mechanisms = [doubling];
    const twice = startNet(bench, { template: doubling, mechanisms, unknownSubnet: 2, miners: [] });
    await expect(twice).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("weights that are kept", () => {
  it("V10, P8: are sent in an epoch that was skipped after an absence, but to nobody who took a slot meanwhile", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest, honest, wrong] });
    const { epoch } = await net.until("weights.verified");
    await net.restartPlanner(async () => {
      net.chain.replace(2, Keypair.fromUri("//Newcomer").address, undefined);
      for (let i = 0; i < 3 * net.chain.tempo; i++) net.chain.makeBlock();
    });
    const { epoch: skipped } = await net.until("epoch.skipped", (e) => e.epoch > epoch);
    expect(await net.until("weights.verified", (e) => e.epoch === skipped)).toMatchObject({
      basis: "kept",
      readBack: { uids: [1], values: [65535] },
    });
    const journal = readJournal(net.journalPath);
    expect(journal.weights.get({ netuid: 2, mechanism: 0, epoch: skipped })).toMatchObject({ basis: "kept" });
    journal.close();
  });
});

describe("a validator that only watches", () => {
  it("asks and scores at once, says what it would set, and signs nothing at all", async () => {
    const net = await startNet(bench, { template: doubling, shadow: true, miners: [honest, wrong] });
    const { would, epoch } = await net.until("weights.shadow", (e) => e.would !== null);
    expect(would).toEqual({ uids: [1], values: [65535] });
    expect(epoch).toBe(0);
    expect(net.chain.signed).toBe(0);
  });
});

describe("a sample", () => {
  it("is asked instead of everybody; who is not in it has no score, keeps its weight, and comes next", async () => {
    const sampling = { policy: "stale-first", size: 1 } as const;
    const net = await startNet(bench, { template: doubling, sampling, miners: [honest, honest] });
    const first = await net.until("epoch.scored");
    const asked = first.scores.find((score) => score.asked > 0)!;
    expect(first).toMatchObject({ asked: 1, answered: 1 });
    expect(first.scores.filter((score) => score !== asked)).toMatchObject([
      { score: null, reason: "not-sampled", asked: 0 },
    ]);
    const next = await net.until("epoch.scored", (e) => e.epoch === first.epoch + 1);
    expect(next.scores.find((score) => score.asked > 0)!.hotkey).not.toBe(asked.hotkey);
    const { sent } = await net.until("weights.verified", (e) => e.epoch === next.epoch);
    expect(sent.uids).toEqual([1, 2]);
  });
});

describe("a Redis that lost everything", () => {
  it("Q5: costs a look: questions are handed out again, and every effect happens once", async () => {
    let lost = false;
    const net = await startNet(bench, {
      template: doubling,
      miners: [
        async (response) => {
          if (!lost) {
            lost = true;
            const link = await connectRedis({ url: bench.redisUrl, logger: silentLogger });
            await link.redis.flushall();
            link.close();
          }
          return response;
        },
        honest,
      ],
      targetsPerJob: 1,
      concurrency: 1,
    });
    const { scores } = await net.until("epoch.scored");
    expect(scores).toMatchObject([
      { score: 1, asked: 4, answered: 4 },
      { score: 1, asked: 4, answered: 4 },
    ]);
    const recorded = net
      .seen("answers.collected")
      .filter(({ epoch }) => epoch === net.seen("epoch.scored")[0]!.epoch);
    expect(recorded.reduce((sum, event) => sum + event.recorded, 0)).toBe(8);
  });
});
