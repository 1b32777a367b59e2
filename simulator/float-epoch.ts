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
      for (const slot of votes.recycled) yuma.forget(slot);
      countStake(yuma.stake, stakes, votes, chain.activityCutoff);
      yuma.run(votes.rows);
      const { consensus, incentive, dividends, validatorTrust, stake } = yuma;
      const total = sum(incentive) + sum(dividends);
      // Without any incentive or dividend the stake is paid, so that the emission is not lost.
      for (let slot = 0; slot < slots; slot++) minerEmission[slot] = total > 0 ? incentive[slot]! / total : 0;
      for (let v = 0; v < validators; v++) {
        validatorEmission[v] = total > 0 ? dividends[v]! / total : stake[v]!;
      }
      return { consensus, incentive, minerEmission, dividends, validatorTrust, validatorEmission };
    },
    bonds: () => yuma.bonds(),
  };
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

function sum(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
