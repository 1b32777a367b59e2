import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EpochInput } from "./epoch-columns.ts";
import { computeExactEpoch } from "./exact-epoch.ts";
import { computeFastEpoch } from "./fast-epoch.ts";
import { MAX_FAST_STEEPNESS } from "./fast-liquid.ts";
import { foldMechanisms, splitEmission } from "./mechanisms.ts";
import { settleEpoch } from "./settle-epoch.ts";
import { packRows, type U16Pair, type U16Rows } from "./u16-rows.ts";

/** Cases of which each form computes one: bit for bit the same. */
const CASES = 1500;
const BLOCK = 10_000;
const TEMPO = 360;
const U64_MAX = 2n ** 64n - 1n;
const U16_MAX = 65_535;
const MAX_UIDS = 12;

const u16 = fc.integer({ min: 0, max: U16_MAX });
/** Ends and middles, where roundings meet, as often as anything between. */
const share = fc.oneof(fc.constantFrom(0, 1, 32_767, 32_768, 65_534, U16_MAX), u16);
/** Few different values make ties. */
const value = fc.oneof(fc.constantFrom(0, 1, 100, U16_MAX), u16);
const rao = fc.oneof(
  fc.constantFrom(0n, 1n, 10n ** 9n),
  fc.bigInt(0n, 10n ** 12n),
  fc.bigInt(0n, 21n * 10n ** 15n),
);
/** Long ago, just before and after a step or an update, and never. */
const blockNumber = fc.constantFrom(
  0,
  1,
  BLOCK - 5001,
  BLOCK - TEMPO,
  BLOCK - TEMPO + 1,
  BLOCK - 50,
  BLOCK - 10,
  BLOCK,
);

/** Everything but the amount to distribute: any subnet whose rows ascend. */
const subnet: fc.Arbitrary<Omit<EpochInput, "emission">> = fc.integer({ min: 1, max: MAX_UIDS }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    block: fc.constant(BLOCK),
    tempo: fc.constantFrom(1, TEMPO),
    lastMechanismStepBlock: fc.constantFrom(0, BLOCK - TEMPO, BLOCK - 1),
    lastUpdate: fc.oneof(
      { weight: 3, arbitrary: fc.constant(new Array<number>(n).fill(BLOCK - 10)) },
      fc.array(blockNumber, { maxLength: n }),
    ),
    blockAtRegistration: fc.oneof(
      fc.constant(new Array<number>(n).fill(1)),
      fc.array(blockNumber, { maxLength: n }),
    ),
    alphaStake: fc.array(rao, { maxLength: n }),
    taoStake: fc.array(rao, { maxLength: n }),
    taoWeight: fc.constantFrom(0n, 3_320_413_933_267_719_290n, U64_MAX),
    stakeThreshold: fc.constantFrom(0n, 10n ** 9n, 10n ** 12n),
    ownerUid: fc.option(fc.nat(n), { nil: undefined }),
    validatorPermits: fc.oneof(
      { weight: 3, arbitrary: fc.constant(new Array<number>(n).fill(1)) },
      fc.array(fc.nat(1), { maxLength: n }),
    ),
    commitRevealEnabled: fc.boolean(),
    earliestOpenCommit: fc.array(fc.oneof(blockNumber, fc.constant(Number.POSITIVE_INFINITY)), {
      maxLength: n,
    }),
    weights: rowsOf(n),
    bonds: rowsOf(n),
    kappa: share,
    bondsPenalty: share,
    alphaLow: share,
    alphaHigh: share,
    bondsMovingAverage: fc.constantFrom(0n, 1n, 333_333n, 900_000n, 999_999n, 1_000_000n),
    alphaSigmoidSteepness: fc.oneof(
      fc.constantFrom(0, 1, 1000, MAX_FAST_STEEPNESS, -MAX_FAST_STEEPNESS, MAX_FAST_STEEPNESS + 1),
      fc.integer({ min: -32_768, max: 32_767 }),
      fc.integer({ min: -MAX_FAST_STEEPNESS, max: MAX_FAST_STEEPNESS }),
    ),
    maxAllowedValidators: fc.integer({ min: 0, max: n + 1 }),
    activityCutoffFactor: fc.constantFrom(0, 1000, 13_889),
    yuma3: fc.boolean(),
    liquidAlpha: fc.boolean(),
  }),
);

describe("the epoch in doubles", () => {
  it(`equals the epoch in bigint in every bit, in ${CASES} random cases`, () => {
    let compared = 0;
    fc.assert(
      fc.property(subnet, (drawn) => {
        const input = { ...drawn, emission: 1_000_000_007n };
        const fast = computeFastEpoch(input);
        // What it leaves to the exact form is drawn as well, and does not count.
        if (fast === undefined) {
          expect(isLeftToExactForm(input)).toBe(true);
        } else {
          compared++;
          expect(fast).toEqual(computeExactEpoch(input));
        }
      }),
      { numRuns: CASES },
    );
    expect(compared).toBeGreaterThanOrEqual(1000);
  });

  it("equals it over several mechanisms and epochs, each one from the bonds of the last", () => {
    const withMechanisms = subnet.chain((shared) =>
      fc.record({
        shared: fc.constant(shared),
        mechanisms: fc.array(fc.record({ weights: rowsOf(shared.n), bonds: rowsOf(shared.n) }), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
    );
    fc.assert(
      fc.property(withMechanisms, rao, ({ shared, mechanisms }, emission) => {
        const parts = splitEmission(mechanisms.length, undefined, emission);
        const twoEpochs = (compute: typeof computeFastEpoch) =>
          mechanisms.map((rows, k) => {
            const input = { ...shared, ...rows, emission: parts[k]! };
            const { bonds } = settle(input, compute);
            return { part: parts[k]!, result: settle({ ...input, bonds }, compute) };
          });
        const [fast, exact] = [twoEpochs(computeFastEpoch), twoEpochs(computeExactEpoch)];
        expect(fast).toEqual(exact);
        expect(foldMechanisms(fast, emission)).toEqual(foldMechanisms(exact, emission));
      }),
      { numRuns: 150 },
    );
  });

  it("equals it for full rows of many validators who agree or do not", () => {
    const n = 40;
    const full = fc.array(fc.array(value, { minLength: n, maxLength: n }), { minLength: n, maxLength: n });
    fc.assert(
      fc.property(
        subnet,
        full,
        full,
        fc.array(rao, { minLength: n, maxLength: n }),
        (drawn, weights, bonds, alphaStake) => {
          const ones = new Array<number>(n).fill(1);
          const everybody = {
            validatorPermits: ones,
            blockAtRegistration: ones,
            lastUpdate: ones.map(() => BLOCK - 10),
          };
          const input = {
            ...drawn,
            ...everybody,
            n,
            alphaStake,
            emission: 1n,
            weights: pack(weights),
            bonds: pack(bonds),
          };
          const fast = computeFastEpoch(input);
          if (fast !== undefined) expect(fast).toEqual(computeExactEpoch(input));
        },
      ),
      { numRuns: 25 },
    );
  });
});

function settle(input: EpochInput, compute: typeof computeFastEpoch) {
  return settleEpoch(input, compute(input) ?? computeExactEpoch(input));
}

function isLeftToExactForm({
  yuma3,
  liquidAlpha,
  alphaLow,
  alphaHigh,
  alphaSigmoidSteepness,
}: EpochInput): boolean {
  return (
    yuma3 && liquidAlpha && (alphaLow > alphaHigh || Math.abs(alphaSigmoidSteepness) > MAX_FAST_STEEPNESS)
  );
}

/** Up to `n` rows with ascending columns, some of them behind the last uid, and some entries left out. */
function rowsOf(n: number): fc.Arbitrary<U16Rows> {
  const entry = fc.option(value, { nil: undefined, freq: 3 });
  return fc.array(fc.array(entry, { maxLength: n + 1 }), { minLength: n, maxLength: n }).map(pack);
}

function pack(rows: readonly (readonly (number | undefined)[])[]): U16Rows {
  return packRows(
    rows.map((row) =>
      row.flatMap((stored, column): U16Pair[] => (stored === undefined ? [] : [[column, stored]])),
    ),
  );
}
