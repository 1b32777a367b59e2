import { I32F32, maxBigint } from "./fixed.ts";

/**
 * One row of a sparse matrix: parallel columns and I32F32 values in stored order. Zeros are legal and columns need
 * not ascend, because validators choose the order in which they submit weights.
 */
export type Row = { columns: number[]; values: bigint[] };
/** `[n x n]`, row by row. */
export type Matrix = Row[];

/** Each value as a share of the sum. Unchanged when the sum is 0. */
export function normalise(vector: readonly bigint[]): bigint[] {
  const sum = I32F32.sum(vector);
  return sum === 0n ? [...vector] : vector.map((value) => I32F32.safeDiv(value, sum));
}

export function rowNormalise(matrix: Matrix): Matrix {
  return matrix.map((row) => {
    const sum = I32F32.sum(row.values);
    return sum > 0n ? mapValues(row, (value) => I32F32.safeDiv(value, sum)) : row;
  });
}

export function rowSum(matrix: Matrix): bigint[] {
  return matrix.map((row) => I32F32.sum(row.values));
}

/** Each column sums to one; columns from `n` on, and empty ones, stay as they are. */
export function columnNormalise(matrix: Matrix, n: number): Matrix {
  const sums = foldColumns(matrix, n, (sum, value) => I32F32.add(sum, value));
  return divideColumns(matrix, sums);
}

/** Each column's largest value becomes one. */
export function columnMaxUpscale(matrix: Matrix, n: number): Matrix {
  const maxima = foldColumns(matrix, n, maxBigint);
  return divideColumns(matrix, maxima);
}

/** Cap each value at its column's threshold. A value capped to 0 is dropped, an uncapped zero stays. */
export function columnClip(matrix: Matrix, threshold: readonly bigint[]): Matrix {
  return filterMap(matrix, (value, column) => {
    const limit = threshold[column]!;
    if (limit >= value) return value;
    return limit > 0n ? limit : undefined;
  });
}

/** Row i times scale i. */
export function scaleRows(matrix: Matrix, scale: readonly bigint[]): Matrix {
  return matrix.map((row, i) => mapValues(row, (value) => I32F32.mul(value, scale[i]!)));
}

/** Column j times scale j. Products of 0 are dropped. */
export function scaleColumns(matrix: Matrix, scale: readonly bigint[]): Matrix {
  return filterMap(matrix, (value, column) => {
    const product = I32F32.mul(value, scale[column]!);
    return product === 0n ? undefined : product;
  });
}

/** Sum over the rows of scale i times row i: one value per column. */
export function sumRowsWeighted(matrix: Matrix, scale: readonly bigint[], n: number): bigint[] {
  const result = new Array<bigint>(n).fill(0n);
  matrix.forEach((row, i) => {
    row.columns.forEach((column, at) => {
      if (column < n) result[column] = I32F32.add(result[column]!, I32F32.mul(scale[i]!, row.values[at]!));
    });
  });
  return result;
}

/** Sum over the columns of scale j times column j: one value per row. */
export function sumColumnsWeighted(matrix: Matrix, scale: readonly bigint[]): bigint[] {
  return matrix.map((row) =>
    row.columns.reduce(
      (sum, column, at) => I32F32.add(sum, I32F32.mul(scale[column] ?? 0n, row.values[at]!)),
      0n,
    ),
  );
}

/** The part `ratio` of the way from `a` to `b`, over the union of their entries; values that are not positive go. */
export function interpolate(a: Matrix, b: Matrix, ratio: bigint, n: number): Matrix {
  if (ratio === 0n) return a;
  if (ratio === I32F32.one) return b;
  return a.map((row, i) => {
    const from = denseRow(row, n);
    const to = denseRow(b[i]!, n);
    return compactRow(from.map((x, j) => I32F32.add(x, I32F32.mul(ratio, I32F32.sub(to[j]!, x)))));
  });
}

/** One value per column below `n`; the last entry of a repeated column counts. */
export function denseRow(row: Row, n: number): bigint[] {
  const dense = new Array<bigint>(n).fill(0n);
  row.columns.forEach((column, at) => {
    if (column < n) dense[column] = row.values[at]!;
  });
  return dense;
}

/** The positive values of a dense row, columns ascending. */
export function compactRow(dense: readonly bigint[]): Row {
  const row: Row = { columns: [], values: [] };
  dense.forEach((value, column) => {
    if (value > 0n) push(row, column, value);
  });
  return row;
}

/** Keep the entries for which `change` returns a value. */
export function filterMap(
  matrix: Matrix,
  change: (value: bigint, column: number, row: number) => bigint | undefined,
): Matrix {
  return matrix.map((row, i) => {
    const kept: Row = { columns: [], values: [] };
    row.columns.forEach((column, at) => {
      const value = change(row.values[at]!, column, i);
      if (value !== undefined) push(kept, column, value);
    });
    return kept;
  });
}

function mapValues(row: Row, change: (value: bigint) => bigint): Row {
  return { columns: row.columns, values: row.values.map(change) };
}

function push(row: Row, column: number, value: bigint): void {
  row.columns.push(column);
  row.values.push(value);
}

function foldColumns(matrix: Matrix, n: number, fold: (sum: bigint, value: bigint) => bigint): bigint[] {
  const result = new Array<bigint>(n).fill(0n);
  for (const row of matrix) {
    row.columns.forEach((column, at) => {
      if (column < n) result[column] = fold(result[column]!, row.values[at]!);
    });
  }
  return result;
}

function divideColumns(matrix: Matrix, divisors: readonly bigint[]): Matrix {
  return filterMap(matrix, (value, column) => {
    const divisor = divisors[column] ?? 0n;
    return divisor === 0n ? value : I32F32.safeDiv(value, divisor);
  });
}
