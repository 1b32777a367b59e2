import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../process-entry.ts";
import { findFlaw, normalizeMaxWeight, processWeights, toU16, toWireWeights, U16_MAX } from "./weights.ts";

const RULES = { minAllowedWeights: 1, maxWeightLimit: U16_MAX };
const path = join(packageRoot(), "../shared/vectors/subnets/weights_pipeline.json");

type Case = { id: string; fn: string; input: never; expected: never };

describe.skipIf(!existsSync(path))("vectors (a clone without ../shared/vectors has none)", () => {
  const cases = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { cases: Case[] }).cases : [];

  it.each(cases.filter(({ fn }) => fn === "normalizeMaxWeight"))("$id", ({ input, expected }) => {
    const { x, limit } = input as { x: number[]; limit: number };
    close(normalizeMaxWeight(x, limit), expected);
  });

  it.each(cases.filter(({ fn }) => fn === "processWeights"))("$id", ({ input, expected }) => {
    const { uids, weights, u16uids, u16 } = expected as Record<string, number[]>;
    const found = processWeights(input);
    expect(found.uids).toEqual(uids);
    close(found.weights, weights!);
    const wire = toU16(found.uids, found.weights);
    expect(wire.uids).toEqual(u16uids);
    // The SDK casts to float32 first: one step apart is the same answer.
    for (const [i, value] of wire.values.entries()) {
      expect(Math.abs(value - u16![i]!)).toBeLessThanOrEqual(1);
    }
  });

  it.each(cases.filter(({ fn }) => fn === "toU16"))("$id", ({ input, expected }) => {
    const { uids, weights } = input as { uids: number[]; weights: number[] };
    expect(toU16(uids, weights)).toEqual(expected);
  });
});

describe("wire weights", () => {
  it("give the best miner 65535 and stand in the order of uids", () => {
    const weights = [
      { uid: 7, weight: 1 },
      { uid: 3, weight: 0.5 },
    ];
    expect(toWireWeights(weights, RULES, 8)).toEqual({ uids: [3, 7], values: [32768, 65535] });
  });

  it("are empty when nobody scored", () => {
    expect(toWireWeights([], RULES, 8)).toEqual({ uids: [], values: [] });
    expect(toWireWeights([{ uid: 1, weight: 0 }], RULES, 8)).toEqual({ uids: [], values: [] });
  });

  it.each([
    ["NaN", [{ uid: 1, weight: Number.NaN }]],
    ["infinity", [{ uid: 1, weight: Number.POSITIVE_INFINITY }]],
    ["a negative weight", [{ uid: 1, weight: -1 }]],
    ["a uid beyond the subnet", [{ uid: 8, weight: 1 }]],
    ["a fractional uid", [{ uid: 0.5, weight: 1 }]],
    [
      "a uid twice",
      [
        { uid: 1, weight: 1 },
        { uid: 1, weight: 2 },
      ],
    ],
  ])("are never made from %s", (_, weights) => {
    expect(() => toWireWeights(weights, RULES, 8)).toThrow(
      expect.objectContaining({ code: "WEIGHTS_INVALID" }),
    );
  });

  it.each([
    ["nothing", [], []],
    ["zeros alone", [1, 2], [0, 0]],
    ["columns of two lengths", [1, 2], [65_535]],
    ["a uid beyond the subnet", [1, 8], [1, 65_535]],
    ["a uid twice", [1, 1], [1, 65_535]],
    ["another order", [2, 1], [1, 65_535]],
    ["NaN", [1], [Number.NaN]],
    ["null, which JSON makes of NaN", [1], [null as unknown as number]],
    ["infinity", [1], [Number.POSITIVE_INFINITY]],
    ["a negative value", [1, 2], [-1, 65_535]],
    ["more than a u16", [1], [65_536]],
    ["a fraction", [1], [0.5]],
  ])("P7: are looked at once more before they are signed: %s", (_, uids, values) => {
    expect(findFlaw({ uids, values }, 8)).toBeTypeOf("string");
    expect(findFlaw({ uids: [1, 7], values: [1, 65_535] }, 8)).toBeUndefined();
  });

  it("are what the chain accepts, whatever the scores", () => {
    const scores = fc.uniqueArray(
      fc.record({ uid: fc.nat(63), weight: fc.double({ min: 0, max: 1e9, noNaN: true }) }),
      { selector: ({ uid }) => uid },
    );
    fc.assert(
      fc.property(
        scores,
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 2_000, max: U16_MAX }),
        (w, min, max) => {
          const wire = toWireWeights(w, { minAllowedWeights: min, maxWeightLimit: max }, 64);
          expect(wire.uids).toEqual([...wire.uids].sort((a, b) => a - b));
          expect(new Set(wire.uids).size).toBe(wire.uids.length);
          expect(wire.values.every((v) => Number.isInteger(v) && v >= 1 && v <= U16_MAX)).toBe(true);
          if (wire.values.length > 0) expect(Math.max(...wire.values)).toBe(U16_MAX);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("keep the order of scores", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 32 }),
        (scores) => {
          const weights = scores.map((weight, uid) => ({ uid, weight }));
          const wire = toWireWeights(weights, RULES, scores.length);
          const value = (uid: number) => wire.values[wire.uids.indexOf(uid)] ?? 0;
          for (const a of weights)
            for (const b of weights)
              if (a.weight > b.weight) expect(value(a.uid)).toBeGreaterThanOrEqual(value(b.uid));
        },
      ),
      { numRuns: 300 },
    );
  });
});

function close(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries()) {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-9 + 1e-6 * expected[i]!);
  }
}
