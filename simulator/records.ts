import type { Scenario } from "./scenario.ts";

/** Who a column of the records belongs to. A uid is recycled: two neurons may share it, one after the other. */
export type NeuronFacts = {
  uid: number;
  /** Unique in a run: name of the group and the member's number, from 1. */
  name: string;
  group: string;
  role: "miner" | "validator";
  behaviour: string;
  /** Skill of the model that an honest miner serves when it joins, 0..1. Undefined for agents and validators. */
  quality: number | undefined;
  /** Share of all stake, 0..1. Miners have none. */
  stake: number;
  /** First epoch in which it is registered. */
  joinEpoch: number;
  /** First epoch in which it is not there any more: it left, or was pruned for a newcomer. Undefined: it stayed. */
  leaveEpoch: number | undefined;
};

/**
 * What is recorded of each neuron in each epoch. Where a neuron is not registered, or its role has no such number, it
 * is 0.
 *
 * - raw, score: what `scoreEpoch` paid a miner and the share `toWeights` made of it (abstract: the moving average of
 *   raw), mean over the views.
 * - weight: mean over the validators, by stake, of the shares they put on chain.
 * - consensus, incentive, dividend, validatorTrust: what the chain's epoch found, 0..1.
 * - emission: share of all that the subnet emits in the epoch, owner's cut included in the whole.
 * - cost: in the same unit. What honest work costs in an epoch is 1 in a scenario, and here the mean emission of an
 *   honest miner in the run: with free entry, honest work as a whole breaks even.
 * - profit: emission - cost.
 */
export const COLUMNS = [
  "raw",
  "score",
  "weight",
  "consensus",
  "incentive",
  "dividend",
  "validatorTrust",
  "emission",
  "cost",
  "profit",
] as const;
export type Column = (typeof COLUMNS)[number];

export type RunRecord = {
  seed: string;
  epochs: number;
  neurons: readonly NeuronFacts[];
  /** Each is [epochs x neurons], row-major. */
  columns: Record<Column, Float64Array>;
  /**
   * After the last epoch, [validators x miners], row-major, in the order of `neurons`: shares of a validator's weight,
   * and bonds as the chain keeps them (Yuma 2: shares of a column; Yuma 3: 0..1 each).
   */
  weights: Float64Array;
  bonds: Float64Array;
};

/** All runs of a scenario. Same scenario, same template: same bytes. */
export type Simulated = {
  scenario: Scenario;
  template?: { id: string; version: string };
  runs: RunRecord[];
};

/** A record of zeros. */
export function createRecord(seed: string, epochs: number, neurons: readonly NeuronFacts[]): RunRecord {
  const validators = neurons.filter(({ role }) => role === "validator").length;
  const pairs = validators * (neurons.length - validators);
  const columns = {} as Record<Column, Float64Array>;
  for (const column of COLUMNS) columns[column] = new Float64Array(epochs * neurons.length);
  return {
    seed,
    epochs,
    neurons,
    columns,
    weights: new Float64Array(pairs),
    bonds: new Float64Array(pairs),
  };
}
