import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Store } from "../../../state/store.ts";
import { I96F32, minBigint, U128_MAX } from "../../consensus/fixed.ts";
import { claimRate } from "../../consensus/root-claims.ts";
import type { Account } from "../../dsl/context.ts";
import { Neurons } from "./neuron-storage.ts";
import { hotkeyStake, increaseStake } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { ROOT } from "./subtensor-id.ts";

/** Alpha that the root stakers of a hotkey earned: claimable in proportion, or the owner's when it is too much for that. */
export function accrueRootDividend(s: Store, hotkey: Account, netuid: Netuid, amount: Rao): void {
  const rate = claimRate(amount, hotkeyStake(s, hotkey, ROOT));
  if (rate === undefined) {
    increaseStake(s, hotkey, Neurons.Owner.get(s, hotkey), netuid, amount);
    return;
  }
  Stakes.RootClaimable.mutate(s, hotkey, (rates) =>
    new Map(rates).set(netuid, I96F32.add(rates.get(netuid) ?? 0n, rate)),
  );
}

/** Root stake that comes or goes has no claim on what accrued before, and takes none away. */
export function shiftRootClaims(s: Store, hotkey: Account, coldkey: Account, stakeChange: bigint): void {
  for (const [netuid, rate] of Stakes.RootClaimable.get(s, hotkey)) {
    const size = stakeChange < 0n ? -stakeChange : stakeChange;
    const shift = I96F32.mul(rate, I96F32.fromInteger(size)) >> I96F32.fractionBits;
    Stakes.RootClaimed.mutate(s, netuid, hotkey, coldkey, (claimed) => {
      const next = stakeChange < 0n ? claimed - shift : claimed + shift;
      return next < 0n ? 0n : next > U128_MAX ? U128_MAX : next;
    });
  }
}

/** Another hotkey takes over what the root stakers of this one may claim, and what they have claimed. */
export function moveRootClaims(s: Store, from: Account, to: Account): void {
  const rates = new Map(Stakes.RootClaimable.get(s, to));
  for (const [netuid, rate] of Stakes.RootClaimable.get(s, from)) {
    rates.set(netuid, I96F32.add(rates.get(netuid) ?? 0n, rate));
  }
  Stakes.RootClaimable.remove(s, from);
  Stakes.RootClaimable.put(s, to, rates);
  for (const netuid of rates.keys()) {
    for (const [[, , coldkey], claimed] of [...Stakes.RootClaimed.entries(s, netuid, from)]) {
      Stakes.RootClaimed.remove(s, netuid, from, coldkey);
      Stakes.RootClaimed.mutate(s, netuid, to, coldkey, (now) => minBigint(now + claimed, U128_MAX));
    }
  }
}
