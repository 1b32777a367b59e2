import type { Reader, Store } from "../../../state/store.ts";
import type { Account } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { Neurons } from "./neuron-storage.ts";
import { isSubnetAccount } from "./subnets.ts";
import { errors } from "./subtensor-id.ts";

export function hotkeyExists(s: Reader, hotkey: Account): boolean {
  return Neurons.Owner.exists(s, hotkey);
}

/** @throws DispatchFailure NonAssociatedColdKey when somebody else owns the hotkey */
export function ensureOwnerOf(s: Reader, hotkey: Account, coldkey: Account): void {
  ensure(Neurons.Owner.get(s, hotkey) === coldkey, errors.is.NonAssociatedColdKey);
}

/**
 * Give a hotkey its owner, unless it has one.
 *
 * @throws DispatchFailure CannotUseSystemAccount
 */
export function associateHotkey(s: Store, hotkey: Account, coldkey: Account): void {
  ensureNoSystemAccount(hotkey);
  if (hotkeyExists(s, hotkey)) return;
  Neurons.Owner.put(s, hotkey, coldkey);
  Neurons.OwnedHotkeys.put(s, coldkey, withMember(Neurons.OwnedHotkeys.get(s, coldkey), hotkey));
  Neurons.StakingHotkeys.put(s, coldkey, withMember(Neurons.StakingHotkeys.get(s, coldkey), hotkey));
}

/** @throws DispatchFailure CannotUseSystemAccount for the account of a subnet, also of one that does not exist */
export function ensureNoSystemAccount(hotkey: Account): void {
  ensure(!isSubnetAccount(hotkey), errors.is.CannotUseSystemAccount);
}

export function withMember(list: readonly Account[], member: Account): Account[] {
  return list.includes(member) ? [...list] : [...list, member];
}
