import type { Reader, Store } from "../../../state/store.ts";
import type { Account } from "../../dsl/context.ts";
import { Neurons } from "./neuron-storage.ts";
import { stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { ROOT } from "./subtensor-id.ts";

/*
 * A numbered list of the coldkeys with stake on root, from which each block's automatic claims are drawn.
 */

export function addRootStaker(s: Store, coldkey: Account): void {
  if (Stakes.StakingColdkeys.exists(s, coldkey)) return;
  const count = Stakes.NumStakingColdkeys.get(s);
  Stakes.StakingColdkeysByIndex.put(s, count, coldkey);
  Stakes.StakingColdkeys.put(s, coldkey, count);
  Stakes.NumStakingColdkeys.put(s, count + 1n);
}

/** The last of the list takes the free number. */
export function removeRootStaker(s: Store, coldkey: Account): void {
  const index = Stakes.StakingColdkeys.get(s, coldkey);
  if (index === undefined) return;
  const lastIndex = Stakes.NumStakingColdkeys.get(s) - 1n;
  const last = Stakes.StakingColdkeysByIndex.get(s, lastIndex);
  Stakes.StakingColdkeys.remove(s, coldkey);
  Stakes.StakingColdkeysByIndex.remove(s, lastIndex);
  if (index !== lastIndex && last !== undefined) {
    Stakes.StakingColdkeysByIndex.put(s, index, last);
    Stakes.StakingColdkeys.put(s, last, index);
  }
  Stakes.NumStakingColdkeys.put(s, lastIndex);
}

export function hasRootStake(s: Reader, coldkey: Account): boolean {
  return Neurons.StakingHotkeys.get(s, coldkey).some((hotkey) => stakeOf(s, hotkey, coldkey, ROOT) > 0n);
}
