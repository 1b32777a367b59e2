import { describe, expect, it } from "vitest";
import { compareCosts } from "./bench-case.ts";

describe("compareCosts", () => {
  const rounds = [
    { ours: 200, peer: 100 },
    { ours: 100, peer: 100 },
    { ours: 400, peer: 100 },
  ];

  it("takes the median of the ratios of the rounds, peer over ours", () => {
    expect(compareCosts("start", "ms", 0.4, rounds)).toEqual({
      case: "start",
      ours: 200,
      peer: 100,
      unit: "ms",
      ratio: 0.5,
      spread: [0.25, 1],
      required: 0.4,
      pass: true,
    });
  });

  it("fails a case below what is required", () => {
    expect(compareCosts("start", "ms", 0.51, rounds).pass).toBe(false);
  });
});
