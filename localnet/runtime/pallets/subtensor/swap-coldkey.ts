import type { Hex, Netuid, Rao } from "../../../../shared/types.ts";
import { blake2b256 } from "../../../state/hashing.ts";
import type { Store } from "../../../state/store.ts";
import { bytesToHex, hexToBytes } from "../../../types/hex.ts";
import { minBigint, U128_MAX } from "../../consensus/fixed.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { reducibleBalance } from "../accounts.ts";
import { hotkeyExists, withMember } from "./hotkeys.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { addRootStaker, removeRootStaker } from "./root-stakers.ts";
import { decreaseStake, increaseStake, stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { moveTao, recycleTao } from "./subnet-money.ts";
import { subnetIds } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";

/** Rao for the first announcement. */
const COST = 100_000_000n;

/** `announce_coldkey_swap`: say by its hash which coldkey will take over. From then on the old one can do little else. */
export function announceSwap(c: Context, who: Account, new_coldkey_hash: Hex): void {
  const { store: s } = c;
  const before = Neurons.ColdkeySwapAnnouncements.get(s, who);
  if (before === undefined) chargeSwap(c, who, COST);
  else {
    const earliest = before[0] + Neurons.ColdkeySwapReannouncementDelay.get(s);
    ensure(c.block >= earliest, errors.is.ColdkeySwapReannouncedTooEarly);
  }
  const when = c.block + Neurons.ColdkeySwapAnnouncementDelay.get(s);
  Neurons.ColdkeySwapAnnouncements.put(s, who, [when, new_coldkey_hash]);
  c.deposit(events.make.ColdkeySwapAnnounced({ who, new_coldkey_hash }));
}

/** `swap_coldkey_announced`: carry it out once its time has come. */
export function swapAnnounced(c: Context, who: Account, to: Account): void {
  const { store: s } = c;
  const announced =
    Neurons.ColdkeySwapAnnouncements.get(s, who) ?? fail(errors.is.ColdkeySwapAnnouncementNotFound);
  const [when, hash] = announced;
  Neurons.ColdkeySwapAnnouncements.remove(s, who);
  ensure(hash === bytesToHex(blake2b256(hexToBytes(to))), errors.is.AnnouncedColdkeyHashDoesNotMatch);
  ensure(c.block >= when, errors.is.ColdkeySwapTooEarly);
  swapColdkey(c, who, to);
}

/** `dispute_coldkey_swap`: stop everything; only root can go on from here. */
export function disputeSwap(c: Context, coldkey: Account): void {
  const { store: s } = c;
  ensure(Neurons.ColdkeySwapAnnouncements.exists(s, coldkey), errors.is.ColdkeySwapAnnouncementNotFound);
  ensure(!Neurons.ColdkeySwapDisputes.exists(s, coldkey), errors.is.ColdkeySwapAlreadyDisputed);
  Neurons.ColdkeySwapDisputes.put(s, coldkey, c.block);
  c.deposit(events.make.ColdkeySwapDisputed({ coldkey }));
}

/** `clear_coldkey_swap_announcement`: take it back, a while after it could have been carried out. */
export function clearAnnouncement(c: Context, who: Account): void {
  const { store: s } = c;
  const announced =
    Neurons.ColdkeySwapAnnouncements.get(s, who) ?? fail(errors.is.ColdkeySwapAnnouncementNotFound);
  const earliest = announced[0] + Neurons.ColdkeySwapReannouncementDelay.get(s);
  ensure(c.block >= earliest, errors.is.ColdkeySwapClearTooEarly);
  Neurons.ColdkeySwapAnnouncements.remove(s, who);
  c.deposit(events.make.ColdkeySwapCleared({ who }));
}

/** Forget announcement and dispute of a coldkey. */
export function forgetSwap(s: Store, coldkey: Account): void {
  Neurons.ColdkeySwapAnnouncements.remove(s, coldkey);
  Neurons.ColdkeySwapDisputes.remove(s, coldkey);
}

/** @throws DispatchFailure NotEnoughBalanceToPaySwapColdKey */
export function chargeSwap(c: Context, coldkey: Account, cost: Rao): void {
  ensure(cost <= reducibleBalance(c.store, coldkey, true), errors.is.NotEnoughBalanceToPaySwapColdKey);
  recycleTao(c, coldkey, cost);
}

/** All that belongs to a coldkey goes to one that owns nothing yet: subnets, hotkeys, stake, name and TAO. */
export function swapColdkey(c: Context, from: Account, to: Account): void {
  const { store: s } = c;
  ensure(Neurons.StakingHotkeys.get(s, to).length === 0, errors.is.ColdKeyAlreadyAssociated);
  ensure(!hotkeyExists(s, to), errors.is.NewColdKeyIsHotkey);
  const identity = Neurons.IdentitiesV2.get(s, from);
  if (identity !== undefined && !Neurons.IdentitiesV2.exists(s, to)) {
    Neurons.IdentitiesV2.remove(s, from);
    Neurons.IdentitiesV2.put(s, to, identity);
  }
  const staking = Neurons.StakingHotkeys.get(s, from);
  for (const netuid of subnetIds(s)) moveOnSubnet(s, from, to, netuid, staking);
  const joined = staking.reduce(withMember, Neurons.StakingHotkeys.get(s, to));
  Neurons.StakingHotkeys.remove(s, from);
  Neurons.StakingHotkeys.put(s, to, joined);

  const owned = Neurons.OwnedHotkeys.get(s, from);
  for (const hotkey of owned) Neurons.Owner.put(s, hotkey, to);
  Neurons.OwnedHotkeys.put(s, to, owned.reduce(withMember, Neurons.OwnedHotkeys.get(s, to)));
  Neurons.OwnedHotkeys.remove(s, from);

  const free = reducibleBalance(s, from, false);
  if (free > 0n) moveTao(c, from, to, free);
  Networks.LastRateLimitedBlock.put(s, { type: "LastTxBlock", value: to }, BigInt(c.block));
  c.deposit(events.make.ColdkeySwapped({ old_coldkey: from, new_coldkey: to }));
}

function moveOnSubnet(
  s: Store,
  from: Account,
  to: Account,
  netuid: Netuid,
  hotkeys: readonly Account[],
): void {
  if (Networks.SubnetOwner.get(s, netuid) === from) Networks.SubnetOwner.put(s, netuid, to);
  const destination = Neurons.AutoStakeDestination.get(s, from, netuid);
  if (destination !== undefined) {
    Neurons.AutoStakeDestination.remove(s, from, netuid);
    Neurons.AutoStakeDestination.put(s, to, netuid, destination);
    Neurons.AutoStakeDestinationColdkeys.mutate(s, destination, netuid, (coldkeys) => [
      ...coldkeys.filter((coldkey) => coldkey !== from && coldkey !== to),
      to,
    ]);
  }
  for (const hotkey of hotkeys) {
    const alpha = stakeOf(s, hotkey, from, netuid);
    decreaseStake(s, hotkey, from, netuid, alpha);
    increaseStake(s, hotkey, to, netuid, alpha);
    if (stakeOf(s, hotkey, to, netuid) === 0n) continue;
    moveClaimed(s, hotkey, from, to, netuid);
    if (netuid === ROOT) addRootStaker(s, to);
  }
  if (netuid === ROOT) removeRootStaker(s, from);
}

function moveClaimed(s: Store, hotkey: Account, from: Account, to: Account, netuid: Netuid): void {
  const claimed = Stakes.RootClaimed.get(s, netuid, hotkey, from);
  Stakes.RootClaimed.remove(s, netuid, hotkey, from);
  Stakes.RootClaimed.mutate(s, netuid, hotkey, to, (now) => minBigint(now + claimed, U128_MAX));
}
