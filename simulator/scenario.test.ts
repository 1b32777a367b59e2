import { describe, expect, it } from "vitest";
import { CHAIN_DEFAULTS, parseScenario } from "./scenario.ts";

const MINERS = [{ name: "good", count: 2 }];
const VALIDATORS = [{ name: "voters", count: 1, stake: 1 }];

describe("a scenario", () => {
  it("is filled up with what a new subnet has", () => {
    const scenario = parseScenario({ miners: MINERS, validators: VALIDATORS, chain: { tempo: 20 } });
    expect(scenario).toMatchObject({ template: undefined, epochs: 20, runs: 1, engine: "float", views: 1 });
    expect(scenario.chain).toEqual({ ...CHAIN_DEFAULTS, tempo: 20 });
  });

  it.each([
    ["nobody who works", { miners: [] }, "miners: "],
    ["a share above 1", { chain: { kappa: 2 } }, "chain.kappa: "],
    ["a field that does not exist", { chain: { temp: 1 } }, "chain: "],
    ["two groups of one name", { miners: [...MINERS, ...MINERS] }, "two groups are named good"],
    ["no uid for miners", { chain: { maxUids: 1 } }, "chain.maxUids: 1 validators leave no uid"],
    ["more cells than memory", { epochs: 100_000, runs: 1_000 }, "are more than"],
    [
      "a miner that comes too late",
      { miners: [{ ...MINERS[0], joinEpoch: 20 }] },
      "there are only 20 epochs",
    ],
    [
      "a miner that leaves first",
      { miners: [{ ...MINERS[0], joinEpoch: 3, leaveEpoch: 3 }] },
      "is not after",
    ],
    ["the model of nobody", { miners: [{ ...MINERS[0], model: { of: "x" } }] }, "there is no group x"],
    [
      "a colluder without a target",
      { validators: [{ ...VALIDATORS[0], behaviour: "colluder" }] },
      "validators.0.params: target: name one of the groups good",
    ],
    [
      "a dial that nobody has",
      { validators: [{ ...VALIDATORS[0], params: { zeal: 1 } }] },
      "zeal: there is no such dial, use noise",
    ],
  ])("is refused with %s", (_, change, problem) => {
    const parse = () => parseScenario({ miners: MINERS, validators: VALIDATORS, ...change });
    expect(parse).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(parse).toThrow(problem);
  });
});
