import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { div, mul, mulUp, ONE } from "./double-fixed.ts";
import { I32F32 } from "./fixed.ts";

const share = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 31 }),
  fc.maxSafeNat().map((value) => value % (ONE + 1)),
);

describe("fixed point in doubles", () => {
  it("multiplies as bigint does, in both directions of rounding", () => {
    fc.assert(
      fc.property(share, share, (a, b) => {
        expect(BigInt(mul(a, b))).toBe(I32F32.mul(BigInt(a), BigInt(b)));
        expect(-BigInt(mulUp(a, b))).toBe(I32F32.mul(BigInt(-a), BigInt(b)));
      }),
      { numRuns: 5000 },
    );
  });

  it("divides as bigint does, up to sums of thousands of shares", () => {
    const sum = fc.maxSafeNat().map((value) => (value % (2 ** 45 - 1)) + 1);
    fc.assert(
      fc.property(sum, fc.double({ min: 0, max: 1, noNaN: true }), (b, part) => {
        const a = Math.floor(b * part);
        expect(BigInt(div(a, b))).toBe(I32F32.div(BigInt(a), BigInt(b)));
      }),
      { numRuns: 5000 },
    );
    expect(div(7, 7)).toBe(ONE);
    expect(div(2 ** 45 - 2, 2 ** 45 - 1)).toBe(ONE - 1);
  });
});
