import { div, mul } from "./double-fixed.ts";
import { countEntries } from "./u16-rows.ts";

/**
 * A sparse matrix in doubles, laid out as `U16Rows`: row i is `starts[i]`..`starts[i + 1]`, columns ascend, values are
 * raw I32F32 and not negative. The arrays may be longer than `starts[n]`.
 */
export type FastRows = { starts: Uint32Array; columns: Uint16Array; values: Float64Array };

/** Larger than any column. */
const BEHIND_ALL = 65_536;

/** Room for so many entries in `n` rows. */
export function createRows(n: number, entries: number): FastRows {
  return {
    starts: new Uint32Array(n + 1),
    columns: new Uint16Array(entries),
    values: new Float64Array(entries),
  };
}

export function columnSums(rows: FastRows, n: number): Float64Array {
  const { columns, values } = rows;
  const sums = new Float64Array(n);
  const end = countEntries(rows);
  for (let at = 0; at < end; at++) sums[columns[at]!]! += values[at]!;
  return sums;
}

export function columnMaxima(rows: FastRows, n: number): Float64Array {
  const { columns, values } = rows;
  const maxima = new Float64Array(n);
  const end = countEntries(rows);
  for (let at = 0; at < end; at++) {
    if (values[at]! > maxima[columns[at]!]!) maxima[columns[at]!] = values[at]!;
  }
  return maxima;
}

/** In place. A column whose divisor is 0 holds only zeros and stays. */
export function divideColumns(rows: FastRows, divisors: Float64Array): void {
  const { columns, values } = rows;
  const end = countEntries(rows);
  for (let at = 0; at < end; at++) {
    const value = values[at]!;
    if (value > 0) values[at] = div(value, divisors[columns[at]!]!);
  }
}

/** In place: row i times scale i. */
export function multiplyRows(rows: FastRows, scale: Float64Array): void {
  const { starts, values } = rows;
  for (let row = 0; row + 1 < starts.length; row++) {
    const factor = scale[row]!;
    const end = starts[row + 1]!;
    for (let at = starts[row]!; at < end; at++) values[at] = mul(factor, values[at]!);
  }
}

/** Sum over the columns of scale j times column j: one value per row. */
export function sumColumnsWeighted(rows: FastRows, scale: Float64Array): Float64Array {
  const { starts, columns, values } = rows;
  const sums = new Float64Array(starts.length - 1);
  for (let row = 0; row < sums.length; row++) {
    let sum = 0;
    const end = starts[row + 1]!;
    for (let at = starts[row]!; at < end; at++) sum += mul(scale[columns[at]!]!, values[at]!);
    sums[row] = sum;
  }
  return sums;
}

/** The part `alpha` of `fresh` and `rest` of `old`, over the union of their entries; values of 0 go. */
export function mixRows(fresh: FastRows, alpha: number, old: FastRows, rest: number): FastRows {
  const n = fresh.starts.length - 1;
  const mixed = createRows(n, countEntries(fresh) + countEntries(old));
  const { starts, columns, values } = mixed;
  let length = 0;
  for (let row = 0; row < n; row++) {
    let a = fresh.starts[row]!;
    let b = old.starts[row]!;
    const endA = fresh.starts[row + 1]!;
    const endB = old.starts[row + 1]!;
    while (a < endA || b < endB) {
      const columnA = a < endA ? fresh.columns[a]! : BEHIND_ALL;
      const columnB = b < endB ? old.columns[b]! : BEHIND_ALL;
      let value = 0;
      if (columnA <= columnB) value += mul(alpha, fresh.values[a++]!);
      if (columnB <= columnA) value += mul(rest, old.values[b++]!);
      columns[length] = Math.min(columnA, columnB);
      values[length] = value;
      if (value > 0) length++;
    }
    starts[row + 1] = length;
  }
  return mixed;
}

/** Each value as a share of the sum. Unchanged when the sum is 0. */
export function normalise(vector: Float64Array): Float64Array {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i]!;
  if (sum === 0) return vector;
  const shares = new Float64Array(vector.length);
  for (let i = 0; i < vector.length; i++) shares[i] = div(vector[i]!, sum);
  return shares;
}
