import { describe, expect, it } from "vitest";
import { attacksOn } from "../attack-scenario.ts";
import { parseScenario } from "../scenario.ts";
import { withDial } from "./attack-dial.ts";
import { setField } from "./set-field.ts";

const scenario = parseScenario({
  miners: [{ name: "honest v1.2", count: 3 }],
  validators: [{ name: "validators", count: 2, stake: 1 }],
  config: { rewards: { shape: [1, 2] } },
});
const invalid = expect.objectContaining({ code: "CONFIG_INVALID" });

describe("a field of a scenario by its dotted path", () => {
  it("is set wherever it stands, and the rest stays", () => {
    expect(setField(scenario, "chain.kappa", 0.7).chain).toEqual({ ...scenario.chain, kappa: 0.7 });
    expect(setField(scenario, "config.rewards.shape.1", 9).config).toEqual({ rewards: { shape: [1, 9] } });
    expect(setField(scenario, "config.new.deep", true).config).toMatchObject({ new: { deep: true } });
    expect(setField(scenario, "honest v1.2.count", 5).miners[0]!.count).toBe(5);
    expect(setField(scenario, "honest v1.2.noise", 0.1).miners[0]!.params).toEqual({ noise: 0.1 });
    expect(setField(scenario, "epochs", 7).epochs).toBe(7);
    expect(scenario.config).toEqual({ rewards: { shape: [1, 2] } });
  });

  it.each([
    ["chain.nothing", 1],
    ["nobody.count", 1],
    ["honest v1.2.count", -1],
    ["chain.kappa", "much"],
    ["config.__proto__.polluted", 1],
    ["", 1],
  ])("refuses %s = %s", (path, value) => {
    expect(() => setField(scenario, path, value)).toThrow(invalid);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("a dial of an attack", () => {
  const attackNamed = (name: string) => attacksOn(undefined, 20).find((attack) => attack.name === name)!;

  it("says how many, how much stake, how good", () => {
    expect(withDial(attackNamed("sybil"), "k", 9).miners.map(({ count }) => count)).toEqual([1, 8]);
    expect(withDial(attackNamed("whale"), "stake", 0.5).validators![0]!.stake).toBeCloseTo(1, 12);
    expect(withDial(attackNamed("same-model"), "skill", 0.3).miners[0]!.skill).toBe(0.3);
  });

  it.each([
    ["sybil", "k", 1],
    ["sybil", "k", 2.5],
    ["sybil", "stake", 0.5],
    ["whale", "stake", 1],
    ["same-model", "nothing", 1],
  ])("of %s refuses %s = %s", (name, dial, value) => {
    expect(() => withDial(attackNamed(name), dial, value)).toThrow(invalid);
  });
});
