import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { subnetVectors } from "../../shared/rules/vectors.test-kit.ts";
import { measureAccuracy, measureQuality, type Quality } from "./quality.ts";

type QualityCase = { labels: number[]; probabilities: number[][]; prior: number[] };

describe.skipIf(!subnetVectors("classification_score"))(
  "quality against the vectors in ../shared, when they are there",
  () => {
    const cases = subnetVectors<QualityCase, Quality>("classification_score")?.cases ?? [];

    it.each(cases.filter(({ fn }) => fn === "quality"))("$id", ({ input, expected }) => {
      const got = measureQuality(input.labels, input.probabilities.flat(), input.prior);
      for (const key of Object.keys(expected) as (keyof Quality)[]) {
        expect(Math.abs(got[key] - expected[key])).toBeLessThanOrEqual(
          1e-12 + 1e-9 * Math.abs(expected[key]),
        );
      }
    });
  },
);

const labels = [0, 1, 2, 0, 1, 2];
const prior = [1 / 3, 1 / 3, 1 / 3];
const oneHot = (classes: number[]) => classes.flatMap((label) => [0, 1, 2].map((k) => (k === label ? 1 : 0)));

describe("quality", () => {
  it("is 1 for the truth, and 0 for the prior, for one class and for a confident guess that is mostly wrong", () => {
    expect(measureQuality(labels, oneHot(labels), prior).quality).toBe(1);
    expect(
      measureQuality(
        labels,
        labels.flatMap(() => prior),
        prior,
      ).quality,
    ).toBe(0);
    expect(measureQuality(labels, oneHot([0, 0, 0, 0, 0, 0]), prior).quality).toBe(0);
    expect(measureQuality(labels, oneHot([0, 2, 1, 1, 0, 2]), prior).quality).toBe(0);
  });

  it("stays within 0..1 for any probabilities", () => {
    const row = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(row, { minLength: 6, maxLength: 6 }), (rows) => {
        const { quality } = measureQuality(labels, rows.flat(), prior);
        expect(quality).toBeGreaterThanOrEqual(0);
        expect(quality).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("gives the lower class the tie", () => {
    expect(measureAccuracy([0, 1], [0.4, 0.4, 0.2, 0.4, 0.4, 0.2], 3)).toBe(0.5);
  });
});
