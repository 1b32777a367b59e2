import { bondsAlpha, emaBonds, emaLiquidBonds } from "./bonds.ts";
import type { EpochInput } from "./epoch-columns.ts";
import { I32F32 } from "./fixed.ts";
import { consensusOfStake } from "./median.ts";
import type { EpochShares } from "./settle-epoch.ts";
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
import { countVoters, isStaleBond, isVisibleWeight } from "./voters.ts";

/** The points in which the form that the chain executes differs from the dense one of its own tests. */
export type EpochForm = {
  /** The owner's uid ignores the threshold, always has a permit and may weigh itself. */
  ownerPrivileges: boolean;
  /** Validators with an open commit say nothing about uids registered after it. */
  openCommitMask: boolean;
  emaLiquidBonds: typeof emaLiquidBonds;
};

const CHAIN_FORM: EpochForm = { ownerPrivileges: true, openCommitMask: true, emaLiquidBonds };

/** An epoch for every input that is legal on chain, in bigint. The oracle of `computeFastEpoch`. */
export function computeExactEpoch(input: EpochInput, form: EpochForm = CHAIN_FORM): EpochShares {
  const { n } = input;
  const voters = countVoters(input, form.ownerPrivileges ? input.ownerUid : undefined);
  const { activeStake, newPermits } = voters;

  const stored = matrixOf(input.weights, n, (value) => I32F32.fromInteger(value));
  const weights = rowNormalise(
    filterMap(stored, (value, column, row) =>
      isVisibleWeight(input, voters, form.openCommitMask, row, column) ? value : undefined,
    ),
  );
  const consensus = consensusOfStake(activeStake, weights, share(input.kappa), n);
  const clipped = columnClip(weights, consensus);
  const rank = sumRowsWeighted(clipped, activeStake, n);
  const incentive = normalise(rank);
  const weightsForBonds = interpolate(weights, clipped, share(input.bondsPenalty), n);

  const vote = { activeStake, consensus, incentive, weightsForBonds };
  const { dividends, bonds } = input.yuma3 ? yuma3(input, form, vote) : yuma2(input, vote);
  return {
    ...voters,
    rank,
    consensus,
    validatorTrust: rowSum(clipped),
    incentive,
    dividends,
    bonds: packRows(
      bonds.map((row, i) =>
        newPermits[i] ? row.columns.map((column, at) => [column, toU16Share(row.values[at]!)] as const) : [],
      ),
    ),
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

function oldBonds(input: EpochInput, decode: (value: bigint) => bigint): Matrix {
  return filterMap(matrixOf(input.bonds, input.n, decode), (value, column) =>
    isStaleBond(input, column) ? undefined : value,
  );
}

function matrixOf(rows: U16Rows, n: number, decode: (value: bigint) => bigint): Matrix {
  return Array.from({ length: n }, (_, i) => {
    const pairs = unpackRow(rows, i);
    return {
      columns: pairs.map(([column]) => column),
      values: pairs.map(([, value]) => decode(BigInt(value))),
    };
  });
}

function share(value: number): bigint {
  return fromU16Share(BigInt(value));
}
