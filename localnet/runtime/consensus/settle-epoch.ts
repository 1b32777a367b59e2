import type { EpochInput, EpochResult } from "./epoch-columns.ts";
import { I32F32, I64F64, I96F32 } from "./fixed.ts";
import { toU16Share } from "./u16.ts";
import type { U16Rows } from "./u16-rows.ts";
import type { Voters } from "./voters.ts";

/** What an epoch finds before it is rounded for storage: I32F32 shares per uid, and bonds as they are stored. */
export type EpochShares = Voters & {
  /** Weighted clipped weights, before they are shares. */
  rank: bigint[];
  consensus: bigint[];
  validatorTrust: bigint[];
  incentive: bigint[];
  dividends: bigint[];
  bonds: U16Rows;
};

/** Round the shares for storage and turn them into rao. */
export function settleEpoch(input: EpochInput, shares: EpochShares): EpochResult {
  const { incentive, dividends, stake, activeStake } = shares;
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
    newPermits: Uint8Array.from(shares.newPermits, Number),
    bonds: shares.bonds,
  };
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
