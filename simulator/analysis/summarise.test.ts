import { describe, expect, it } from "vitest";
import { parseScenario } from "../scenario.ts";
import { simulate } from "../simulate.ts";
import { compare } from "./compare.ts";
import { holdAgainst } from "./hold-against.ts";
import { summarise } from "./summarise.ts";
import { parseSummary } from "./summary.ts";
import { sweep } from "./sweep.ts";

const play = (change: object = {}) =>
  simulate(
    parseScenario({
      name: "field",
      epochs: 40,
      runs: 2,
      miners: [
        { name: "honest", count: 6, skill: { from: 0.5, to: 0.9 } },
        { name: "newcomer", count: 1, skill: 0.9, joinEpoch: 10 },
      ],
      validators: [{ name: "validators", count: 3, stake: 1 }],
      ...change,
    }),
  );

describe("the summary of a simulation", () => {
  it("shares all of the incentive among the groups, ranks quality, and waits for the newcomer", async () => {
    const summary = summarise(await play());
    expect(summary.miners.reduce((sum, { share }) => sum + share.mean, 0)).toBeCloseTo(1, 9);
    expect(summary.rankCorrelation!.mean).toBeGreaterThan(0.5); // who comes late is paid less than it is worth
    expect(summary.miners[1]!.newcomerEpochs!.mean).toBeGreaterThan(1);
    expect(summary.validators[0]!.perStake.mean).toBeCloseTo(1, 6);
    expect(parseSummary(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
  });

  it("holds against itself, and names what moved when the field is another", async () => {
    const stored = summarise(await play());
    expect(holdAgainst(stored, summarise(await play()))).toMatchObject({ verdict: "pass", moved: [] });
    const other = summarise(
      await play({ miners: [{ name: "honest", count: 6, skill: { from: 0.2, to: 0.9 } }] }),
    );
    const { verdict, moved } = holdAgainst(stored, other);
    expect(verdict).toBe("fail");
    expect(moved.map(({ name }) => name).join()).toContain("newcomer");
    expect(compare(stored, stored).rows.every(({ change }) => change === 0 || change === undefined)).toBe(
      true,
    );
  });

  it("is made for every combination of a sweep, and refuses a field that there is not", async () => {
    const scenario = (await play({ epochs: 12 })).scenario;
    const axes = [
      { path: "chain.kappa", values: [0.4, 0.6] },
      { path: "epochs", values: [12, 13] },
    ];
    const { points } = await sweep({ scenario, axes, play: (changed) => simulate(changed) });
    expect(points.map(({ values }) => Object.values(values))).toEqual([
      [0.4, 12],
      [0.4, 13],
      [0.6, 12],
      [0.6, 13],
    ]);
    const wrong = [{ path: "chain.kapa", values: [1] }];
    await expect(
      sweep({ scenario, axes: wrong, play: (changed) => simulate(changed) }),
    ).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});
