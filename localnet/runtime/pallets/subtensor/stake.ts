import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import { U64F64 } from "../../consensus/fixed.ts";
import {
  changeShare,
  changeValue,
  type SharePool,
  takesDeposit,
  valueOfShare,
} from "../../consensus/share-pool.ts";
import type { Account } from "../../dsl/context.ts";
import { withMember } from "./hotkeys.ts";
import { Neurons } from "./neuron-storage.ts";
import { Stakes } from "./stake-storage.ts";
import { spotPrice, subnetIds } from "./subnets.ts";

/** Alpha of a coldkey behind a hotkey, rao. On root it is TAO. */
export function stakeOf(s: Reader, hotkey: Account, coldkey: Account, netuid: Netuid): Rao {
  return valueOfShare(poolOf(s, hotkey, netuid), Stakes.AlphaV2.get(s, hotkey, coldkey, netuid));
}

/** Alpha of all coldkeys behind a hotkey, rao. */
export function hotkeyStake(s: Reader, hotkey: Account, netuid: Netuid): Rao {
  return Stakes.TotalHotkeyAlpha.get(s, hotkey, netuid);
}

/** What all stake behind a hotkey is worth at spot prices, rao of TAO. */
export function totalStakeOf(s: Reader, hotkey: Account): Rao {
  const worth = subnetIds(s).map((netuid) =>
    U64F64.mul(U64F64.fromInteger(hotkeyStake(s, hotkey, netuid)), spotPrice(s, netuid)),
  );
  return U64F64.toUnsigned(U64F64.sum(worth), 64);
}

/** Is the pool of a hotkey precise enough for so small a deposit? */
export function takesStake(s: Reader, hotkey: Account, netuid: Netuid, amount: Rao): boolean {
  return takesDeposit(poolOf(s, hotkey, netuid), amount);
}

/** Coldkeys with a share in the stake of a hotkey on a subnet. */
export function stakersOf(s: Reader, hotkey: Account, netuid: Netuid): Account[] {
  return [...Stakes.AlphaV2.entries(s, hotkey)].flatMap(([[, coldkey, at]]) =>
    at === netuid ? [coldkey] : [],
  );
}

export function increaseStake(
  s: Store,
  hotkey: Account,
  coldkey: Account,
  netuid: Netuid,
  amount: Rao,
): void {
  if (amount === 0n) return;
  move(s, hotkey, coldkey, netuid, amount);
  Neurons.StakingHotkeys.put(s, coldkey, withMember(Neurons.StakingHotkeys.get(s, coldkey), hotkey));
}

/** More than the coldkey has is ignored, as on chain: the caller checks. */
export function decreaseStake(
  s: Store,
  hotkey: Account,
  coldkey: Account,
  netuid: Netuid,
  amount: Rao,
): void {
  if (amount === 0n || amount > stakeOf(s, hotkey, coldkey, netuid)) return;
  move(s, hotkey, coldkey, netuid, -amount);
}

/** All who stake with the hotkey gain in proportion. */
export function increaseHotkeyStake(s: Store, hotkey: Account, netuid: Netuid, amount: Rao): void {
  if (amount === 0n) return;
  putPool(s, hotkey, netuid, changeValue(poolOf(s, hotkey, netuid), amount));
}

function move(s: Store, hotkey: Account, coldkey: Account, netuid: Netuid, amount: bigint): void {
  const before = Stakes.AlphaV2.get(s, hotkey, coldkey, netuid);
  const { pool, share } = changeShare(poolOf(s, hotkey, netuid), before, amount);
  putPool(s, hotkey, netuid, pool);
  if (share.mantissa === 0n) Stakes.AlphaV2.remove(s, hotkey, coldkey, netuid);
  else Stakes.AlphaV2.put(s, hotkey, coldkey, netuid, share);
}

function poolOf(s: Reader, hotkey: Account, netuid: Netuid): SharePool {
  return {
    value: Stakes.TotalHotkeyAlpha.get(s, hotkey, netuid),
    denominator: Stakes.TotalHotkeySharesV2.get(s, hotkey, netuid),
  };
}

function putPool(s: Store, hotkey: Account, netuid: Netuid, { value, denominator }: SharePool): void {
  Stakes.TotalHotkeyAlpha.put(s, hotkey, netuid, value);
  if (denominator.mantissa === 0n) Stakes.TotalHotkeySharesV2.remove(s, hotkey, netuid);
  else Stakes.TotalHotkeySharesV2.put(s, hotkey, netuid, denominator);
}
