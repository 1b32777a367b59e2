import { describe, expect, it } from "vitest";
import { identicalGroups, residualCorrelation } from "./duplicates.ts";
import { subnetVectors } from "./vectors.test-kit.ts";

describe("identical fingerprints", () => {
  it("group those that show the same one, and nobody else", () => {
    const fingerprints = new Map([
      ["5A", "x"],
      ["5B", "y"],
      ["5C", "x"],
      ["5D", "z"],
    ]);
    expect(identicalGroups(fingerprints)).toEqual([["5A", "5C"]]);
  });
});

type Residuals = { residuals: number[][] };

describe.skipIf(!subnetVectors("classification_score"))(
  "residual correlation against the vectors in ../shared, when they are there",
  () => {
    const cases = subnetVectors<Residuals, [number, number, number][]>("classification_score")?.cases ?? [];

    it.each(cases.filter(({ fn }) => fn === "residualCorrelation"))("$id", ({ input, expected }) => {
      residualCorrelation(input.residuals).forEach(([i, j, z], index) => {
        const [expectedI, expectedJ, expectedZ] = expected[index]!;
        expect([i, j]).toEqual([expectedI, expectedJ]);
        expect(z).toBeCloseTo(expectedZ, 8);
      });
    });
  },
);

describe("residual correlation", () => {
  it("says nothing about a field too small or too alike to stand out of", () => {
    expect(residualCorrelation([])).toEqual([]);
    expect(residualCorrelation([[1, 2, 3]])).toEqual([]);
    expect(
      residualCorrelation([
        [1, 2, 3],
        [1, 2, 3],
      ]),
    ).toEqual([[0, 1, 0]]);
    expect(
      residualCorrelation([
        [0, 0],
        [0, 0],
        [0, 0],
      ]).every(([, , z]) => z === 0),
    ).toBe(true);
  });
});
