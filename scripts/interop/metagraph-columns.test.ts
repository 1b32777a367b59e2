import { describe, expect, it } from "vitest";
import type { Metagraph } from "../../shared/chain/metagraph.ts";
import { compareMetagraph } from "./metagraph-columns.ts";

const neuron = {
  uid: 0,
  hotkey: "5Hot",
  coldkey: "5Cold",
  axon: { ip: "192.168.1.10", port: 8091, protocol: 4, version: 1, block: 3 },
  stakeRao: 1_500_000_000n,
  validatorPermit: true,
  active: true,
  incentive: 0.25,
  dividends: 0,
  consensus: 0,
  emissionRao: 0n,
  lastUpdate: 7,
  registeredAt: 1,
};
const ours: Metagraph = { netuid: 2, block: 9, neurons: [neuron] };
const theirs = {
  block: 9,
  hotkey: ["5Hot"],
  axon: ["192.168.1.10:8091"],
  stakeTao: [1.5],
  incentive: [0.25],
};

describe("a client's metagraph", () => {
  it("is the same where every column it has is", () => {
    expect(compareMetagraph(ours, theirs)).toBe("4 columns of 1 neurons at block 9");
    expect(compareMetagraph(ours, { ...theirs, stakeTao: [1.5000000001] })).toContain("4 columns");
  });

  it.each([
    ["another block", { block: 8 }, /block is 8, ours 9/],
    ["a missing row", { hotkey: [] }, /hotkey has 0 rows, not 1/],
    ["another key", { hotkey: ["5Other"] }, /hotkey of uid 0 is 5Other there and 5Hot here/],
    ["another stake", { stakeTao: [1.6] }, /stakeTao of uid 0/],
  ])("with %s is told apart, and where", (_what, change, reason) => {
    expect(() => compareMetagraph(ours, { ...theirs, ...change })).toThrow(reason);
  });
});
