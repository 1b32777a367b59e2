import { describe, expect, it } from "vitest";
import { SubforgeError } from "../shared/errors.ts";
import type { TestChain } from "./test-net.test-kit.ts";
import {
  type Behaviour,
  doubling,
  honest,
  startNet,
  useTestBench,
  wrong,
} from "./test-validator.test-kit.ts";

const bench = useTestBench();

describe("the life of weights", () => {
  it.each([
    [
      "the permit is gone",
      (chain: TestChain) => chain.add(bench.validatorKey.address, undefined),
      "no-permit",
    ],
  ])("V15: ends in a named abstention when %s", async (_, addSelf, reason) => {
    const net = await startNet(bench, { template: doubling, miners: [honest], addSelf });
    expect(await net.until("weights.abstained", (e) => e.reason === reason)).toBeDefined();
    expect(net.chain.contents.size).toBe(0);
  });

  it.each([["the stake is too low", { stakeThresholdRao: 1n }, "stake-too-low"]])(
    "V15: ends in a named abstention when %s",
    async (_, rules, reason) => {
      const net = await startNet(bench, { template: doubling, miners: [honest] });
      net.chain.rules = rules;
      expect(await net.until("weights.abstained", (e) => e.reason === reason)).toBeDefined();
      expect(net.chain.contents.size).toBe(0);
    },
  );

  it.each([
    ["never reached the pool", false],
    ["did reach the pool", true],
  ])("goes on when the connection broke and the bytes %s", async (_, reached) => {
    const net = await startNet(bench, { template: doubling, miners: [honest] });
    const { chain } = net;
    await net.until("epoch.scored");
    const error = new SubforgeError("CHAIN_OUTCOME_UNKNOWN", { call: "set_weights", extrinsicHash: "0x" });
    chain.trouble = { error, reached };
    const first = await net.until("weights.verified");
    chain.trouble = { error, reached };
    await net.until("weights.verified", (e) => e.epoch > first.epoch + 1);
    expectOneContentPerEpoch(chain);
  });

  it("V1: survives a restart of the planner after every block: one content per epoch", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest, wrong] });
    await net.until("epoch.planned");
    for (let restarts = 0; restarts < 8; restarts++) await net.restartPlanner();
    await net.until("weights.verified");
    expectOneContentPerEpoch(net.chain);
  });
});

describe("workers", () => {
  it("share the jobs, also one that is started later by hand", async () => {
    const slow: Behaviour = async (response) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return response;
    };
    const net = await startNet(bench, {
      template: doubling,
      miners: [slow, slow, slow, slow],
      targetsPerJob: 1,
      concurrency: 1,
    });
    const stopSecond = net.startWorker();
    await net.untilTrue(async () => {
      const counts = new Map<string, number>();
      for (const { worker, recorded } of net.seen("answers.collected")) {
        counts.set(worker, (counts.get(worker) ?? 0) + recorded);
      }
      return counts.size === 2 && [...counts.values()].every((count) => count > 0);
    });
    await stopSecond();
  });
});

describe("a planner", () => {
  it("is alone with its journal: a second one is told at once", async () => {
    const net = await startNet(bench, { template: doubling, miners: [honest] });
    await expect(net.startPlanner()).rejects.toMatchObject({ code: "JOURNAL_LOCKED" });
  });
});

function expectOneContentPerEpoch(chain: TestChain): void {
  const byEpoch = new Map<number, Set<string>>();
  for (const { epoch, weights } of chain.contents.values()) {
    byEpoch.set(epoch, (byEpoch.get(epoch) ?? new Set()).add(JSON.stringify(weights)));
  }
  for (const contents of byEpoch.values()) expect(contents.size).toBe(1);
  expect(byEpoch.size).toBeGreaterThan(0);
}
