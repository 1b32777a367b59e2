import { describe, expect, it } from "vitest";
import { spearman } from "./spearman.ts";

describe("the rank correlation", () => {
  it.each([
    ["same order", [1, 2, 3, 4], [10, 20, 30, 1000], 1],
    ["opposite order", [1, 2, 3], [3, 2, 1], -1],
    ["one neighbouring swap among four", [1, 2, 3, 4], [1, 3, 2, 4], 0.8],
    ["ties share their mean rank", [1, 2, 2, 3], [1, 2, 2, 3], 1],
    ["a tie against an order", [1, 2, 3], [1, 1, 2], Math.sqrt(3) / 2],
  ])("%s", (_, xs, ys, expected) => {
    expect(spearman(xs, ys)).toBeCloseTo(expected, 12);
  });

  it("is no number when nothing can be ranked", () => {
    expect(spearman([1, 1], [1, 2])).toBeNaN();
  });
});
