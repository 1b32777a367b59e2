import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { markOf, RecentKeys } from "./recent-keys.ts";

const MEMORY_NS = 1_000n;

describe("recent keys", () => {
  test("are those of a map of expiries, whatever comes in whatever time", () => {
    const steps = fc.array(
      fc.record({ waitNs: fc.bigInt(0n, 700n), from: fc.nat(2_000), count: fc.nat(900) }),
      { minLength: 5, maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const keys = new RecentKeys();
        const expiries = new Map<number, bigint>();
        let now = 0n;
        for (const { waitNs, from, count } of all) {
          now += waitNs;
          keys.forgetBefore(now);
          for (const [mark, until] of expiries) if (until < now) expiries.delete(mark);
          let differences = 0;
          for (let i = from; i < from + count; i += 1) {
            const mark = i * 64; // few buckets: many marks meet in each
            if (keys.has(mark) !== expiries.has(mark)) differences += 1;
            if (expiries.has(mark)) continue;
            keys.add(mark, now + MEMORY_NS);
            expiries.set(mark, now + MEMORY_NS);
          }
          expect([differences, keys.size]).toEqual([0, expiries.size]);
        }
      }),
      { numRuns: 50 },
    );
  }, 20_000);

  test("have marks of their own, however alike they are", () => {
    const marks = new Set<number>();
    for (let nonce = 0; nonce < 200_000; nonce += 1)
      marks.add(markOf(`btauth1:bob:alice:${10 ** 18 + nonce * 128}`));
    for (let name = 0; name < 50_000; name += 1) marks.add(markOf(`btauth1:bob:${name}:1`));
    expect(marks.size).toBe(250_000);
    for (const mark of marks)
      if (!Number.isSafeInteger(mark) || mark < 0) expect(mark).toBe("a whole number");
  });

  test("leave nothing behind when they are cleared", () => {
    const keys = new RecentKeys();
    for (let i = 0; i < 5_000; i += 1) keys.add(markOf(String(i)), 1n);
    keys.clear();
    expect([keys.size, keys.has(markOf("7"))]).toEqual([0, false]);
    keys.add(markOf("7"), 1n);
    expect([keys.size, keys.has(markOf("7"))]).toEqual([1, true]);
  });
});
