import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeBreakEven, findBreakEven } from "./break-even.ts";

/** An attack that pays from a value on. */
const paysFrom = (threshold: number) => async (value: number) => ({
  advantage: value - threshold,
  pays: value >= threshold,
});

describe("the value of a dial from which an attack pays", () => {
  it("is found to a hundredth of the range, wherever it lies", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0.001, max: 0.999, noNaN: true }), async (threshold) => {
        const { outcome, value } = await findBreakEven({
          dial: "d",
          low: 0,
          high: 1,
          at: paysFrom(threshold),
        });
        expect(outcome).toBe("pays from");
        expect(value).toBeGreaterThanOrEqual(threshold);
        expect(value! - threshold).toBeLessThanOrEqual(0.01);
      }),
    );
  });

  it("is the very number for a dial that counts", async () => {
    const found = await findBreakEven({ dial: "sybil.k", low: 1, high: 40, whole: true, at: paysFrom(7) });
    expect(found).toMatchObject({ outcome: "pays from", value: 7 });
    expect(describeBreakEven(found)).toBe("sybil.k pays from 7");
    expect(found.points.every(({ value }) => Number.isInteger(value))).toBe(true);
  });

  it("says so when it always pays, or never does", async () => {
    const always = await findBreakEven({ dial: "d", low: 0, high: 1, at: paysFrom(-1) });
    expect(always).toMatchObject({ outcome: "always pays", value: 0 });
    const never = await findBreakEven({ dial: "d", low: 0, high: 1, at: paysFrom(2) });
    expect(never.value).toBeUndefined();
    expect(describeBreakEven(never)).toBe("d never pays in [0, 1]");
  });

  it("does not overlook an attack that pays in the middle alone", async () => {
    const inTheMiddle = async (value: number) => ({ advantage: 0, pays: value > 0.4 && value < 0.6 });
    const found = await findBreakEven({ dial: "d", low: 0, high: 1, at: inTheMiddle });
    expect(found.value).toBeCloseTo(0.4, 1);
  });
});
