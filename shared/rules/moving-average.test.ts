import { describe, expect, it } from "vitest";
import { updateAverages } from "./moving-average.ts";
import { subnetVectors } from "./vectors.test-kit.ts";

type EmaCase = { previous: number[]; uids: number[]; rewards: (number | null)[]; alpha: number };

describe.skipIf(!subnetVectors("weights_pipeline"))(
  "against the vectors in ../shared, when they are there",
  () => {
    const cases = subnetVectors<EmaCase, number[]>("weights_pipeline")?.cases ?? [];

    it.each(cases.filter(({ fn }) => fn === "emaUpdate"))("$id", ({ input, expected }) => {
      const names = input.previous.map((_, uid) => `5Miner${uid}`);
      const previous = Object.fromEntries(names.map((name, uid) => [name, input.previous[uid]!]));
      // The vectors let a miner that was not asked decay, as some subnets do. Here that takes an explicit 0.
      const scores = new Map(names.map((name) => [name, 0]));
      input.uids.forEach((uid, index) => {
        scores.set(names[uid]!, input.rewards[index] ?? 0);
      });
      const next = updateAverages(previous, scores, names, input.alpha);
      names.forEach((name, uid) => {
        expect(next[name]).toBeCloseTo(expected[uid]!, 9);
      });
    });
  },
);

describe("the moving average", () => {
  it("starts a newcomer from 0", () => {
    expect(updateAverages({}, new Map([["5A", 1]]), ["5A"], 0.1)).toEqual({ "5A": 0.1 });
  });

  it("leaves a miner that was not asked where it was", () => {
    expect(updateAverages({ "5A": 0.5 }, new Map(), ["5A", "5B"], 0.1)).toEqual({ "5A": 0.5 });
  });

  it("forgets a miner that is not registered any more, even if it was asked", () => {
    expect(updateAverages({ "5A": 0.5 }, new Map([["5A", 1]]), [], 0.1)).toEqual({});
  });
});
