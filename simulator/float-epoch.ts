import type { ChainEpoch, EpochVotes } from "./chain-epoch.ts";
import { FloatYuma } from "./float-yuma.ts";
import type { ChainParams } from "./scenario.ts";

/** The chain's epoch in doubles. */
export function createFloatEpoch(chain: ChainParams, stakes: readonly number[], slots: number): ChainEpoch {
  const validators = stakes.length;
  const yuma = new FloatYuma(validators, slots, chain);
  const minerEmission = new Float64Array(slots);
  const validatorEmission = new Float64Array(validators);

  return {
    run(votes) {
      forget(yuma.bonds, validators, votes.recycled);
      countStake(yuma.stake, stakes, votes, chain.activityCutoff);
      toShares(yuma.weights, votes.rows, validators, slots);
      yuma.run();
      const { consensus, incentive, dividends, validatorTrust, stake } = yuma;
      const total = sum(incentive) + sum(dividends);
      // Without any incentive or dividend the stake is paid, so that the emission is not lost.
      for (let slot = 0; slot < slots; slot++) minerEmission[slot] = total > 0 ? incentive[slot]! / total : 0;
      for (let v = 0; v < validators; v++) {
        validatorEmission[v] = total > 0 ? dividends[v]! / total : stake[v]!;
      }
      return { consensus, incentive, minerEmission, dividends, validatorTrust, validatorEmission };
    },
    bonds() {
      const rows = new Float64Array(validators * slots);
      yuma.bonds.forEach((bond, at) => {
        rows[(at % validators) * slots + Math.floor(at / validators)] = bond;
      });
      return rows;
    },
  };
}

/** Bonds belong to the neuron that was there. */
function forget(bonds: Float64Array, validators: number, recycled: readonly number[]): void {
  for (const slot of recycled) bonds.fill(0, slot * validators, (slot + 1) * validators);
}

/** Whoever has not set weights for too long has no say. */
function countStake(
  active: Float64Array,
  stakes: readonly number[],
  { lastUpdate, block }: EpochVotes,
  cutoff: number,
): void {
  let total = 0;
  for (let v = 0; v < stakes.length; v++) {
    active[v] = lastUpdate[v]! + cutoff < block ? 0 : stakes[v]!;
    total += active[v]!;
  }
  for (let v = 0; total > 0 && v < stakes.length; v++) active[v] = active[v]! / total;
}

/** Rows as shares of their sums, transposed. */
function toShares(weights: Float64Array, rows: Float64Array, validators: number, slots: number): void {
  for (let v = 0; v < validators; v++) {
    const start = v * slots;
    let total = 0;
    for (let slot = 0; slot < slots; slot++) total += rows[start + slot]!;
    const scale = total > 0 ? 1 / total : 0;
    for (let slot = 0; slot < slots; slot++) weights[slot * validators + v] = rows[start + slot]! * scale;
  }
}

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
