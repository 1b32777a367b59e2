import { describe, expect, test } from "vitest";
import type { Neuron } from "../../shared/chain/metagraph.ts";
import { judgePay, type Opinion, type PayFacts } from "./explain-pay.ts";

const self = {
  ...{ uid: 7, registeredAt: 100, incentive: 0.25, emissionRao: 1_000_000_000n },
  axon: { ip: "203.0.113.7", port: 8091, protocol: 4, version: 1, block: 120 },
} as Neuron;

const opinion = (stakeShare: number, weightShare: number | undefined, blocksAgo = 10): Opinion => ({
  ...{ uid: 1, hotkey: "5Validator", stakeShare, weightShare, blocksAgo },
});

const facts: PayFacts = {
  ...{ netuid: 2, block: 1_000, tempo: 360, hotkey: "5Miner", self, rank: 2, earning: 5, isStarted: true },
  opinions: [opinion(0.6, 0.2), opinion(0.4, 0)],
};

/** What is not well, by name. */
function complaints(changed: Partial<PayFacts>, refusals?: Record<string, number>): string[] {
  return judgePay({ ...facts, ...changed }, refusals)
    .filter(({ state }) => state === "warn" || state === "missing")
    .map(({ what, next }) => `${what}: ${next}`);
}

describe("why a miner is paid what it is paid", () => {
  test("says nothing is wrong with a miner that most of the stake gives weight", () => {
    expect(complaints({})).toEqual([]);
    const paid = judgePay(facts).find(({ what }) => what === "paid");
    expect(paid?.fact).toMatch(/^25\.00 % of the miners' share, place 2 of 5/);
  });

  test("never claims to know what validators measured", () => {
    expect(judgePay(facts).find(({ what }) => what === "quality")).toMatchObject({ state: "absent" });
  });

  test.for([
    ["has no uid", { self: undefined }, "registered: run: subforge register --netuid 2"],
    ["has no address", { self: { ...self, axon: undefined } }, "served: run: subforge miner publish"],
    [
      "is on a subnet that was not started",
      { isStarted: false },
      "subnet: its owner runs: subforge subnet start",
    ],
    [
      "is given weight by little stake",
      { opinions: [opinion(0.4, 0.5), opinion(0.6, 0)] },
      "weights: what less",
    ],
    ["is given no weight", { opinions: [opinion(1, 0)] }, "weights: did they reach it?"],
    [
      "is asked by validators that sleep",
      { opinions: [opinion(1, 0.5, 5_000)] },
      "validators: weights that age",
    ],
    ["is where nobody has a permit", { opinions: [] }, "validators: wait for an epoch"],
  ] as const)("names the next step for a miner that %s", ([_what, changed, next]) => {
    expect(complaints(changed as Partial<PayFacts>).join("\n")).toContain(next);
  });

  test("counts what the miner refused, when it is asked", () => {
    expect(complaints({}, { answered: 10, BTAUTH_STALE: 50 })).toEqual([expect.stringContaining("refusals")]);
    expect(complaints({}, { answered: 10, BTAUTH_STALE: 5 })).toEqual([]);
  });
});
