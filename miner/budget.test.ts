import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKey, Budget } from "./budget.ts";

describe("a budget", () => {
  test("never gives more than the burst and what has come in since", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 200 }), (pauses) => {
        const budget = new Budget({ perSecond: 5, burst: 3, maxKeys: 10 });
        let [now, taken] = [0, 0];
        for (const pause of pauses) {
          now += pause;
          if (budget.take("caller", now)) taken += 1;
          expect(taken).toBeLessThanOrEqual(3 + (now / 1_000) * 5 + 1e-9);
        }
      }),
    );
  });

  test("is each key's own, and remembers only so many keys", () => {
    const budget = new Budget({ perSecond: 0, burst: 1, maxKeys: 2 });
    expect(["a", "a", "b", "c"].map((key) => budget.take(key, 0))).toEqual([true, false, true, true]);
    expect(budget.size).toBe(2);
    expect(budget.has("c", 0)).toBe(false);
  });
});

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:aaaa::1", "2001:db8:1:2"],
  [undefined, "unknown"],
])("the address %s is counted as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
