import { describe, expect, it } from "vitest";
import { bondsAlpha, emaBonds, emaLiquidBonds, liquidAlphaCoefficient, liquidStep } from "./bonds.ts";
import { expSafe, ln, log2 } from "./exponential.ts";
import { I32F32, I64F64, I96F32 } from "./fixed.ts";
import { consensusOfStake, weightedMedian } from "./median.ts";
import {
  columnClip,
  columnMaxUpscale,
  columnNormalise,
  denseRow,
  filterMap,
  interpolate,
  type Matrix,
  normalise,
  rowNormalise,
  rowSum,
  scaleColumns,
  scaleRows,
  sumColumnsWeighted,
  sumRowsWeighted,
} from "./sparse.ts";
import { fromU16Share, isMaxLimited, maxUpscaleToU16, maxUpscaleWeights, toU16Share } from "./u16.ts";
import { topNonZero } from "./voters.ts";
import { haveVectors, readVectors } from "./yuma-vectors.ts";

type Dense = string[][];
type Sparse = [number, string][][];
type Args = Record<string, string & string[] & Dense & Sparse>;
type Case = { id: string; fn: string; args: Args; result: unknown };

/** Each named function of the vectors, built from ours. */
const FUNCTIONS: Record<string, (args: Args) => unknown> = {
  max_upscale_to_u16: ({ vector }) => maxUpscaleToU16(vector.map(BigInt)),
  u16_max_upscale_to_u16: ({ vector_u16 }) => maxUpscaleWeights(vector_u16.map(Number)),
  check_max_limited: ({ vector_u16, limit_u16 }) => isMaxLimited(vector_u16.map(Number), Number(limit_u16)),
  exp_safe: ({ x }) => expSafe(BigInt(x)),
  sigmoid_safe: ({ x, rho, kappa }) => {
    const exponent = I32F32.mul(-BigInt(rho), I32F32.sub(BigInt(x), BigInt(kappa)));
    return I32F32.div(I32F32.one, I32F32.add(I32F32.one, expSafe(exponent)));
  },
  ln: ({ x }) => ln(I32F32, BigInt(x)),
  log2_i96f32: ({ x }) => log2(I96F32, BigInt(x)),
  // Without the rule for zeros: shift all values above zero, their order stays.
  topk: ({ vector, k }) =>
    topNonZero(
      vector.map((value) => BigInt(value) + 1n),
      Number(k),
    ),
  topk_nonzero: ({ vector, k }) => topNonZero(vector.map(BigInt), Number(k)),
  sum: ({ vector }) => I32F32.sum(vector.map(BigInt)),
  normalize: ({ vector }) => normalise(vector.map(BigInt)),
  normalize_i64f64: ({ vector }) => {
    const values = vector.map(BigInt);
    const sum = I64F64.sum(values);
    return values.map((value) => (sum === 0n ? value : I64F64.safeDiv(value, sum)));
  },
  vec_div: ({ x, y }) => x.map((value, i) => I32F32.safeDiv(BigInt(value), BigInt(y[i]!))),
  // The shorter one decides the length.
  vec_mul: ({ a, b }) =>
    Array.from({ length: Math.min(a.length, b.length) }, (_, i) => I32F32.mul(BigInt(a[i]!), BigInt(b[i]!))),
  row_normalize: dense((m) => rowNormalise(m)),
  row_normalize_sparse: ({ matrix }) => pairs(rowNormalise(sparse(matrix))),
  col_normalize: dense((m, n) => columnNormalise(m, n)),
  col_normalize_sparse: ({ matrix, columns }) => pairs(columnNormalise(sparse(matrix), Number(columns))),
  col_max_upscale: dense((m, n) => columnMaxUpscale(m, n)),
  col_max_upscale_sparse: ({ matrix, columns }) => pairs(columnMaxUpscale(sparse(matrix), Number(columns))),
  mask_vector: ({ mask, vector }) => vector.map((value, i) => (mask[i] ? "0" : value)),
  mask_diag: dense((m) => filterMap(m, (value, column, row) => (column === row ? undefined : value))),
  mask_diag_except: dense((m, _, { except }) =>
    filterMap(m, (value, column, row) => (column === row && row !== Number(except) ? undefined : value)),
  ),
  mat_vec_mul: dense((m, _, { vector }) => scaleColumns(m, vector.map(BigInt))),
  mat_vec_mul_sparse: ({ matrix, vector }) => pairs(scaleColumns(sparse(matrix), vector.map(BigInt))),
  row_hadamard: dense((m, _, { vector }) => scaleRows(m, vector.map(BigInt))),
  row_hadamard_sparse: ({ matrix, vector }) => pairs(scaleRows(sparse(matrix), vector.map(BigInt))),
  row_sum: ({ matrix }) => rowSum(full(matrix)),
  row_sum_sparse: ({ matrix }) => rowSum(sparse(matrix)),
  matmul: ({ matrix, vector }) => sumRowsWeighted(full(matrix), vector.map(BigInt), columnsOf(matrix)),
  matmul_sparse: ({ matrix, vector, columns }) =>
    sumRowsWeighted(sparse(matrix), vector.map(BigInt), Number(columns)),
  matmul_transpose: ({ matrix, vector }) => sumColumnsWeighted(full(matrix), vector.map(BigInt)),
  matmul_transpose_sparse: ({ matrix, vector }) => sumColumnsWeighted(sparse(matrix), vector.map(BigInt)),
  col_clip: dense((m, _, { threshold }) => columnClip(m, threshold.map(BigInt))),
  col_clip_sparse: ({ matrix, threshold }) => pairs(columnClip(sparse(matrix), threshold.map(BigInt))),
  weighted_median: ({ stake, score, minority, partition_lo, partition_hi }) =>
    weightedMedian(
      stake.map(BigInt),
      score.map(BigInt),
      BigInt(minority),
      BigInt(partition_lo),
      BigInt(partition_hi),
    ),
  weighted_median_col: ({ stake, score, majority }) =>
    consensusOfStake(stake.map(BigInt), full(score), BigInt(majority), columnsOf(score)),
  weighted_median_col_sparse: ({ stake, score, majority, columns }) =>
    consensusOfStake(stake.map(BigInt), sparse(score), BigInt(majority), Number(columns)),
  interpolate: ({ a, b, ratio }) => {
    const n = columnsOf(a);
    return flat(interpolate(full(a), full(b), BigInt(ratio), n), n);
  },
  interpolate_sparse: ({ a, b, ratio, columns }) =>
    pairs(interpolate(sparse(a), sparse(b), BigInt(ratio), Number(columns))),
  ema_sparse: ({ new: fresh, old, alpha }) =>
    pairs(emaBonds(sparse(fresh), sparse(old), BigInt(alpha), fresh.length)),
  // A matrix of coefficients instead of the liquid ones.
  ema_alpha: ({ new: fresh, old, alpha }) =>
    (fresh as Dense).map((row, i) =>
      row.map((weight, j) =>
        liquidStep(BigInt(old[i]![j]!), BigInt(weight), BigInt((alpha as Dense)[i]![j]!)),
      ),
    ),
  ema_alpha_sparse: ({ new: fresh, old, alpha }) =>
    pairs(
      sparse(fresh).map((row, i) => {
        const bonds = denseRow(sparse(old)[i]!, (alpha as Dense)[i]!.length);
        const values = row.values.map((weight, at) =>
          liquidStep(bonds[row.columns[at]!] ?? 0n, weight, BigInt((alpha as Dense)[i]![row.columns[at]!]!)),
        );
        const kept = row.columns.map((_, at) => at).filter((at) => values[at]! > 0n);
        return { columns: kept.map((at) => row.columns[at]!), values: kept.map((at) => values[at]!) };
      }),
    ),
  alpha_sigmoid: ({ consensus, weight, bond, alpha_low, alpha_high, steepness }) =>
    liquidAlphaCoefficient(BigInt(consensus), BigInt(weight), BigInt(bond), {
      low: BigInt(alpha_low),
      high: BigInt(alpha_high),
      steepness: BigInt(steepness),
    }),
  bonds_alpha: ({ bonds_moving_average_u64 }) => bondsAlpha(BigInt(bonds_moving_average_u64)),
  stake_fraction: ({ stake_u64, total_u64 }) =>
    I32F32.from(
      I64F64,
      I64F64.safeDiv(I64F64.fromInteger(BigInt(stake_u64)), I64F64.fromInteger(BigInt(total_u64))),
    ),
  to_u16: ({ x }) => I32F32.toUnsigned(BigInt(x), 16),
  u16_fraction: ({ u16 }) => fromU16Share(BigInt(u16)),
  fraction_to_u16: ({ x }) => toU16Share(BigInt(x)),
};

const cases = readVectors<Case>("primitives.json");

describe.skipIf(!haveVectors)("building blocks", () => {
  it.each([...new Set(cases.map((c) => c.fn))])("%s equals its vectors in every bit", (fn) => {
    for (const { id, args, result } of cases.filter((c) => c.fn === fn)) {
      expect(strings(FUNCTIONS[fn]!(args)), id).toEqual(strings(result));
    }
  });
});

describe("emaLiquidBonds", () => {
  const liquid = {
    low: fromU16Share(45_875n),
    high: fromU16Share(58_982n),
    steepness: I32F32.fromInteger(1000n),
  };
  const half = I32F32.one / 2n;

  it("drops a bond whose weight is gone at once", () => {
    const old = [{ columns: [0, 1], values: [half, half] }];
    const fresh = [{ columns: [1], values: [half] }];
    expect(emaLiquidBonds(fresh, old, [half, half], liquid, 2)[0]!.columns).toEqual([1]);
  });

  it("sees only entries that stand after all smaller columns", () => {
    const old = [{ columns: [0, 1], values: [half, half] }];
    const consensus = [half / 4n, half / 4n];
    const ascending = emaLiquidBonds([{ columns: [0, 1], values: [half, half] }], old, consensus, liquid, 2);
    const descending = emaLiquidBonds([{ columns: [1, 0], values: [half, half] }], old, consensus, liquid, 2);
    expect(descending[0]!.values[0]).toBe(ascending[0]!.values[1]);
    expect(descending[0]!.values[1]).not.toBe(ascending[0]!.values[0]);
  });
});

function dense(run: (matrix: Matrix, n: number, args: Args) => Matrix): (args: Args) => unknown {
  return (args) => {
    const n = columnsOf(args.matrix!);
    return flat(run(full(args.matrix!), n, args), n);
  };
}

function columnsOf(matrix: Dense): number {
  return matrix[0]?.length ?? 0;
}

function full(matrix: Dense): Matrix {
  return matrix.map((row) => ({ columns: row.map((_, j) => j), values: row.map(BigInt) }));
}

function sparse(matrix: Sparse): Matrix {
  return matrix.map((row) => ({
    columns: row.map(([j]) => j),
    values: row.map(([, value]) => BigInt(value)),
  }));
}

function flat(matrix: Matrix, n: number): bigint[][] {
  return matrix.map((row) => denseRow(row, n));
}

function pairs(matrix: Matrix): [number, string][][] {
  return matrix.map((row) => row.columns.map((column, at) => [column, String(row.values[at])]));
}

/** Integers as the vectors write them. */
function strings(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strings);
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" ? String(value) : value;
}
