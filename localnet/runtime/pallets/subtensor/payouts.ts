import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Store } from "../../../state/store.ts";
import { subU64, U96F32 } from "../../consensus/fixed.ts";
import {
  distributeDividends,
  splitTake,
  splitWithParents,
  withheldFraction,
} from "../../consensus/payout.ts";
import { fromU64Share } from "../../consensus/u64-share.ts";
import type { Account, Context } from "../../dsl/context.ts";
import type { DrainedPots } from "./epoch-clock.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { accrueRootDividend } from "./root-dividends.ts";
import { type HotkeyEmission, runSubnetEpoch } from "./run-epoch.ts";
import { hotkeyStake, increaseHotkeyStake, increaseStake } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { events } from "./subtensor-events.ts";
import { ROOT } from "./subtensor-id.ts";
import { childkeyTake } from "./takes.ts";

/** One hotkey's part of the dividends, rao. */
type Dividend = { hotkey: Account; amount: Rao };

/** Run a subnet's epoch and pay what it saved up: owner, miners, stakers, root stakers. */
export function payTempo(c: Context, pots: DrainedPots): void {
  const { store: s } = c;
  const { netuid } = pots;
  const earned = runSubnetEpoch(c, netuid, pots.server + pots.validator + pots.root);
  const minersEarned = earned.some(({ server }) => server > 0n);
  const validatorPot = minersEarned ? pots.validator : pots.validator + pots.server;

  payOwnerCut(s, netuid, pots.ownerCut);
  payMiners(c, netuid, earned);
  payDividends(s, netuid, shareWithParents(s, netuid, earned), validatorPot, pots.root);
  Hyperparameters.LastMechansimStepBlock.put(s, netuid, BigInt(c.block));
}

function payOwnerCut(s: Store, netuid: Netuid, amount: Rao): void {
  const hotkey = Networks.SubnetOwnerHotkey.get(s, netuid);
  increaseStake(s, hotkey, Networks.SubnetOwner.get(s, netuid), netuid, amount);
}

/** The owner's own hotkeys get nothing: what they would have earned is burned or recycled. */
function payMiners(c: Context, netuid: Netuid, earned: readonly HotkeyEmission[]): void {
  const { store: s } = c;
  const withheldFrom = ownerHotkeys(s, netuid);
  let withheld = 0n;
  let total = 0n;
  for (const { hotkey, server } of byHotkey(earned)) {
    if (server === 0n) continue;
    total += server;
    if (withheldFrom.has(hotkey)) withheld += server;
    else payMiner(c, netuid, hotkey, server);
  }
  if (Hyperparameters.RecycleOrBurn.get(s, netuid).type === "Recycle") recycle(s, netuid, withheld);
  Stakes.MinerBurned.put(s, netuid, withheldFraction(withheld, total));
}

function payMiner(c: Context, netuid: Netuid, hotkey: Account, incentive: Rao): void {
  const { store: s } = c;
  const owner = Neurons.Owner.get(s, hotkey);
  const destination = Neurons.AutoStakeDestination.get(s, owner, netuid);
  increaseStake(s, destination ?? hotkey, owner, netuid, incentive);
  if (destination !== undefined) {
    c.deposit(events.make.AutoStakeAdded({ netuid, destination, hotkey, owner, incentive }));
  }
}

/** Each hotkey's dividend goes to itself and to the parents whose stake it used. */
function shareWithParents(s: Store, netuid: Netuid, earned: readonly HotkeyEmission[]): Dividend[] {
  const taoWeight = fromU64Share(Stakes.TaoWeight.get(s));
  const childBurn = Stakes.CKBurn.get(s);
  const received = new Map<Account, Rao>();
  const add = (hotkey: Account, amount: Rao) => received.set(hotkey, (received.get(hotkey) ?? 0n) + amount);

  for (const { hotkey, validator } of byHotkey(earned)) {
    if (validator === 0n) continue;
    const owner = Neurons.Owner.get(s, hotkey);
    const parents = Neurons.ParentKeys.get(s, hotkey, netuid).map(([proportion, parent]) => ({
      hotkey: parent,
      proportion,
      alpha: hotkeyStake(s, parent, netuid),
      root: hotkeyStake(s, parent, ROOT),
      sameOwner: Neurons.Owner.get(s, parent) === owner,
    }));
    const own = {
      alpha: hotkeyStake(s, hotkey, netuid),
      root: hotkeyStake(s, hotkey, ROOT),
      childrenProportions: Neurons.ChildKeys.get(s, hotkey, netuid).map(([proportion]) => proportion),
    };
    const take = childkeyTake(s, hotkey, netuid);
    const split = splitWithParents(validator, own, parents, take, childBurn, taoWeight);
    parents.forEach((parent, i) => {
      add(parent.hotkey, split.parents[i]!);
    });
    add(hotkey, split.own);
    recycle(s, netuid, split.burned);
  }
  return byHotkey([...received].map(([hotkey, amount]) => ({ hotkey, amount })));
}

function payDividends(
  s: Store,
  netuid: Netuid,
  dividends: readonly Dividend[],
  validatorPot: Rao,
  rootPot: Rao,
): void {
  const rows = dividends.map(({ hotkey, amount }) => ({
    dividend: U96F32.fromInteger(amount),
    alphaStake: hotkeyStake(s, hotkey, netuid),
    rootStake: hotkeyStake(s, hotkey, ROOT),
  }));
  const taoWeight = fromU64Share(Stakes.TaoWeight.get(s));
  const { alpha, root } = distributeDividends(validatorPot, rootPot, taoWeight, rows);

  Stakes.AlphaDividendsPerSubnet.clear(s, netuid);
  Stakes.RootAlphaDividendsPerSubnet.clear(s, netuid);
  dividends.forEach(({ hotkey }, i) => {
    const { take, rest } = splitTake(alpha[i]!, Neurons.Delegates.get(s, hotkey));
    increaseStake(s, hotkey, Neurons.Owner.get(s, hotkey), netuid, take);
    increaseHotkeyStake(s, hotkey, netuid, rest);
    Stakes.AlphaDividendsPerSubnet.put(s, netuid, hotkey, rest);
    Stakes.TotalHotkeyAlphaLastEpoch.put(s, hotkey, netuid, hotkeyStake(s, hotkey, netuid));
  });
  dividends.forEach(({ hotkey }, i) => {
    if (root[i] === 0n) return;
    const { take, rest } = splitTake(root[i]!, Neurons.Delegates.get(s, hotkey));
    increaseStake(s, hotkey, Neurons.Owner.get(s, hotkey), netuid, take);
    accrueRootDividend(s, hotkey, netuid, rest);
    Stakes.RootAlphaDividendsPerSubnet.put(s, netuid, hotkey, rest);
  });
}

function ownerHotkeys(s: Store, netuid: Netuid): Set<Account> {
  const owned = Neurons.OwnedHotkeys.get(s, Networks.SubnetOwner.get(s, netuid));
  const all = [...owned, Networks.SubnetOwnerHotkey.get(s, netuid)];
  return new Set(all.filter((hotkey) => Neurons.Uids.exists(s, netuid, hotkey)));
}

function recycle(s: Store, netuid: Netuid, alpha: Rao): void {
  if (alpha > 0n) Stakes.SubnetAlphaOut.mutate(s, netuid, (now) => subU64(now, alpha));
}

/** The chain keeps amounts in a map ordered by account. */
function byHotkey<T extends { hotkey: Account }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1));
}
