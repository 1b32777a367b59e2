import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runEpoch } from "./epoch.ts";
import type { EpochInput } from "./epoch-columns.ts";
import { computeExactEpoch } from "./exact-epoch.ts";
import { I32F32 } from "./fixed.ts";
import { packRows } from "./u16-rows.ts";

const BLOCK = 1000;
const EMISSION = 1_000_000_000n;

/** A subnet of validators with ascending weight rows. Everybody registered long ago. */
const subnet = fc.integer({ min: 1, max: 8 }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    stakes: fc.array(fc.bigInt(0n, 10n ** 15n), { minLength: n, maxLength: n }),
    permits: fc.array(fc.boolean(), { minLength: n, maxLength: n }),
    weights: matrixOf(n),
    bonds: matrixOf(n),
    kappa: fc.integer({ min: 0, max: 65_535 }),
    bondsPenalty: fc.constantFrom(0, 1, 30_000, 65_534, 65_535),
    bondsMovingAverage: fc.constantFrom(0n, 333_333n, 900_000n, 1_000_000n),
    yuma3: fc.boolean(),
    liquidAlpha: fc.boolean(),
  }),
);

type Subnet = typeof subnet extends fc.Arbitrary<infer T> ? T : never;

describe("runEpoch", () => {
  it("never pays more than the emission, and loses at most one rao per uid and part", () => {
    fc.assert(
      fc.property(subnet, (drawn) => {
        const result = runEpoch(inputOf(drawn));
        const server = sum(result.serverEmission);
        const paid = server + sum(result.validatorEmission);
        expect(paid).toBeLessThanOrEqual(EMISSION);
        if (drawn.stakes.some((stake) => stake > 0n)) {
          expect(paid).toBeGreaterThanOrEqual(EMISSION - BigInt(drawn.n) * 4n);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("gives shares that sum to at most one", () => {
    fc.assert(
      fc.property(subnet, (drawn) => {
        const { incentive, dividends, stake } = computeExactEpoch(inputOf(drawn));
        for (const shares of [incentive, dividends, stake]) {
          expect(I32F32.sum(shares)).toBeLessThanOrEqual(I32F32.one);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("does not depend on the numbering of uids beyond rounding", () => {
    fc.assert(
      fc.property(subnet, fc.infiniteStream(fc.nat()), (drawn, random) => {
        const order = shuffled(drawn.n, random);
        const plain = computeExactEpoch(inputOf(drawn));
        const moved = computeExactEpoch(inputOf(permuted(drawn, order)));
        order.forEach((from, to) => {
          for (const key of ["incentive", "dividends", "consensus"] as const) {
            expect(Math.abs(Number(moved[key][to]! - plain[key][from]!))).toBeLessThan(2 ** 8);
          }
        });
      }),
      { numRuns: 200 },
    );
  });
});

function matrixOf(n: number) {
  return fc.array(fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: n, maxLength: n }), {
    minLength: n,
    maxLength: n,
  });
}

function inputOf({
  n,
  stakes,
  permits,
  weights,
  bonds,
  kappa,
  bondsPenalty,
  bondsMovingAverage,
  yuma3,
  liquidAlpha,
}: Subnet): EpochInput {
  return {
    n,
    block: BLOCK,
    tempo: 360,
    emission: EMISSION,
    lastMechanismStepBlock: BLOCK - 360,
    lastUpdate: new Float64Array(n).fill(BLOCK - 10),
    blockAtRegistration: new Float64Array(n).fill(1),
    alphaStake: stakes,
    taoStake: new BigUint64Array(n),
    taoWeight: 0n,
    stakeThreshold: 0n,
    ownerUid: undefined,
    validatorPermits: permits.map(Number),
    commitRevealEnabled: false,
    earliestOpenCommit: [],
    weights: packRows(weights.map((row) => row.map((value, column) => [column, value] as const))),
    bonds: packRows(bonds.map((row) => row.map((value, column) => [column, value] as const))),
    kappa,
    bondsPenalty,
    alphaLow: 45_875,
    alphaHigh: 58_982,
    bondsMovingAverage,
    alphaSigmoidSteepness: 1000,
    maxAllowedValidators: 64,
    activityCutoffFactor: 13_889,
    yuma3,
    liquidAlpha,
  };
}

/** `order[to] = from`. */
function permuted(drawn: Subnet, order: readonly number[]): Subnet {
  const rows = (matrix: number[][]) => order.map((from) => order.map((column) => matrix[from]![column]!));
  return {
    ...drawn,
    stakes: order.map((from) => drawn.stakes[from]!),
    permits: order.map((from) => drawn.permits[from]!),
    weights: rows(drawn.weights),
    bonds: rows(drawn.bonds),
  };
}

function shuffled(n: number, random: fc.Stream<number>): number[] {
  const keys = [...random.take(n)];
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b);
}

function sum(amounts: BigUint64Array): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
