/**
 * Weights or bonds of a subnet as stored: per uid a row of (column, u16) pairs in stored order, all rows one after the
 * other. Row i is the range `starts[i]`..`starts[i + 1]` of both columns.
 */
export type U16Rows = { starts: Uint32Array; columns: Uint16Array; values: Uint16Array };

export type U16Pair = readonly [column: number, value: number];

/** @param rows - One entry per uid. */
export function packRows(rows: readonly (readonly U16Pair[])[]): U16Rows {
  const starts = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => {
    starts[i + 1] = starts[i]! + row.length;
  });
  const columns = new Uint16Array(starts[rows.length]!);
  const values = new Uint16Array(columns.length);
  rows.flat().forEach(([column, value], at) => {
    columns[at] = column;
    values[at] = value;
  });
  return { starts, columns, values };
}

/** Entries of all rows together. */
export function countEntries({ starts }: { starts: Uint32Array }): number {
  return starts[starts.length - 1] ?? 0;
}

/** Do the columns of the first `n` rows ascend, each one only once? */
export function isAscending({ starts, columns }: U16Rows, n: number): boolean {
  for (let row = 0; row < n; row++) {
    const end = starts[row + 1] ?? 0;
    for (let at = (starts[row] ?? 0) + 1; at < end; at++) {
      if (columns[at]! <= columns[at - 1]!) return false;
    }
  }
  return true;
}

/** Row `i`, empty when there are fewer rows. */
export function unpackRow(rows: U16Rows, i: number): [column: number, value: number][] {
  const pairs: [number, number][] = [];
  for (let at = rows.starts[i] ?? 0; at < (rows.starts[i + 1] ?? 0); at++) {
    pairs.push([rows.columns[at]!, rows.values[at]!]);
  }
  return pairs;
}
