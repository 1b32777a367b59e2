import { div, divInteger, mul, mulUp, mulWide, ONE } from "./double-fixed.ts";
import type { EpochInput } from "./epoch-columns.ts";
import { exp } from "./exponential.ts";
import { createRows, type FastRows } from "./fast-rows.ts";
import { I32F32 } from "./fixed.ts";
import { countEntries } from "./u16-rows.ts";

/** Up to this steepness, either sign, e^x and all its terms stay in the exact range of a double. */
export const MAX_FAST_STEEPNESS = 1600;

const HALF = ONE / 2;
/** The chain's constant for e^1, which its series does not give. */
const E = Number(exp(I32F32, I32F32.one));
/** Terms of the series of e^x. */
const TERMS = 32;

/** Raw I32F32. `slope` is the steepness over 100 and turns with it. */
export type LiquidCurve = { low: number; high: number; slope: number };

/** The moving average of `emaLiquidBonds` in doubles: only the entries of `fresh` survive. */
export function mixLiquidRows(
  fresh: FastRows,
  old: FastRows,
  consensus: Float64Array,
  curve: LiquidCurve,
): FastRows {
  const n = consensus.length;
  const mixed = createRows(n, countEntries(fresh));
  const bonds = new Float64Array(n);
  let length = 0;
  for (let row = 0; row < n; row++) {
    for (let at = old.starts[row]!; at < old.starts[row + 1]!; at++)
      bonds[old.columns[at]!] = old.values[at]!;
    for (let at = fresh.starts[row]!; at < fresh.starts[row + 1]!; at++) {
      const column = fresh.columns[at]!;
      const weight = fresh.values[at]!;
      const bond = bonds[column]!;
      const alpha = liquidAlphaOf(consensus[column]!, weight, bond, curve);
      const value = Math.min(mul(ONE - alpha, bond) + mul(alpha, weight), ONE);
      mixed.columns[length] = column;
      mixed.values[length] = value;
      if (value > 0) length++;
    }
    mixed.starts[row + 1] = length;
    for (let at = old.starts[row]!; at < old.starts[row + 1]!; at++) bonds[old.columns[at]!] = 0;
  }
  return mixed;
}

/** `liquidAlphaCoefficient` in doubles. */
function liquidAlphaOf(consensus: number, weight: number, bond: number, curve: LiquidCurve): number {
  const { low, high, slope } = curve;
  const distance = Math.min(Math.max(weight >= bond ? weight - consensus : bond - weight, 0), ONE);
  const sigmoid = div(ONE, ONE + power(slope, HALF - distance));
  return Math.min(Math.max(low + mul(sigmoid, high - low), low), high);
}

/** e to the product of both, which is floored, as all products on chain. */
function power(slope: number, offset: number): number {
  const a = Math.abs(slope);
  const b = Math.abs(offset);
  if (slope > 0 === offset > 0) {
    const x = mul(a, b);
    return x === ONE ? E : series(x);
  }
  return div(ONE, series(mulUp(a, b)));
}

function series(x: number): number {
  let sum = ONE + x;
  let term = x;
  for (let i = 2; i < TERMS && term > 0; i++) {
    term = divInteger(mulWide(term, x), i);
    sum += term;
  }
  return sum;
}

/** @returns undefined where only the exact form can be used */
export function liquidCurve(input: EpochInput, share: (value: number) => number): LiquidCurve | undefined {
  const { alphaLow, alphaHigh, alphaSigmoidSteepness: steepness } = input;
  if (Math.abs(steepness) > MAX_FAST_STEEPNESS || alphaLow > alphaHigh) return undefined;
  const magnitude = divInteger(Math.abs(steepness) * ONE, 100);
  return {
    low: share(alphaLow),
    high: share(alphaHigh),
    slope: steepness < 0 ? -magnitude : magnitude,
  };
}
