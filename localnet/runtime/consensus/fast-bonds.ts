import { div, mul, ONE } from "./double-fixed.ts";
import type { EpochInput } from "./epoch-columns.ts";
import type { LiquidCurve } from "./fast-liquid.ts";
import { mixLiquidRows } from "./fast-liquid.ts";
import {
  columnMaxima,
  columnSums,
  createRows,
  divideColumns,
  type FastRows,
  mixRows,
  multiplyRows,
  normalise,
  sumColumnsWeighted,
} from "./fast-rows.ts";
import { countEntries, type U16Rows } from "./u16-rows.ts";
import { isStaleBond } from "./voters.ts";

const U16_MAX = 65_535;

export type FastVote = {
  activeStake: Float64Array;
  consensus: Float64Array;
  incentive: Float64Array;
  /** Used up: its values are overwritten. */
  weightsForBonds: FastRows;
  /** Raw I32F32: the weight of the new bonds in the moving average. */
  alpha: number;
};

/** `bonds` are shares of one. */
export type FastBonding = { dividends: Float64Array; bonds: FastRows };

/** Bonds are shares of a miner, bought with stake. */
export function bondYuma2(input: EpochInput, vote: FastVote): FastBonding {
  const { n } = input;
  const { activeStake, incentive, weightsForBonds, alpha } = vote;
  const old = oldBonds(input);
  divideColumns(old, columnSums(old, n));
  multiplyRows(weightsForBonds, activeStake);
  divideColumns(weightsForBonds, columnSums(weightsForBonds, n));

  const bonds = mixRows(weightsForBonds, alpha, old, ONE - alpha);
  divideColumns(bonds, columnSums(bonds, n));
  const dividends = normalise(sumColumnsWeighted(bonds, incentive));
  divideColumns(bonds, columnMaxima(bonds, n));
  return { dividends, bonds };
}

/** Bonds follow the weights of each validator alone; stake comes in with the dividends. */
export function bondYuma3(input: EpochInput, vote: FastVote, curve: LiquidCurve | undefined): FastBonding {
  const { activeStake, consensus, incentive, weightsForBonds, alpha } = vote;
  const old = oldBonds(input);
  for (let at = 0; at < old.values.length; at++) old.values[at] = div(old.values[at]!, U16_MAX);
  const bonds =
    curve && consensus.some((value) => value > 0)
      ? mixLiquidRows(weightsForBonds, old, consensus, curve)
      : mixRows(weightsForBonds, alpha, old, ONE - alpha);
  const earned = earnedShares(bonds, columnSums(bonds, input.n), incentive);
  for (let uid = 0; uid < earned.length; uid++) earned[uid] = mul(earned[uid]!, activeStake[uid]!);
  return { dividends: normalise(earned), bonds };
}

/** Per row the sum of its parts of the columns, each worth the column's incentive. */
function earnedShares({ starts, columns, values }: FastRows, sums: Float64Array, incentive: Float64Array) {
  const earned = new Float64Array(starts.length - 1);
  for (let row = 0; row < earned.length; row++) {
    let sum = 0;
    const end = starts[row + 1]!;
    for (let at = starts[row]!; at < end; at++) {
      const column = columns[at]!;
      sum += mul(div(values[at]!, sums[column]!), incentive[column]!);
    }
    earned[row] = sum;
  }
  return earned;
}

/** Stored bonds as whole numbers, without those that belonged to somebody else. */
function oldBonds(input: EpochInput): FastRows {
  const { n, bonds } = input;
  const old = createRows(n, countEntries(bonds));
  const isStale = Uint8Array.from({ length: n }, (_, column) => Number(isStaleBond(input, column)));
  let length = 0;
  for (let row = 0; row < n; row++) {
    const end = bonds.starts[row + 1] ?? 0;
    for (let at = bonds.starts[row] ?? 0; at < end; at++) {
      const column = bonds.columns[at]!;
      if (column >= n || isStale[column] === 1) continue;
      old.columns[length] = column;
      old.values[length++] = bonds.values[at]!;
    }
    old.starts[row + 1] = length;
  }
  return old;
}

/** Bonds as u16, floored, of the rows that have a permit. */
export function storeBonds(bonds: FastRows, newPermits: readonly boolean[]): U16Rows {
  const n = bonds.starts.length - 1;
  const starts = new Uint32Array(n + 1);
  const columns = new Uint16Array(countEntries(bonds));
  const values = new Uint16Array(columns.length);
  let length = 0;
  for (let row = 0; row < n; row++) {
    if (newPermits[row]) {
      const end = bonds.starts[row + 1]!;
      for (let at = bonds.starts[row]!; at < end; at++) {
        columns[length] = bonds.columns[at]!;
        values[length++] = Math.min(U16_MAX, Math.floor((bonds.values[at]! * U16_MAX) / ONE));
      }
    }
    starts[row + 1] = length;
  }
  return { starts, columns: columns.slice(0, length), values: values.slice(0, length) };
}
