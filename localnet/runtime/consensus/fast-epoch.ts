import { bondsAlpha } from "./bonds.ts";
import { div, mul, mulUp, ONE } from "./double-fixed.ts";
import type { EpochInput } from "./epoch-columns.ts";
import { FastMedian } from "./fast-median.ts";
import type { EpochShares } from "./settle-epoch.ts";
import { fromU16Share } from "./u16.ts";
import type { U16Rows } from "./u16-rows.ts";
import { countVoters, isStaleBond, isVisibleWeight, type Voters } from "./voters.ts";

/** More uids than any subnet has: within it, no sum leaves the exact range of a double. */
const MAX_UIDS = 4096;
const MILLION = 1_000_000n;
const U16_MAX = 65_535;

/** Dense rows of those who have weights, bonds or a vote; `at` counts them, `[rows x n]`. */
type Table = { uids: number[]; n: number };

/**
 * The same epoch in doubles, equal in every bit.
 *
 * @returns undefined where that is not possible: with liquid alpha, rows whose columns do not ascend, or values out of
 * range. Then the exact form is needed.
 */
export function computeFastEpoch(input: EpochInput): EpochShares | undefined {
  const { n } = input;
  const liquid = input.yuma3 && input.liquidAlpha;
  if (liquid || n > MAX_UIDS || input.bondsMovingAverage > MILLION) return undefined;
  if (!isAscending(input.weights, n) || !isAscending(input.bonds, n)) return undefined;

  const voters = countVoters(input, input.ownerUid);
  const activeStake = Float64Array.from(voters.activeStake, Number);
  const table: Table = { uids: rowsOf(input, voters), n };
  const weights = visibleWeights(input, voters, table);
  const consensus = consensusOf(table, weights, activeStake, Number(fromU16Share(BigInt(input.kappa))));

  const clipped = mapTable(table, weights, (value, _, column) => Math.min(value, consensus[column]!));
  const rank = new Float64Array(n);
  const validatorTrust = new Float64Array(n);
  table.uids.forEach((uid, row) => {
    for (let j = 0; j < n; j++) {
      const value = clipped[row * n + j]!;
      if (value === 0) continue;
      validatorTrust[uid]! += value;
      rank[j]! += mul(activeStake[uid]!, value);
    }
  });
  const incentive = normalise(rank);
  const forBonds = interpolate(weights, clipped, Number(fromU16Share(BigInt(input.bondsPenalty))));
  const alpha = Number(bondsAlpha(input.bondsMovingAverage));
  const { dividends, bonds } = input.yuma3
    ? yuma3(input, table, forBonds, alpha, incentive, activeStake)
    : yuma2(input, table, forBonds, alpha, incentive, activeStake);

  return {
    ...voters,
    rank: toBigints(rank),
    consensus: toBigints(consensus),
    validatorTrust: toBigints(validatorTrust),
    incentive: toBigints(incentive),
    dividends: toBigints(dividends),
    bonds: storedBonds(table, bonds, voters.newPermits),
  };
}

/** Bonds, with -1 where there is none: a bond of 0 is an entry, too. */
type Bonding = { dividends: Float64Array; bonds: Float64Array };
const NONE = -1;

function yuma2(
  input: EpochInput,
  table: Table,
  weights: Float64Array,
  alpha: number,
  incentive: Float64Array,
  activeStake: Float64Array,
): Bonding {
  const { uids, n } = table;
  const old = columnNormalise(table, storedValues(input, table), (value, sum) => divIntegers(value, sum));
  const bought = columnNormalise(
    table,
    mapTable(table, weights, (value, uid) => mul(activeStake[uid]!, value)),
    div,
  );
  const mixed = ema(bought, old, alpha);
  const bonds = columnNormalise(table, mixed, div);
  const earned = new Float64Array(n);
  uids.forEach((uid, row) => {
    for (let j = 0; j < n; j++) {
      const bond = bonds[row * n + j]!;
      if (bond > 0) earned[uid]! += mul(incentive[j]!, bond);
    }
  });
  const largest = foldColumns(table, bonds, Math.max);
  return {
    dividends: normalise(earned),
    bonds: mapTable(table, bonds, (bond, _, column) => (bond > 0 ? div(bond, largest[column]!) : bond)),
  };
}

function yuma3(
  input: EpochInput,
  table: Table,
  weights: Float64Array,
  alpha: number,
  incentive: Float64Array,
  activeStake: Float64Array,
): Bonding {
  const { uids, n } = table;
  const old = storedValues(input, table).map((value) => divIntegers(value, U16_MAX));
  const bonds = ema(weights, old, alpha);
  const sums = foldColumns(table, bonds, add);
  const earned = new Float64Array(n);
  uids.forEach((uid, row) => {
    let total = 0;
    for (let j = 0; j < n; j++) {
      const bond = bonds[row * n + j]!;
      if (bond > 0) total += mul(div(bond, sums[j]!), incentive[j]!);
    }
    earned[uid] = mul(total, activeStake[uid]!);
  });
  return { dividends: normalise(earned), bonds };
}

/** Uids with stored weights, bonds or active stake: nobody else takes part. */
function rowsOf({ n, weights, bonds }: EpochInput, { activeStake }: Voters): number[] {
  const hasRow = ({ starts }: U16Rows, i: number) => (starts[i] ?? 0) < (starts[i + 1] ?? 0);
  return Array.from({ length: n }, (_, i) => i).filter(
    (i) => activeStake[i]! > 0n || hasRow(weights, i) || hasRow(bonds, i),
  );
}

function visibleWeights(input: EpochInput, voters: Voters, { uids, n }: Table): Float64Array {
  const { starts, columns, values } = input.weights;
  const table = new Float64Array(uids.length * n);
  uids.forEach((uid, row) => {
    let sum = 0;
    for (let at = starts[uid] ?? 0; at < (starts[uid + 1] ?? 0); at++) {
      if (!isVisibleWeight(input, voters, true, uid, columns[at]!)) continue;
      table[row * n + columns[at]!] = values[at]!;
      sum += values[at]!;
    }
    for (let j = 0; sum > 0 && j < n; j++) {
      const value = table[row * n + j]!;
      if (value > 0) table[row * n + j] = divIntegers(value, sum);
    }
  });
  return table;
}

function storedValues(input: EpochInput, { uids, n }: Table): Float64Array {
  const { starts, columns, values } = input.bonds;
  const table = new Float64Array(uids.length * n);
  uids.forEach((uid, row) => {
    for (let at = starts[uid] ?? 0; at < (starts[uid + 1] ?? 0); at++) {
      const column = columns[at]!;
      if (column < n && !isStaleBond(input, column)) table[row * n + column] = values[at]!;
    }
  });
  return table;
}

function consensusOf(
  { uids, n }: Table,
  weights: Float64Array,
  activeStake: Float64Array,
  kappa: number,
): Float64Array {
  const rows = uids.map((_, row) => row).filter((row) => activeStake[uids[row]!]! > 0);
  const stake = normalise(Float64Array.from(rows, (row) => activeStake[uids[row]!]!));
  const median = new FastMedian(stake, kappa);
  const score = new Float64Array(rows.length);
  return Float64Array.from({ length: n }, (_, column) => {
    rows.forEach((row, i) => {
      score[i] = weights[row * n + column]!;
    });
    return median.of(score);
  });
}

/** The part `ratio` of the way from `from` down to `to`, which is nowhere larger. */
function interpolate(from: Float64Array, to: Float64Array, ratio: number): Float64Array {
  if (ratio === 0) return from;
  if (ratio === ONE) return to;
  // The chain floors a negative product, which takes the next larger step down.
  return from.map((value, at) => Math.max(0, value - mulUp(ratio, value - to[at]!)));
}

function ema(fresh: Float64Array, old: Float64Array, alpha: number): Float64Array {
  const rest = ONE - alpha;
  const result = new Float64Array(fresh.length);
  for (let at = 0; at < result.length; at++) {
    result[at] = mul(alpha, fresh[at]!) + mul(rest, old[at]!) || NONE;
  }
  return result;
}

function columnNormalise(
  table: Table,
  values: Float64Array,
  divide: (value: number, sum: number) => number,
): Float64Array {
  const sums = foldColumns(table, values, add);
  return mapTable(table, values, (value, _, column) => (value > 0 ? divide(value, sums[column]!) : value));
}

function foldColumns(
  { uids, n }: Table,
  values: Float64Array,
  fold: (a: number, b: number) => number,
): Float64Array {
  const result = new Float64Array(n);
  for (let row = 0, at = 0; row < uids.length; row++) {
    for (let column = 0; column < n; column++, at++) {
      if (values[at]! > 0) result[column] = fold(result[column]!, values[at]!);
    }
  }
  return result;
}

function mapTable(
  { uids, n }: Table,
  values: Float64Array,
  change: (value: number, uid: number, column: number) => number,
): Float64Array {
  const result = new Float64Array(values.length);
  for (let row = 0, at = 0; row < uids.length; row++) {
    for (let column = 0; column < n; column++, at++) result[at] = change(values[at]!, uids[row]!, column);
  }
  return result;
}

function normalise(vector: Float64Array): Float64Array {
  const sum = vector.reduce(add, 0);
  return sum === 0 ? vector : vector.map((value) => div(value, sum));
}

function add(a: number, b: number): number {
  return a + b;
}

/** Two integers, `value` <= `sum` < 2^45, as a share: the same as `div`. 0 of 0 is 0. */
function divIntegers(value: number, sum: number): number {
  return value === 0 ? 0 : div(value, sum);
}

function storedBonds({ uids, n }: Table, bonds: Float64Array, newPermits: readonly boolean[]): U16Rows {
  const starts = new Uint32Array(n + 1);
  const columns = new Uint16Array(bonds.length);
  const values = new Uint16Array(bonds.length);
  let length = 0;
  uids.forEach((uid, row) => {
    for (let j = 0; newPermits[uid] && j < n; j++) {
      const bond = bonds[row * n + j]!;
      if (bond === NONE) continue;
      columns[length] = j;
      values[length++] = Math.min(U16_MAX, Math.floor((bond * U16_MAX) / ONE));
    }
    starts[uid + 1] = length;
  });
  for (let uid = 0; uid < n; uid++) starts[uid + 1] = Math.max(starts[uid]!, starts[uid + 1]!);
  return { starts, columns: columns.slice(0, length), values: values.slice(0, length) };
}

function isAscending({ starts, columns }: U16Rows, n: number): boolean {
  for (let row = 0; row < n; row++) {
    for (let at = (starts[row] ?? 0) + 1; at < (starts[row + 1] ?? 0); at++) {
      if (columns[at]! <= columns[at - 1]!) return false;
    }
  }
  return true;
}

function toBigints(values: Float64Array): bigint[] {
  return Array.from(values, BigInt);
}
