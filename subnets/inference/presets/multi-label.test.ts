import { describe, expect, it } from "vitest";
import { measureQuality } from "../quality.ts";
import { measureMultiLabel } from "./multi-label.ts";

const prior = [0.5, 0.25];
const truth = [1, 0, 0, 1, 1, 0, 0, 0];

describe("the quality of many labels", () => {
  it("is 1 for the truth and 0 for the prior", () => {
    expect(measureMultiLabel(truth, truth, prior)).toMatchObject({ quality: 1, ofLabels: [1, 1] });
    expect(measureMultiLabel(truth, [...prior, ...prior, ...prior, ...prior], prior).quality).toBe(0);
  });

  it("is that of two classes when there is one label", () => {
    const [labels, said] = [
      [1, 0, 1, 0, 0, 1],
      [0.9, 0.2, 0.4, 0.1, 0.6, 0.8],
    ];
    const one = measureMultiLabel(labels!, said!, [0.5]);
    const two = measureQuality(
      labels!,
      said!.flatMap((p) => [1 - p, p]),
      [0.5, 0.5],
    );
    expect(one.rk).toBeCloseTo(two.rk, 12);
    expect(one.quality).toBeCloseTo(two.quality, 12); // both Brier scores of two classes are twice as large
  });

  it("leaves a label out that is true of nothing and named for nothing, and counts it when it is named", () => {
    const rare = [1, 0, 0, 0, 1, 0, 0, 0];
    expect(measureMultiLabel(rare, rare, prior)).toMatchObject({ rk: 1, ofLabels: [1, undefined] });
    const named = [1, 0.9, 0, 0, 1, 0, 0, 0];
    expect(measureMultiLabel(rare, named, prior)).toMatchObject({ rk: 0.5, ofLabels: [1, 0] });
  });
});
