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
      // Shares: the sum of each is 1, or 0 where nobody has any.
      const total = Number(isAnybodys(incentive)) + Number(isAnybodys(dividends));
      const part = total > 0 ? 1 / total : 0;
      for (let slot = 0; slot < slots; slot++) minerEmission[slot] = incentive[slot]! * part;
      // Without any incentive or dividend the stake is paid, so that the emission is not lost.
      for (let v = 0; v < validators; v++)
        validatorEmission[v] = total > 0 ? dividends[v]! * part : stake[v]!;
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

function isAnybodys(shares: Float64Array): boolean {
  for (let i = 0; i < shares.length; i++) if (shares[i]! > 0) return true;
  return false;
}
