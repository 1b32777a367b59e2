import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SubnetRules } from "../shared/chain/chain.ts";
import type { Neuron } from "../shared/chain/metagraph.ts";
import { planWeights, type WeightFacts } from "./weight-plan.ts";

const KEY = { netuid: 2, mechanism: 0, epoch: 7 };
const SELF = "5Validator";
const OWNER = "5Owner";

describe("the weights of an epoch", () => {
  it.each([
    ["the epoch is over", { rules: { epochIndex: 8 } }, "window-over"],
    ["the hotkey has no uid", { hotkey: "5Nobody" }, "not-registered"],
    ["V15: the permit is gone", { self: { validatorPermit: false } }, "no-permit"],
    ["V15: the stake is too low", { rules: { stakeThresholdRao: 2n } }, "stake-too-low"],
    ["the mechanism does not exist", { rules: { mechanisms: 0 } }, "no-such-mechanism"],
    ["V7: the chain has newer ones that are not ours", { lastUpdate: 95, isOurs: false }, "set-by-another"],
    [
      "V11: the rate limit ends after the epoch",
      { lastUpdate: 80, rules: { weightsRateLimit: 40 } },
      "rate-limit",
    ],
    ["nobody scored", { shares: [] }, "nobody-scored"],
    [
      "a share is to be burned, and the owner has no uid",
      { burnShare: 0.5, ownerUid: false },
      "owner-not-registered",
    ],
  ] as const)("are abstained from when %s", (_, change, reason) => {
    expect(plan(change as Change)).toEqual({ status: "abstain", reason });
  });

  it("V11: wait for a rate limit that ends in time", () => {
    expect(plan({ lastUpdate: 80, rules: { weightsRateLimit: 25 } })).toEqual({ status: "wait", block: 105 });
  });

  it("need neither permit nor stake from the subnet's owner", () => {
    const owner = { hotkey: OWNER, rules: { stakeThresholdRao: 5n } };
    expect(plan(owner)).toMatchObject({ status: "send" });
  });

  it("V11: carry the version key and go the way the subnet wants now", () => {
    expect(plan({ rules: { weightsVersionKey: 9 } })).toMatchObject({ versionKey: 9, method: "plain" });
    const commitReveal = { beacon: undefined, timelockVersion: undefined } as never;
    expect(plan({ rules: { commitReveal } })).toMatchObject({ method: "hash" });
  });

  it("P8: leave a uid out that is somebody else's by now", () => {
    const shares = [
      { uid: 2, hotkey: "5Gone", weight: 5 },
      { uid: 3, hotkey: "5Miner3", weight: 1 },
    ];
    expect(plan({ shares })).toMatchObject({ content: { uids: [3], values: [65535] } });
  });

  it("give the owner's uid the share that is to be burned, on top of what it earned", () => {
    const result = plan({ burnShare: 0.25, shares: [{ uid: 2, hotkey: "5Miner2", weight: 3 }] });
    expect(result).toMatchObject({ content: { uids: [1, 2], values: [21845, 65535] } }); // 1 to 3
    expect(plan({ burnShare: 1, shares: [] })).toMatchObject({ content: { uids: [1], values: [65535] } });
    const earned = [
      { uid: 1, hotkey: OWNER, weight: 1 },
      { uid: 2, hotkey: "5Miner2", weight: 1 },
    ];
    expect(plan({ burnShare: 0.5, shares: earned })).toMatchObject({ content: { values: [65535, 21845] } });
  });

  it("fill up to the smallest number of entries, and never ask for more than there are neurons", () => {
    const one = [{ uid: 3, hotkey: "5Miner3", weight: 1_000 }];
    expect(plan({ shares: one, rules: { minAllowedWeights: 4 } })).toMatchObject({
      content: { uids: [0, 1, 2, 3, 4, 5], values: [1, 1, 1, 65535, 1, 1] },
      filled: 5,
    });
    expect(plan({ shares: one, rules: { minAllowedWeights: 200 } })).toMatchObject({
      content: { values: { 3: 65535 } },
    });
  });

  it("P7: are what the chain takes, whatever is scored: ascending, 1..65535, enough of them, none too large", () => {
    const weight = fc.oneof(
      fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      fc.constant(Number.MIN_VALUE),
    );
    const change = fc.record({
      weights: fc.array(weight, { minLength: 1, maxLength: 5 }),
      min: fc.nat(8),
      burnShare: fc.constantFrom(0, 0.1, 0.9, 1),
    });
    fc.assert(
      fc.property(change, ({ weights, min, burnShare }) => {
        const shares = weights.map((w, i) => ({ uid: i + 1, hotkey: hotkeyOf(i + 1), weight: w }));
        const result = plan({ shares, burnShare, rules: { minAllowedWeights: min } });
        if (result.status !== "send") {
          expect(result).toEqual({ status: "abstain", reason: "nobody-scored" });
          expect(weights.every((w) => w === 0)).toBe(true);
          return;
        }
        const { uids, values } = result.content;
        expect(uids).toEqual([...new Set(uids)].sort((a, b) => a - b));
        expect(uids.length).toBeGreaterThanOrEqual(Math.max(1, Math.min(min, 6)));
        expect(uids.every((uid) => uid >= 0 && uid < 6)).toBe(true);
        expect(values.every((value) => Number.isInteger(value) && value >= 1 && value <= 65_535)).toBe(true);
        expect(Math.max(...values)).toBe(65_535);
      }),
      { numRuns: 300 },
    );
  });
});

type Change = {
  rules?: Partial<SubnetRules>;
  self?: Partial<Neuron>;
  hotkey?: string;
  lastUpdate?: number;
  isOurs?: boolean;
  burnShare?: number;
  ownerUid?: boolean;
  shares?: { uid: number; hotkey: string; weight: number }[];
};

/** Uid 0 is ours, uid 1 the owner's, 2 to 5 are miners. Block 100 of an epoch from 90 to 110. */
function plan(change: Change) {
  const { hotkey = SELF, lastUpdate = 0, isOurs = false, burnShare, ownerUid = true } = change;
  const neurons = Array.from({ length: 6 }, (_, uid) => ({
    ...{ uid, hotkey: uid === 1 && !ownerUid ? "5Someone" : hotkeyOf(uid), registeredAt: 1, stakeRao: 1n },
    ...{ validatorPermit: uid === 0 },
    ...(uid === 0 ? change.self : {}),
  })) as unknown as Neuron[];
  const rules = {
    ...{ netuid: 2, block: 100, tempo: 20, lastEpochBlock: 90, epochIndex: 7, nextEpochBlock: 110 },
    ...{
      weightsRateLimit: 0,
      minAllowedWeights: 1,
      maxWeightLimit: 65_535,
      weightsVersionKey: 0,
      mechanisms: 1,
    },
    ...{ stakeThresholdRao: 0n, ownerHotkey: OWNER, commitReveal: undefined, ...change.rules },
  } as SubnetRules;
  const metagraph = { netuid: 2, block: 100, neurons };
  const facts: WeightFacts = { hotkey, rules, metagraph, lastUpdate, isOurs };
  return planWeights(KEY, change.shares ?? [{ uid: 2, hotkey: "5Miner2", weight: 1 }], facts, { burnShare });
}

function hotkeyOf(uid: number): string {
  return [SELF, OWNER][uid] ?? `5Miner${uid}`;
}
