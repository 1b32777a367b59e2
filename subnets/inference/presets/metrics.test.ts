import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { averagePrecision, precisionSkill } from "./average-precision.ts";
import { ndcg } from "./ndcg.ts";
import { toRanks } from "./ranks.ts";

describe("average precision", () => {
  it("is the mean precision at the places of the faulty", () => {
    expect(averagePrecision([1, 0, 1, 0], [4, 3, 2, 1])).toBeCloseTo((1 + 2 / 3) / 2, 12);
    expect(averagePrecision([0, 0, 1], [3, 2, 1])).toBeCloseTo(1 / 3, 12);
    expect(precisionSkill([1, 0, 1, 0], [4, 1, 3, 2])).toBe(1);
  });

  it("is exactly no skill for a constant score, whatever the share of faults and their order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 1), { maxLength: 60 }),
        fc.float({ noNaN: true }),
        (faulty, c) => {
          const scores = faulty.map(() => c);
          expect(precisionSkill(faulty, scores)).toBe(0);
        },
      ),
    );
  });

  it("does not change when the scores go through a rising function, nor with the order of the items", () => {
    const row = fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: -5, max: 5 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
        const skillOf = (items: typeof rows, rise: (x: number) => number) =>
          precisionSkill(
            items.map(([faulty]) => faulty),
            items.map(([, score]) => rise(score)),
          );
        const skill = skillOf(rows, (x) => x);
        expect(skillOf(rows, (x) => Math.exp(x) + 3)).toBe(skill);
        expect(skillOf(rows.toReversed(), (x) => x)).toBe(skill);
      }),
    );
  });
});

describe("NDCG@10", () => {
  it("is 1 for the relevant on top, 0 below the tenth place, and discounted in between", () => {
    const relevant = [1, 1, ...Array(18).fill(0)];
    expect(ndcg(relevant, [9, 8, ...Array(18).fill(0)])).toBeCloseTo(1, 12);
    expect(ndcg(relevant, [0, 0, ...Array(18).fill(1)])).toBe(0);
    expect(ndcg([0, 1], [2, 1])).toBeCloseTo(1 / Math.log2(3), 12);
    expect(ndcg([0, 0], [2, 1])).toBe(0);
  });

  it("shares the places of equal scores, so that the order of candidates says nothing", () => {
    const flags = fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(flags, (relevant) => {
        const constant = relevant.map(() => 7);
        expect(ndcg(relevant.toReversed(), constant)).toBeCloseTo(ndcg(relevant, constant), 12);
      }),
    );
    expect(ndcg([1, 0], [1, 1])).toBeCloseTo((1 + 1 / Math.log2(3)) / 2, 12);
  });
});

describe("ranks", () => {
  it("go from -1 to 1, and equal values share the middle of their places", () => {
    expect([...toRanks([10, 30, 20])]).toEqual([-1, 1, 0]);
    expect([...toRanks([5, 5, 9])]).toEqual([-0.5, -0.5, 1]);
    expect([...toRanks([4])]).toEqual([0]);
  });
});
