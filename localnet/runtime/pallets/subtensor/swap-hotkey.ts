import type { Netuid } from "../../../../shared/types.ts";
import type { Store } from "../../../state/store.ts";
import { addU64 } from "../../consensus/fixed.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import type { StoredMap } from "../../dsl/storage.ts";
import { reducibleBalance } from "../accounts.ts";
import { Commits } from "./commit-storage.ts";
import { moveFamily, renameScheduledChild } from "./family.ts";
import { ensureNoSystemAccount, ensureOwnerOf, hotkeyExists, withMember } from "./hotkeys.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { moveRootClaims } from "./root-dividends.ts";
import { decreaseStake, hotkeyStake, increaseStake, stakeOf, stakersOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { recycleTao } from "./subnet-money.ts";
import { setOwnerHotkey } from "./subnet-owner.ts";
import { storageIndexes, subnetIds } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";

/** Rao for a swap everywhere, and on one subnet. */
const COST = 100_000_000n;
const COST_ON_SUBNET = 1_000_000n;
/** Blocks between two swaps of a coldkey on one subnet. */
const INTERVAL = 7_200n;

/** One hotkey for another. `netuid` undefined: on all subnets. `keepStake` leaves stake with the old hotkey. */
export type HotkeySwap = { from: Account; to: Account; netuid: Netuid | undefined; keepStake: boolean };

/** `swap_hotkey`: all that belongs to a hotkey goes to another. Checks in the chain's order. */
export function swapHotkey(c: Context, coldkey: Account, swap: HotkeySwap): void {
  const { store: s } = c;
  const { from, to, netuid } = swap;
  ensure(hotkeyExists(s, from), errors.is.NonAssociatedColdKey);
  ensureOwnerOf(s, from, coldkey);
  if (hotkeyExists(s, to)) ensureOwnerOf(s, to, coldkey);
  ensure(from !== to, errors.is.NewHotKeyIsSameWithOld);
  ensureRateLimit(c, coldkey);
  const targets = netuid === undefined ? subnetIds(s) : [netuid];
  ensure(
    targets.every((at) => !Neurons.IsNetworkMember.get(s, to, at)),
    errors.is.HotKeyAlreadyRegisteredInSubNet,
  );
  if (netuid === undefined || netuid === ROOT) ensureCleanForRoot(s, to);

  for (const kind of ["LastTxBlock", "LastTxBlockDelegateTake", "LastTxBlockChildKeyTake"] as const) {
    const last = Networks.LastRateLimitedBlock.get(s, { type: kind, value: from });
    Networks.LastRateLimitedBlock.put(s, { type: kind, value: to }, last);
  }
  if (netuid === undefined) swapEverywhere(c, coldkey, swap);
  else swapOnSubnet(c, coldkey, swap, netuid);
  Networks.LastRateLimitedBlock.put(s, { type: "LastTxBlock", value: coldkey }, BigInt(c.block));
}

function ensureRateLimit({ store: s, block }: Context, coldkey: Account): void {
  const limit = Hyperparameters.TxRateLimit.get(s);
  const last = Networks.LastRateLimitedBlock.get(s, { type: "LastTxBlock", value: coldkey });
  ensure(limit === 0n || last === 0n || BigInt(block) - last > limit, errors.is.HotKeySetTxRateLimitExceeded);
}

function ensureCleanForRoot(s: Store, to: Account): void {
  const isClean =
    Stakes.RootClaimable.get(s, to).size === 0 &&
    hotkeyStake(s, to, ROOT) === 0n &&
    [...Stakes.RootClaimed.entries(s, ROOT, to)].length === 0;
  ensure(isClean, errors.is.NewHotKeyNotCleanForRootSwap);
}

function swapEverywhere(c: Context, coldkey: Account, { from, to, keepStake }: HotkeySwap): void {
  const { store: s } = c;
  const affected = subnetIds(s).filter(
    (at) => Neurons.IsNetworkMember.get(s, from, at) || Neurons.ChildKeys.get(s, from, at).length > 0,
  );
  for (const at of affected) {
    const last = Neurons.LastHotkeySwapOnNetuid.get(s, at, coldkey);
    ensure(last === 0n || last + INTERVAL < BigInt(c.block), errors.is.HotKeySwapOnSubnetIntervalNotPassed);
  }
  ensure(reducibleBalance(s, coldkey, false) >= COST, errors.is.NotEnoughBalanceToPaySwapHotKey);
  recycleTao(c, coldkey, COST);

  const stakers = new Set([...Stakes.AlphaV2.entries(s, from)].map(([[, staker]]) => staker));
  Neurons.Owner.remove(s, from);
  ensureNoSystemAccount(to);
  Neurons.Owner.put(s, to, coldkey);
  Neurons.OwnedHotkeys.mutate(s, coldkey, (owned) => withMember(owned, to).filter((key) => key !== from));
  for (const at of subnetIds(s)) moveOnSubnet(c, from, to, at, keepStake);
  for (const kind of ["LastTxBlock", "LastTxBlockDelegateTake", "LastTxBlockChildKeyTake"] as const) {
    Networks.LastRateLimitedBlock.remove(s, { type: kind, value: from });
  }
  moveEntry(s, Neurons.Delegates, [from], [to]);
  if (!keepStake) for (const staker of stakers) replaceStaking(s, staker, from, to);

  for (const at of affected) Neurons.LastHotkeySwapOnNetuid.put(s, at, coldkey, BigInt(c.block));
  c.deposit(events.make.HotkeySwapped({ coldkey, old_hotkey: from, new_hotkey: to }));
}

function swapOnSubnet(
  c: Context,
  coldkey: Account,
  { from, to, keepStake }: HotkeySwap,
  netuid: Netuid,
): void {
  const { store: s } = c;
  // Also the first swap waits here: the block of the last one is 0 then.
  const last = Neurons.LastHotkeySwapOnNetuid.get(s, netuid, coldkey);
  ensure(last + INTERVAL < BigInt(c.block), errors.is.HotKeySwapOnSubnetIntervalNotPassed);
  ensureNoSystemAccount(to);
  ensure(reducibleBalance(s, coldkey, false) >= COST_ON_SUBNET, errors.is.NotEnoughBalanceToPaySwapHotKey);
  recycleTao(c, coldkey, COST_ON_SUBNET);

  Neurons.Owner.put(s, to, coldkey);
  Neurons.OwnedHotkeys.put(s, coldkey, withMember(Neurons.OwnedHotkeys.get(s, coldkey), to));
  moveOnSubnet(c, from, to, netuid, keepStake);
  Neurons.LastHotkeySwapOnNetuid.put(s, netuid, coldkey, BigInt(c.block));
  c.deposit(events.make.HotkeySwappedOnSubnet({ coldkey, old_hotkey: from, new_hotkey: to, netuid }));
}

function moveOnSubnet(c: Context, from: Account, to: Account, netuid: Netuid, keepStake: boolean): void {
  const { store: s } = c;
  const isMember = Neurons.IsNetworkMember.get(s, from, netuid);
  Neurons.IsNetworkMember.remove(s, from, netuid);
  Neurons.IsNetworkMember.put(s, to, netuid, isMember);
  if (isMember) moveNeuron(s, from, to, netuid);
  moveEntry(s, Neurons.ChildkeyTake, [from, netuid], [to, netuid]);
  moveFamily(s, from, to, netuid);
  renameScheduledChild(s, from, to, netuid);

  for (const coldkey of Neurons.AutoStakeDestinationColdkeys.get(s, from, netuid)) {
    Neurons.AutoStakeDestination.put(s, coldkey, netuid, to);
  }
  moveEntry(s, Neurons.AutoStakeDestinationColdkeys, [from, netuid], [to, netuid]);
  if (Networks.SubnetOwnerHotkey.exists(s, netuid) && Networks.SubnetOwnerHotkey.get(s, netuid) === from) {
    setOwnerHotkey(c, netuid, to);
  }
  if (!keepStake) moveStakeOnSubnet(s, from, to, netuid);
}

function moveNeuron(s: Store, from: Account, to: Account, netuid: Netuid): void {
  const uid = Neurons.Uids.get(s, netuid, from);
  if (uid !== undefined) {
    moveEntry(s, Neurons.Uids, [netuid, from], [netuid, to]);
    Neurons.Keys.put(s, netuid, uid, to);
  }
  moveEntry(s, Neurons.Prometheus, [netuid, from], [netuid, to]);
  moveEntry(s, Neurons.Axons, [netuid, from], [netuid, to]);
  moveEntry(s, Neurons.NeuronCertificates, [netuid, from], [netuid, to]);
  for (const index of storageIndexes(s, netuid)) {
    moveEntry(s, Commits.WeightCommits, [index, from], [index, to]);
  }
}

function moveStakeOnSubnet(s: Store, from: Account, to: Account, netuid: Netuid): void {
  const lastEpoch = Stakes.TotalHotkeyAlphaLastEpoch.get(s, from, netuid);
  Stakes.TotalHotkeyAlphaLastEpoch.remove(s, from, netuid);
  Stakes.TotalHotkeyAlphaLastEpoch.mutate(s, to, netuid, (alpha) => addU64(alpha, lastEpoch));
  const dividends = Stakes.AlphaDividendsPerSubnet.get(s, netuid, from);
  Stakes.AlphaDividendsPerSubnet.remove(s, netuid, from);
  Stakes.AlphaDividendsPerSubnet.mutate(s, netuid, to, (alpha) => addU64(alpha, dividends));

  for (const coldkey of stakersOf(s, from, netuid).sort()) {
    const alpha = stakeOf(s, from, coldkey, netuid);
    decreaseStake(s, from, coldkey, netuid, alpha);
    increaseStake(s, to, coldkey, netuid, alpha);
    const staking = Neurons.StakingHotkeys.get(s, coldkey);
    if (staking.includes(from)) Neurons.StakingHotkeys.put(s, coldkey, withMember(staking, to));
  }
  if (netuid !== ROOT) return;
  moveRootClaims(s, from, to);
  moveEntry(s, Neurons.AutoParentDelegationEnabled, [from], [to]);
}

function replaceStaking(s: Store, coldkey: Account, from: Account, to: Account): void {
  const staking = Neurons.StakingHotkeys.get(s, coldkey);
  if (!staking.includes(from)) return;
  Neurons.StakingHotkeys.put(s, coldkey, [...staking.filter((key) => key !== from && key !== to), to]);
}

function moveEntry<K extends readonly unknown[], V, R>(
  s: Store,
  items: StoredMap<K, V, R>,
  from: K,
  to: K,
): void {
  if (!items.exists(s, ...from)) return;
  const value = items.get(s, ...from) as unknown as V;
  items.remove(s, ...from);
  items.put(s, ...to, value);
}
