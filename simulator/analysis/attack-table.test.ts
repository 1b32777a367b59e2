import { describe, expect, it } from "vitest";
import { type Attack, attacksOn, honestField } from "../attack-scenario.ts";
import type { Scenario } from "../scenario.ts";
import { simulate } from "../simulate.ts";
import { measureAttacks } from "./attack-table.ts";

const EPOCHS = 20;
const field = honestField({
  ...{ template: undefined, config: undefined, epochs: EPOCHS, runs: 1, seed: "1", engine: "float" },
});

const idler = (name: string, costPerEpoch: number, skill: number): Attack => ({
  name,
  describe: "answers without working",
  miners: [{ name, count: 1, behaviour: "honest", skill, costPerEpoch }],
});

async function tableOf(attacks: readonly Attack[], played: Scenario[] = []) {
  const play = (scenario: Scenario) => {
    played.push(scenario);
    return simulate(scenario);
  };
  return await measureAttacks({ field, attacks, play });
}

describe("the attack table", () => {
  it("passes honest work under another name, late or in several parts", async () => {
    const { rows } = await tableOf([
      idler("worker", 1, 0.75),
      ...attacksOn(undefined, EPOCHS).filter(({ name }) => name === "sybil" || name === "join-late"),
    ]);
    expect(rows.map(({ name, verdict }) => [name, verdict])).toEqual([
      ["worker", "ok"],
      ["sybil", "ok"],
      ["join-late", "ok"],
    ]);
    expect(rows[0]!.advantage).toBeCloseTo(0, 9);
    expect(rows.map(({ cost }) => cost)).toEqual([
      expect.closeTo(1, 6),
      expect.closeTo(5, 6),
      expect.any(Number),
    ]);
  });

  it("fails who is paid as others are for a tenth of the cost", async () => {
    const [row] = (await tableOf([idler("cheap", 0.1, 0.75)])).rows;
    expect(row).toMatchObject({ verdict: "fail", detectionEpochs: null });
    expect(row!.perCost).toBeGreaterThan(5);
    expect(row!.advantage).toBeGreaterThan(0);
  });

  it("fails who is paid for nothing at all, and passes who is not paid", async () => {
    const { rows } = await tableOf([idler("free", 0, 0.75), idler("dead", 0, 0)]);
    expect(rows).toMatchObject([
      { perCost: null, verdict: "fail" },
      { verdict: "ok", share: { mean: 0 }, detectionEpochs: 0 },
    ]);
  });

  it("plays the same budget as honest work once for all attacks of the same size", async () => {
    const played: Scenario[] = [];
    await tableOf([idler("a", 0.5, 0.75), idler("b", 0.2, 0.75), idler("c", 1, 0.75)], played);
    expect(played.map(({ name }) => name)).toEqual(["a", "same budget", "b", "c"]);
  });
});
