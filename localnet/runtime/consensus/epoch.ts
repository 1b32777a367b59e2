import { bondsAlpha, emaBonds, emaLiquidBonds } from "./bonds.ts";
import { I32F32, I64F64, I96F32, U96F32 } from "./fixed.ts";
import { consensusOfStake } from "./median.ts";
import { activityCutoffBlocks } from "./schedule.ts";
import {
  columnClip,
  columnMaxUpscale,
  columnNormalise,
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
import { fromU16Share, toU16Share } from "./u16.ts";
import { packRows, type U16Rows, unpackRow } from "./u16-rows.ts";
import { fromU64Share } from "./u64-share.ts";

/**
 * What one epoch of one mechanism reads. Columns have one entry per uid; where a shorter one is legal, the docstring
 * says what a missing entry means. Block numbers are whole numbers below 2^53.
 */
export type EpochInput = {
  /** Number of uids. */
  n: number;
  block: number;
  /** Blocks. */
  tempo: number;
  /** Alpha to distribute, rao. */
  emission: bigint;
  /** Block of the last successful epoch, 0 when there was none. */
  lastMechanismStepBlock: number;
  /** Block of the last accepted weights. Missing: 0. */
  lastUpdate: ArrayLike<number>;
  /** Missing: 0. */
  blockAtRegistration: ArrayLike<number>;
  /** Inherited stake on the subnet and on root, rao. */
  alphaStake: ArrayLike<bigint>;
  taoStake: ArrayLike<bigint>;
  /** What one rao on root counts, of 2^64 - 1. */
  taoWeight: bigint;
  /** Stake below this does not count, rao. */
  stakeThreshold: bigint;
  ownerUid: number | undefined;
  /** Flags the previous epoch stored. Missing: no permit; none at all: nobody loses active stake. */
  validatorPermits: ArrayLike<number>;
  commitRevealEnabled: boolean;
  /** Block of the oldest unexpired weight commit per uid, `Infinity` where there is none. Missing: `Infinity`. */
  earliestOpenCommit: ArrayLike<number>;
  weights: U16Rows;
  bonds: U16Rows;
  /** u16 shares. */
  kappa: number;
  bondsPenalty: number;
  alphaLow: number;
  alphaHigh: number;
  /** Millionths. */
  bondsMovingAverage: bigint;
  /** i16. */
  alphaSigmoidSteepness: number;
  maxAllowedValidators: number;
  /** Thousandths of a tempo. */
  activityCutoffFactor: number;
  yuma3: boolean;
  /** Counts only together with `yuma3`. */
  liquidAlpha: boolean;
};

/** The values of an epoch before they are rounded for storage: I32F32 shares per uid. */
export type EpochShares = {
  /** All stake that counts, and the part that may vote. */
  stake: bigint[];
  activeStake: bigint[];
  /** Weighted clipped weights, before they are shares. */
  rank: bigint[];
  consensus: bigint[];
  validatorTrust: bigint[];
  incentive: bigint[];
  dividends: bigint[];
  bonds: Matrix;
  active: boolean[];
  newPermits: boolean[];
  /** Stake before the threshold, I64F64. */
  totalStake: bigint[];
};

/** What an epoch writes, one entry per uid. Shares are u16, amounts rao. */
export type EpochResult = {
  incentive: Uint16Array;
  dividends: Uint16Array;
  consensus: Uint16Array;
  validatorTrust: Uint16Array;
  stakeWeight: Uint16Array;
  serverEmission: BigUint64Array;
  validatorEmission: BigUint64Array;
  emission: BigUint64Array;
  stake: BigUint64Array;
  /** 1 or 0. */
  active: Uint8Array;
  newPermits: Uint8Array;
  bonds: U16Rows;
};

/** The points in which the form that the chain executes differs from the dense one of its own tests. */
export type EpochForm = {
  /** The owner's uid ignores the threshold, always has a permit and may weigh itself. */
  ownerPrivileges: boolean;
  /** Validators with an open commit say nothing about uids registered after it. */
  openCommitMask: boolean;
  emaLiquidBonds: typeof emaLiquidBonds;
};

const CHAIN_FORM: EpochForm = { ownerPrivileges: true, openCommitMask: true, emaLiquidBonds };

/**
 * Weights and stake to incentive, dividends and bonds, exactly as the chain computes them.
 *
 * Source: opentensor/subtensor, pallets/subtensor/src/epoch/run_epoch.rs.
 */
export function runEpoch(input: EpochInput): EpochResult {
  return settleEpoch(input, computeEpoch(input));
}

export function computeEpoch(input: EpochInput, form: EpochForm = CHAIN_FORM): EpochShares {
  const { n } = input;
  const owner = form.ownerPrivileges ? input.ownerUid : undefined;

  const cutoff = activityCutoffBlocks(input.activityCutoffFactor, input.tempo);
  const active = times(n, (i) => (input.lastUpdate[i] ?? 0) + cutoff >= input.block);
  const totalStake = times(n, (i) => stakeOf(input, i));
  const stake = stakeShares(input, totalStake, owner);

  const permits = times(n, (i) => input.validatorPermits[i] === 1);
  if (owner !== undefined && owner < input.validatorPermits.length) permits[owner] = true;
  const newPermits = topNonZero(stake, input.maxAllowedValidators);
  if (owner !== undefined && owner < n) newPermits[owner] = true;
  // Quirk of the chain: a permit vector of length 0 masks nobody here, though it empties every weight row below.
  const masked = input.validatorPermits.length > 0;
  const activeStake = normalise(stake.map((share, i) => (active[i] && (permits[i] || !masked) ? share : 0n)));

  const weights = visibleWeights(input, form, permits, owner);
  const consensus = consensusOfStake(activeStake, weights, share(input.kappa), n);
  const clipped = columnClip(weights, consensus);
  const validatorTrust = rowSum(clipped);
  const rank = sumRowsWeighted(clipped, activeStake, n);
  const incentive = normalise(rank);
  const weightsForBonds = interpolate(weights, clipped, share(input.bondsPenalty), n);

  const vote = { activeStake, consensus, incentive, weightsForBonds };
  const { dividends, bonds } = input.yuma3 ? yuma3(input, form, vote) : yuma2(input, vote);

  return {
    stake,
    activeStake,
    rank,
    consensus,
    validatorTrust,
    incentive,
    dividends,
    bonds,
    active,
    newPermits,
    totalStake,
  };
}

type Vote = { activeStake: bigint[]; consensus: bigint[]; incentive: bigint[]; weightsForBonds: Matrix };
type Bonding = { dividends: bigint[]; bonds: Matrix };

/** Bonds are shares of a miner, bought with stake. */
function yuma2(input: EpochInput, { activeStake, incentive, weightsForBonds }: Vote): Bonding {
  const { n } = input;
  const old = columnNormalise(
    oldBonds(input, (value) => I32F32.fromInteger(value)),
    n,
  );
  const bought = columnNormalise(scaleRows(weightsForBonds, activeStake), n);
  const alpha = bondsAlpha(input.bondsMovingAverage);
  const bonds = columnNormalise(emaBonds(bought, old, alpha, n), n);
  return {
    dividends: normalise(sumColumnsWeighted(bonds, incentive)),
    bonds: columnMaxUpscale(bonds, n),
  };
}

/** Bonds follow the weights of each validator alone; stake comes in with the dividends. */
function yuma3(input: EpochInput, form: EpochForm, vote: Vote): Bonding {
  const { n } = input;
  const { activeStake, consensus, incentive, weightsForBonds } = vote;
  const old = oldBonds(input, fromU16Share);
  const liquid = {
    low: share(input.alphaLow),
    high: share(input.alphaHigh),
    steepness: I32F32.fromInteger(BigInt(input.alphaSigmoidSteepness)),
  };
  const bonds =
    input.liquidAlpha && consensus.some((value) => value !== 0n)
      ? form.emaLiquidBonds(weightsForBonds, old, consensus, liquid, n)
      : emaBonds(weightsForBonds, old, bondsAlpha(input.bondsMovingAverage), n);
  const earned = rowSum(scaleColumns(columnNormalise(bonds, n), incentive));
  return {
    dividends: normalise(earned.map((value, i) => I32F32.checkedMul(value, activeStake[i]!) ?? 0n)),
    bonds,
  };
}

/** Round the shares for storage and turn them into rao. */
export function settleEpoch(input: EpochInput, shares: EpochShares): EpochResult {
  const { incentive, dividends, stake, activeStake, newPermits } = shares;
  const earned = incentive.map((value, i) => I32F32.add(value, dividends[i]!));
  const total = I32F32.sum(earned);
  const part = (values: readonly bigint[]) =>
    total === 0n ? values : values.map((value) => I32F32.safeDiv(value, total));
  // Without any incentive or dividend the stake is paid, so that the emission is not lost.
  const fallback = activeStake.every((value) => value === 0n) ? stake : activeStake;

  return {
    incentive: toU16Column(incentive),
    dividends: toU16Column(dividends),
    consensus: toU16Column(shares.consensus),
    validatorTrust: toU16Column(shares.validatorTrust),
    stakeWeight: toU16Column(stake),
    serverEmission: toRao(part(incentive), input.emission),
    validatorEmission: toRao(total === 0n ? fallback : part(dividends), input.emission),
    emission: toRao(total === 0n ? fallback : part(earned), input.emission),
    stake: BigUint64Array.from(shares.totalStake, (value) => I64F64.toUnsigned(value, 64)),
    active: Uint8Array.from(shares.active, Number),
    newPermits: Uint8Array.from(newPermits, Number),
    bonds: packRows(
      shares.bonds.map((row, i) =>
        newPermits[i] ? row.columns.map((column, at) => [column, toU16Share(row.values[at]!)] as const) : [],
      ),
    ),
  };
}

function stakeOf(input: EpochInput, uid: number): bigint {
  const weight = I64F64.from(U96F32, fromU64Share(input.taoWeight));
  const root = I64F64.mul(I64F64.fromInteger(input.taoStake[uid] ?? 0n), weight);
  return I64F64.add(I64F64.fromInteger(input.alphaStake[uid] ?? 0n), root);
}

function stakeShares(input: EpochInput, totalStake: readonly bigint[], owner: number | undefined): bigint[] {
  const counted = totalStake.map((total, i) =>
    I64F64.toUnsigned(total, 64) < input.stakeThreshold && i !== owner ? 0n : total,
  );
  const sum = I64F64.sum(counted);
  return counted.map((total) => I32F32.from(I64F64, sum === 0n ? total : I64F64.safeDiv(total, sum)));
}

/** Flags of the `k` largest values; zeros never qualify, and of equal values the later ones stay. */
export function topNonZero(vector: readonly bigint[], k: number): boolean[] {
  const keep = vector.map((value) => value !== 0n);
  if (vector.length < k) return keep;
  const ascending = Array.from(vector.keys()).sort(
    (a, b) => Number(vector[a]! > vector[b]!) - Number(vector[a]! < vector[b]!),
  );
  for (const i of ascending.slice(0, vector.length - k)) keep[i] = false;
  return keep;
}

/** Stored weights that count, each row normalised to one. */
function visibleWeights(
  input: EpochInput,
  form: EpochForm,
  permits: readonly boolean[],
  owner: number | undefined,
): Matrix {
  const { n, lastUpdate, earliestOpenCommit } = input;
  const stored = matrixOf(input.weights, n, (value) => I32F32.fromInteger(value));
  const masked = input.commitRevealEnabled && form.openCommitMask;

  const visible = filterMap(stored, (value, column, row) => {
    if (column >= n || !permits[row]) return undefined;
    if (column === row && row !== owner) return undefined;
    const registered = input.blockAtRegistration[column] ?? 0;
    if ((lastUpdate[row] ?? 0) <= registered) return undefined;
    if (masked && (earliestOpenCommit[row] ?? Number.POSITIVE_INFINITY) < registered) return undefined;
    return value;
  });
  return rowNormalise(visible);
}

/** Stored bonds without those towards uids that were taken over since the last epoch. */
function oldBonds(input: EpochInput, decode: (value: bigint) => bigint): Matrix {
  const { block, tempo, lastMechanismStepBlock } = input;
  const lastTempo = lastMechanismStepBlock === 0 ? Math.max(0, block - tempo) : lastMechanismStepBlock + 1;
  return filterMap(matrixOf(input.bonds, input.n, decode), (value, column) =>
    lastTempo <= (input.blockAtRegistration[column] ?? 0) ? undefined : value,
  );
}

function matrixOf(rows: U16Rows, n: number, decode: (value: bigint) => bigint): Matrix {
  return times(n, (i) => {
    const pairs = unpackRow(rows, i);
    return {
      columns: pairs.map(([column]) => column),
      values: pairs.map(([, value]) => decode(BigInt(value))),
    };
  });
}

/** Shares of `amount` rao, each floored. */
function toRao(shares: readonly bigint[], amount: bigint): BigUint64Array {
  const total = I96F32.fromInteger(amount);
  return BigUint64Array.from(shares, (value) =>
    I96F32.toUnsigned(I96F32.mul(I96F32.from(I32F32, value), total), 64),
  );
}

function toU16Column(shares: readonly bigint[]): Uint16Array {
  return Uint16Array.from(shares, toU16Share);
}

function share(value: number): bigint {
  return fromU16Share(BigInt(value));
}

function times<T>(n: number, make: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => make(i));
}
