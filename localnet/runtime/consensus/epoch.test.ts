import { describe, expect, it } from "vitest";
import { liquidAlphaCoefficient, liquidStep } from "./bonds.ts";
import { runEpoch } from "./epoch.ts";
import type { EpochInput } from "./epoch-columns.ts";
import { computeExactEpoch, type EpochForm } from "./exact-epoch.ts";
import { computeFastEpoch } from "./fast-epoch.ts";
import { foldMechanisms, splitEmission } from "./mechanisms.ts";
import { settleEpoch } from "./settle-epoch.ts";
import { compactRow, denseRow } from "./sparse.ts";
import { packRows, type U16Pair, type U16Rows } from "./u16-rows.ts";
import {
  fromRows,
  haveVectors,
  readVectors,
  toEpochInput,
  toRows,
  type VectorCase,
  type VectorStep,
} from "./yuma-vectors.ts";

const FILES = [
  "epoch_basic.json",
  "epoch_permits.json",
  "epoch_commit_mask.json",
  "epoch_yuma2_bonds.json",
  "epoch_yuma3.json",
  "epoch_traced.json",
  "epoch_mechanisms.json",
  "epoch_512.json",
];

/** The chain's own tests also run a dense form, which differs in these points. */
const DENSE_FORM: EpochForm = {
  ownerPrivileges: false,
  openCommitMask: false,
  emaLiquidBonds: (fresh, old, consensus, liquid, n) =>
    fresh.map((row, i) => {
      const weights = denseRow(row, n);
      const bonds = denseRow(old[i]!, n);
      return compactRow(
        weights.map((weight, j) => {
          const alpha = liquidAlphaCoefficient(consensus[j]!, weight, bonds[j]!, liquid);
          return liquidStep(bonds[j]!, weight, alpha);
        }),
      );
    }),
};

describe.skipIf(!haveVectors).each(FILES)("epoch, vectors of %s", (file) => {
  const cases = readVectors<VectorCase>(file);

  it.each(cases.map((c) => [c.name, c] as const))("%s equals the reference in every bit", (_, { steps }) => {
    for (const step of steps) {
      expect(resultOf(step), step.label).toEqual(referenceOf(step));
    }
  });

  it("the form in doubles equals the exact one wherever it applies", () => {
    for (const step of cases.flatMap((c) => c.steps)) {
      const input = toEpochInput(step.input);
      const fast = computeFastEpoch(input);
      if (fast !== undefined) expect(fast, step.label).toEqual(computeExactEpoch(input));
    }
  });

  it.each(cases.flatMap((c) => c.steps).filter((step) => step.expect.trace))(
    "meets the intermediate vectors of $label",
    (step) => {
      const shares = sharesOf(step);
      for (const [name, expected] of Object.entries(step.expect.trace!)) {
        if (name === "emission") continue;
        const key = camelCase(name) as "stake" | "rank";
        const actual = shares[key].map((raw) => Number(raw) / 2 ** 32);
        expected.forEach((value, i) => {
          expect(Math.abs(actual[i]! - Number(value)), `${step.label} ${name} ${i}`).toBeLessThan(1e-9);
        });
      }
    },
  );

  it.each(cases.filter((c) => c.mechanisms).map((c) => [c.name, c] as const))(
    "%s folds its mechanisms as the reference does",
    (_, { steps, mechanisms }) => {
      const { count, split, emission, parts, aggregate_reference } = mechanisms!;
      const amounts = splitEmission(count, split ?? undefined, BigInt(emission));
      expect(amounts.map(String)).toEqual(parts);
      const folded = foldMechanisms(
        steps.map((step, k) => ({ part: amounts[k]!, result: runEpoch(toEpochInput(step.input)) })),
        BigInt(emission),
      );
      for (const [name, expected] of Object.entries(aggregate_reference)) {
        const column = folded[camelCase(name) as "emission"];
        expect(Array.from(column, String), name).toEqual(
          expected.map((value) => String(Number(value) === 0 ? 0 : value === true ? 1 : value)),
        );
      }
    },
  );
});

function inputOf(step: VectorStep): EpochInput {
  const input = toEpochInput(step.input);
  if (step.variant === "sparse") return input;
  // The dense form holds full rows: order is lost and of a repeated column the last entry stays.
  return { ...input, weights: sorted(input.weights, input.n), bonds: sorted(input.bonds, input.n) };
}

function sharesOf(step: VectorStep) {
  return computeExactEpoch(inputOf(step), step.variant === "dense" ? DENSE_FORM : undefined);
}

function resultOf(step: VectorStep) {
  const { bonds, ...columns } = settleEpoch(inputOf(step), sharesOf(step));
  const rows = fromRows(bonds, step.input.n);
  return {
    ...Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [name, Array.from(column, String)]),
    ),
    bonds: step.variant === "dense" ? rows.map(withoutZeros) : rows,
  };
}

function referenceOf(step: VectorStep) {
  const { bonds, ...columns } = step.reference;
  const rows = toRows(bonds, step.input.n);
  return {
    ...Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [
        camelCase(name),
        (column as (number | string | boolean)[]).map((value) =>
          typeof value === "boolean" ? String(Number(value)) : String(value),
        ),
      ]),
    ),
    bonds: rows,
  };
}

const NAMES: Record<string, string> = { new_validator_permits: "newPermits" };

function camelCase(name: string): string {
  return NAMES[name] ?? name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function sorted(rows: U16Rows, n: number): U16Rows {
  return packRows(fromRows(rows, n).map((row) => [...new Map(row)].sort(([a], [b]) => a - b) as U16Pair[]));
}

function withoutZeros(row: readonly U16Pair[]): U16Pair[] {
  return row.filter(([, value]) => value > 0);
}
