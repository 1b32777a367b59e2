import { createFixedEpoch } from "./fixed-epoch.ts";
import { createFloatEpoch } from "./float-epoch.ts";
import type { Scenario } from "./scenario.ts";

/**
 * What the chain sees when an epoch ends. Validators have the uids 0..V-1, miners' slots the V after them. Rows are
 * [validators x slots], row-major.
 */
export type EpochVotes = {
  /** Block at which it runs. */
  block: number;
  /** Revealed weights, any unit >= 0. A row of zeros: the validator has none. */
  rows: Float64Array;
  /** Block of each validator's newest commit, 0: none. */
  lastUpdate: Float64Array;
  /** Block at which the neuron of a slot registered; an empty slot keeps what it had. */
  registeredAt: Float64Array;
  /** Slots whose neuron is a new one since the last epoch. */
  recycled: readonly number[];
};

/** What one epoch found, valid until the next: shares 0..1, and shares of what miners and validators get together. */
export type EpochOutcome = {
  /** Per slot. */
  consensus: ArrayLike<number>;
  incentive: ArrayLike<number>;
  minerEmission: ArrayLike<number>;
  /** Per validator. */
  dividends: ArrayLike<number>;
  validatorTrust: ArrayLike<number>;
  validatorEmission: ArrayLike<number>;
};

/** Epoch after epoch of one subnet. Bonds are carried. */
export type ChainEpoch = {
  run(votes: EpochVotes): EpochOutcome;
  /** [validators x slots], row-major, 0..1. */
  bonds(): Float64Array;
};

/** @param stakes - Share of all stake of each validator. @param slots - Uids that miners may have. */
export function createChainEpoch(
  { engine, chain }: Pick<Scenario, "engine" | "chain">,
  stakes: readonly number[],
  slots: number,
): ChainEpoch {
  return engine === "fixed" ? createFixedEpoch(chain, stakes, slots) : createFloatEpoch(chain, stakes, slots);
}
