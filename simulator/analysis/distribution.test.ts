import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { effectiveNumber, gini, quantile, toBand } from "./distribution.ts";

/** As pay is: nothing, or more than rounding. */
const pay = fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1e6, noNaN: true }));
const shares = fc.array(pay, { minLength: 1, maxLength: 64 });

describe("how pay is spread", () => {
  it("is not unequal where all have the same, and as unequal as it gets where one has all", () => {
    expect(gini([3, 3, 3, 3])).toBe(0);
    expect(gini([0, 0, 0, 8])).toBe(0.75);
    expect(effectiveNumber([3, 3, 3, 3])).toBe(4);
    expect(effectiveNumber([0, 0, 0, 8])).toBe(1);
    expect([gini([0, 0]), effectiveNumber([0, 0])]).toEqual([0, 0]);
  });

  it("does not depend on the unit or on who is who", () => {
    fc.assert(
      fc.property(shares, fc.double({ min: 0.01, max: 100, noNaN: true }), (values, unit) => {
        const changed = values.map((value) => value * unit).reverse();
        expect(gini(changed)).toBeCloseTo(gini(values), 9);
        expect(gini(values)).toBeGreaterThanOrEqual(0);
        expect(gini(values)).toBeLessThan(1);
        expect(effectiveNumber(values)).toBeLessThanOrEqual(values.length + 1e-9);
      }),
    );
  });

  it("has quantiles between the values they lie between, and a band around its middle", () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(toBand([])).toBeUndefined();
    fc.assert(
      fc.property(shares, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        expect(quantile(values, share)).toBeGreaterThanOrEqual(Math.min(...values));
        expect(quantile(values, share)).toBeLessThanOrEqual(Math.max(...values));
        const { low, high } = toBand(values)!;
        expect(low).toBeLessThanOrEqual(high);
      }),
    );
  });
});
