import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { subnetVectors } from "../shared/rules/vectors.test-kit.ts";
import { createChainEpoch, type EpochOutcome } from "./chain-epoch.ts";
import { FloatYuma } from "./float-yuma.ts";
import { MajorityWeight } from "./majority-weight.ts";
import { CHAIN_DEFAULTS, type ChainParams } from "./scenario.ts";

type YumaCase = {
  weights: number[][];
  stakes: number[];
  kappa: number;
  bondPenalty: number;
  bondsEma: number;
  epochs: number;
};
type Found = { consensus: number[]; incentive: number[]; dividends: number[]; vtrust: number[] };

/** The chain's arithmetic has some nine digits, and weights and results travel as u16. */
const FIXED_TOLERANCE = 1e-3;

describe.skipIf(!subnetVectors("weights_pipeline"))(
  "against the vectors in ../shared, when they are there",
  () => {
    const cases = subnetVectors<YumaCase, Found[]>("weights_pipeline")?.cases ?? [];
    const yuma = cases.filter(({ fn }) => fn === "yumaFloat");

    it("weights_pipeline has only functions that are tested somewhere", () => {
      // The first is in shared/rules/moving-average.test.ts, the next three in shared/chain/weights.test.ts.
      const known = ["emaUpdate", "normalizeMaxWeight", "processWeights", "toU16", "yumaFloat"];
      expect([...new Set(cases.map(({ fn }) => fn))].sort()).toEqual(known);
    });

    it.each(yuma)("$id in doubles", ({ input, expected }) => {
      play(input, "float").forEach((outcome, epoch) => {
        expectClose(outcome, expected[epoch]!, 1e-9);
      });
    });

    it.each(yuma)("$id in the chain's own arithmetic", ({ input, expected }) => {
      play(input, "fixed").forEach((outcome, epoch) => {
        expectClose(outcome, expected[epoch]!, FIXED_TOLERANCE);
      });
    });
  },
);

describe("the float model", () => {
  const rules = fc.record({
    yuma3: fc.boolean(),
    liquidAlpha: fc.boolean(),
    kappa: fc.constantFrom(0.4, 0.5, 0.7),
    bondsPenalty: fc.constantFrom(0, 0.5, 1),
    bondsMovingAverage: fc.constantFrom(0.5, 0.9),
  });

  it("agrees with the chain's own epoch to a thousandth, for both versions of Yuma", () => {
    const field = fc.record({
      rules,
      // Stakes of no two groups can be equal halves: there a last digit decides.
      stakes: fc.uniqueArray(fc.integer({ min: 1, max: 997 }), { minLength: 2, maxLength: 6 }),
      seed: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 30, maxLength: 60 }),
    });
    fc.assert(
      fc.property(field, ({ rules: chosen, stakes, seed }) => {
        const total = stakes.reduce((sum, stake) => sum + stake, 0);
        const shares = stakes.map((stake) => stake / total);
        fc.pre(!isTie(shares, chosen.kappa));
        const chain = { ...CHAIN_DEFAULTS, ...chosen };
        const miners = 5;
        const rowsOf = (epoch: number) =>
          shares.map((_, v) =>
            Array.from({ length: miners }, (_, m) => 50 + seed[(epoch * 7 + v * miners + m) % seed.length]!),
          );
        const float = playRows(chain, shares, "float", rowsOf, 4);
        const fixed = playRows(chain, shares, "fixed", rowsOf, 4);
        float.forEach((outcome, epoch) => {
          expectClose(outcome, toFound(fixed[epoch]!), FIXED_TOLERANCE);
        });
      }),
      { numRuns: 60 },
    );
  });

  it("finds the same consensus as a search column by column, whatever the shape", () => {
    const equal = fc.constantFrom(0, 1e-310, 0.1, 0.5, 0.51, 0.52, 1, 1e6);
    // So near to each other that several are on one level of the search.
    const near = fc.integer({ min: 1, max: 400 }).map((steps) => 1 + steps / 1e5);
    const shape = fc.record({
      // Up to and past the 64 whose presence on a level is one word.
      validators: fc.oneof(fc.integer({ min: 1, max: 33 }), fc.integer({ min: 63, max: 66 })),
      miners: fc.integer({ min: 1, max: 17 }),
      votes: fc.oneof(
        ...[equal, near].map((vote) => fc.array(vote, { minLength: 33 * 17, maxLength: 33 * 17 })),
      ),
      stakes: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 66, maxLength: 66 }),
    });
    fc.assert(
      fc.property(shape, ({ validators, miners, votes, stakes }) => {
        const yuma = new FloatYuma(validators, miners, CHAIN_DEFAULTS);
        const total = stakes.slice(0, validators).reduce((sum, stake) => sum + stake, 0);
        yuma.stake.forEach((_, v) => {
          yuma.stake[v] = total > 0 ? stakes[v]! / total : 0;
        });
        const rows = Float64Array.from({ length: validators * miners }, (_, at) => votes[at % votes.length]!);
        yuma.run(rows);
        const majority = new MajorityWeight(yuma.stake, CHAIN_DEFAULTS.kappa, miners);
        for (let miner = 0; miner < miners; miner++) {
          const column = Float64Array.from({ length: validators }, (_, v) => {
            const row = rows.subarray(v * miners, (v + 1) * miners);
            const sum = row.reduce((whole, weight) => whole + weight, 0);
            return sum > 1e-300 ? row[miner]! / sum : 0;
          });
          expect(yuma.consensus[miner]).toBeCloseTo(majority.of(miner, column, 0), 12);
        }
      }),
    );
  });

  it("needs no memory per epoch: its arrays are the same ones", () => {
    const yuma = new FloatYuma(2, 3, CHAIN_DEFAULTS);
    const { incentive, dividends } = yuma;
    yuma.stake.fill(0.5);
    yuma.run(new Float64Array(6).fill(1));
    expect(yuma.incentive).toBe(incentive);
    expect(yuma.dividends).toBe(dividends);
    expect([...incentive, ...dividends]).toEqual(
      [1 / 3, 1 / 3, 1 / 3, 0.5, 0.5].map((x) => expect.closeTo(x, 12)),
    );
  });
});

describe("the weight of a majority", () => {
  it("is the largest that enough stake supports, whatever was found in the epochs before", () => {
    // Few values and small steps: ties, and answers inside and outside of what is looked at first.
    const votes = fc.array(fc.constantFrom(0, 0.5, 0.51, 0.52, 0.53, 0.6, 1), { minLength: 7, maxLength: 7 });
    const stakes = Float64Array.of(0.05, 0.1, 0.11, 0.13, 0.17, 0.19, 0.25);
    fc.assert(
      fc.property(fc.array(votes, { minLength: 1, maxLength: 5 }), (epochs) => {
        const majority = new MajorityWeight(stakes, 0.5, 1);
        for (const column of epochs) {
          const supported = column.filter(
            (weight) =>
              column.reduce<number>((sum, other, v) => sum + (other >= weight ? stakes[v]! : 0), 0) >=
              0.5 - 1e-9,
          );
          expect(majority.of(0, Float64Array.from(column), 0)).toBe(Math.max(...supported));
        }
      }),
    );
  });

  it("is 0 where nobody votes", () => {
    expect(new MajorityWeight(new Float64Array(2), 0.5, 1).of(0, Float64Array.of(0, 0), 0)).toBe(0);
  });
});

function play(input: YumaCase, engine: "float" | "fixed"): Found[] {
  const chain: ChainParams = {
    ...CHAIN_DEFAULTS,
    yuma3: false, // what the vectors model
    kappa: input.kappa,
    bondsPenalty: input.bondPenalty,
    bondsMovingAverage: input.bondsEma,
  };
  const total = input.stakes.reduce((sum, stake) => sum + stake, 0);
  const shares = input.stakes.map((stake) => stake / total);
  return playRows(chain, shares, engine, () => input.weights, input.epochs).map(toFound);
}

function playRows(
  chain: ChainParams,
  shares: readonly number[],
  engine: "float" | "fixed",
  rowsOf: (epoch: number) => number[][],
  epochs: number,
): Found[] {
  const miners = rowsOf(0)[0]!.length;
  const chainEpoch = createChainEpoch({ engine, chain }, shares, miners);
  return Array.from({ length: epochs }, (_, epoch) =>
    toFound(
      chainEpoch.run({
        block: 10_000 + epoch * chain.tempo,
        rows: Float64Array.from(rowsOf(epoch).flat()),
        lastUpdate: new Float64Array(shares.length).fill(9_990 + epoch * chain.tempo),
        registeredAt: new Float64Array(miners),
        recycled: [],
      }),
    ),
  );
}

/** A copy: an engine may use its arrays again. */
function toFound(found: EpochOutcome | Found): Found {
  const vtrust = "vtrust" in found ? found.vtrust : found.validatorTrust;
  const { consensus, incentive, dividends } = found;
  return {
    consensus: Array.from(consensus),
    incentive: Array.from(incentive),
    dividends: Array.from(dividends),
    vtrust: Array.from(vtrust),
  };
}

function expectClose(found: Found, expected: Found, tolerance: number): void {
  for (const key of ["consensus", "incentive", "dividends", "vtrust"] as const) {
    found[key].forEach((value, i) => {
      expect(Math.abs(value - expected[key][i]!), `${key} ${i}`).toBeLessThanOrEqual(tolerance);
    });
  }
}

/** Could some of the stakes be just the majority? */
function isTie(shares: readonly number[], kappa: number): boolean {
  for (let set = 0; set < 2 ** shares.length; set++) {
    const sum = shares.reduce((total, share, i) => total + (set & (2 ** i) ? share : 0), 0);
    if (Math.abs(sum - kappa) < 1e-4) return true;
  }
  return false;
}
