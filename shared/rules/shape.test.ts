import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aboveShareOfBest, gatherReserve, linear, power, softmax, winner } from "./shape.ts";
import { subnetVectors } from "./vectors.test-kit.ts";

const reserve = { gather: 3, reserve: 2, topRatio: 2, decay: 0.5 };
const shapes: [string, (scores: readonly number[]) => number[]][] = [
  ["linear", linear],
  ["power", (scores) => power(scores, 3)],
  ["softmax", (scores) => softmax(scores, 0.02)],
  ["winner", winner],
  ["gatherReserve", (scores) => gatherReserve(scores, reserve)],
];

describe.each(shapes)("%s", (_, shape) => {
  it("gives shares that sum to 1 and never pays a lower score more", () => {
    const score = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(score, { minLength: 1, maxLength: 60 }), (scores) => {
        const shares = shape(scores);
        const total = shares.reduce((sum, share) => sum + share, 0);
        expect(total).toBeCloseTo(scores.some((value) => value > 0) ? 1 : 0, 9);
        for (let i = 1; i < scores.length; i++) {
          if (scores[i]! < scores[0]!) expect(shares[i]!).toBeLessThanOrEqual(shares[0]!);
          if (scores[i] === 0) expect(shares[i]).toBe(0);
        }
      }),
    );
  });

  it("pays nobody when nobody scored", () => {
    expect(shape([0, 0, 0])).toEqual([0, 0, 0]);
    expect(shape([])).toEqual([]);
  });
});

type GatherCase = { gather: number; reserve: number; topRatio: number; decay: number; burn: number };

describe.skipIf(!subnetVectors("fl_contribution"))(
  "gatherReserve against the vectors in ../shared, when they are there",
  () => {
    const cases = subnetVectors<GatherCase, number[]>("fl_contribution")?.cases ?? [];

    it.each(cases.filter(({ fn }) => fn === "gatherReserve"))("$id", ({ input, expected }) => {
      const falling = expected.map((_, rank) => expected.length - rank);
      const shares = gatherReserve(falling, input).map((share) => share * (1 - input.burn));
      shares.forEach((share, rank) => {
        expect(share).toBeCloseTo(expected[rank]!, 12);
      });
    });
  },
);

describe("the temperature", () => {
  it("is the lead that is worth a factor of e", () => {
    const [best, next] = softmax([0.5, 0.48], 0.02);
    expect(best! / next!).toBeCloseTo(Math.E, 9);
  });
});

describe("aboveShareOfBest", () => {
  it("keeps who stands exactly on the line and drops who is below it", () => {
    expect(aboveShareOfBest([1, 0.25, 0.2499], 0.25)).toEqual([1, 0.25, 0]);
  });
});
