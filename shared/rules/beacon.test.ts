import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EpochContext } from "../template.ts";
import { childSeed, epochSeed, hiddenSeed, randomFrom } from "./beacon.ts";
import { subnetVectors } from "./vectors.test-kit.ts";

const context: EpochContext = {
  netuid: 7,
  mechanism: 0,
  epoch: 12,
  startBlock: 4320,
  tempo: 360,
  validator: "5Validator",
  participants: [],
  beacon: new Uint8Array(32).fill(1),
  secret: new Uint8Array(32).fill(2),
  config: undefined,
};

type SeedCase = { netuid: number; epoch: number; randomness: string; purpose: string; n: number; q?: number };
type SeedExpected = { seed: string; sample?: number[]; permutation?: number[] };

describe.skipIf(!subnetVectors("pol_merkle"))("against the vectors in ../shared, when they are there", () => {
  const vectors = subnetVectors<SeedCase, SeedExpected>("pol_merkle");
  const cases = vectors?.cases.filter(({ fn }) => fn.startsWith("beacon")) ?? [];

  it.each(cases)("$id: seed and draws are equal, byte for byte", ({ input, expected }) => {
    const seed = epochSeed({ ...input, randomness: Buffer.from(input.randomness, "hex") });
    expect(Buffer.from(seed).toString("hex")).toBe(expected.seed);
    const random = randomFrom(seed);
    if (expected.sample) expect(random.sample(input.n, input.q!)).toEqual(expected.sample);
    else expect(random.shuffle(input.n)).toEqual(expected.permutation);
  });
});

describe("a hidden seed", () => {
  it("changes with each thing that went into it", () => {
    const seeds = [
      hiddenSeed(context, "a"),
      hiddenSeed(context, "b"),
      hiddenSeed({ ...context, secret: new Uint8Array(32).fill(3) }, "a"),
      hiddenSeed({ ...context, beacon: new Uint8Array(32).fill(3) }, "a"),
      hiddenSeed({ ...context, validator: "5Other" }, "a"),
      hiddenSeed({ ...context, mechanism: 1 }, "a"),
      hiddenSeed({ ...context, netuid: 8 }, "a"),
      hiddenSeed({ ...context, epoch: 13 }, "a"),
      childSeed(hiddenSeed(context, "a"), "child"),
    ].map((seed) => Buffer.from(seed).toString("hex"));
    expect(new Set(seeds).size).toBe(seeds.length);
  });
});

describe("a random stream", () => {
  it("stays below n, and samples without repeating", () => {
    const args = [fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 1, max: 200 })] as const;
    fc.assert(
      fc.property(...args, (seed, n) => {
        const random = randomFrom(seed);
        expect(random.below(n)).toBeLessThan(n);
        expect(new Set(random.sample(n, n)).size).toBe(n);
        expect(random.shuffle(n).toSorted((a, b) => a - b)).toEqual([...Array(n).keys()]);
      }),
    );
  });

  it("has a normal distribution of mean 0 and deviation 1", () => {
    const random = randomFrom(
      epochSeed({ netuid: 1, epoch: 1, randomness: context.beacon, purpose: "normal" }),
    );
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const mean = values.reduce((sum, x) => sum + x) / values.length;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(variance).toBeCloseTo(1, 1);
  });

  it("refuses to draw what cannot be drawn", () => {
    const random = randomFrom(context.beacon);
    expect(() => random.below(0)).toThrow(RangeError);
    expect(() => random.below(1.5)).toThrow(RangeError);
    expect(() => random.sample(3, 4)).toThrow(RangeError);
  });
});
