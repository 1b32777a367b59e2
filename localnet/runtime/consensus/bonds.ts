import { expSafe } from "./exponential.ts";
import { I32F32, I64F64, maxBigint, minBigint } from "./fixed.ts";
import { compactRow, denseRow, type Matrix, type Row } from "./sparse.ts";

/** Divisor of the stored moving average of bonds: it is in millionths. */
const MILLION = I64F64.fromInteger(1_000_000n);
const HALF = I32F32.one >> 1n;

/** Parameters of the liquid-alpha coefficient, all I32F32. */
export type LiquidAlpha = { low: bigint; high: bigint; steepness: bigint };

/** Weight of the new bonds in the moving average, I32F32. @param movingAverage - Millionths for the old ones. */
export function bondsAlpha(movingAverage: bigint): bigint {
  const old = I64F64.safeDiv(I64F64.fromInteger(movingAverage), MILLION);
  return I32F32.sub(I32F32.one, I32F32.from(I64F64, old));
}

/** Moving average of bonds with one coefficient for all. Columns from `n` on vanish; the result is sorted. */
export function emaBonds(fresh: Matrix, old: Matrix, alpha: bigint, n: number): Matrix {
  const rest = I32F32.sub(I32F32.one, alpha);
  return fresh.map((row, i) => {
    const total = new Array<bigint>(n).fill(0n);
    accumulate(total, row, alpha);
    accumulate(total, old[i]!, rest);
    return compactRow(total);
  });
}

/**
 * How fast a bond follows its weight: fast where a validator runs ahead of the consensus, slowly where it follows.
 *
 * @param weight - The weight used for bonds, `bond`: the old bond; shares in I32F32.
 */
export function liquidAlphaCoefficient(
  consensus: bigint,
  weight: bigint,
  bond: bigint,
  { low, high, steepness }: LiquidAlpha,
): bigint {
  const distance = weight >= bond ? unit(I32F32.sub(weight, consensus)) : unit(I32F32.sub(bond, weight));
  const exponent = I32F32.mul(I32F32.div(steepness, I32F32.fromInteger(-100n)), I32F32.sub(distance, HALF));
  const sigmoid = I32F32.div(I32F32.one, I32F32.add(I32F32.one, expSafe(exponent)));
  const alpha = I32F32.add(low, I32F32.mul(sigmoid, I32F32.sub(high, low)));
  return minBigint(maxBigint(alpha, low), high);
}

/**
 * Moving average of bonds with a coefficient per entry. Unlike `emaBonds`, a bond whose weight is gone vanishes at
 * once: only the entries of `fresh` survive, in their order.
 */
export function emaLiquidBonds(
  fresh: Matrix,
  old: Matrix,
  consensus: readonly bigint[],
  liquid: LiquidAlpha,
  n: number,
): Matrix {
  return fresh.map((row, i) => {
    const bond = denseRow(old[i]!, n);
    const visibleWeight = visibleRow(row, n);
    const visibleBond = visibleRow(old[i]!, n);

    const next: Row = { columns: [], values: [] };
    row.columns.forEach((column, at) => {
      const alpha = liquidAlphaCoefficient(
        consensus[column]!,
        visibleWeight[column]!,
        visibleBond[column]!,
        liquid,
      );
      const value = liquidStep(bond[column]!, row.values[at]!, alpha);
      if (value > 0n) {
        next.columns.push(column);
        next.values.push(value);
      }
    });
    return next;
  });
}

/** One entry of the liquid moving average. */
export function liquidStep(bond: bigint, weight: bigint, alpha: bigint): bigint {
  const kept = I32F32.mul(I32F32.sub(I32F32.one, alpha), bond);
  const gained = I32F32.mul(alpha, weight);
  return minBigint(I32F32.add(kept, maxBigint(gained, 0n)), I32F32.one);
}

/**
 * A row as the chain's single forward pass sees it: an entry counts only when its column is larger than every column
 * stored before it. Rows stored in ascending order are seen whole.
 */
function visibleRow(row: Row, n: number): bigint[] {
  const visible = new Array<bigint>(n).fill(0n);
  let last = -1;
  row.columns.forEach((column, at) => {
    if (column > last && column < n) visible[column] = row.values[at]!;
    if (column > last) last = column;
  });
  return visible;
}

function accumulate(total: bigint[], row: Row, factor: bigint): void {
  row.columns.forEach((column, at) => {
    if (column < total.length) {
      total[column] = I32F32.add(total[column]!, I32F32.mul(factor, row.values[at]!));
    }
  });
}

function unit(value: bigint): bigint {
  return minBigint(maxBigint(value, 0n), I32F32.one);
}
