import type { Netuid } from "../../../../shared/types.ts";
import { U64_MAX } from "../../consensus/fixed.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { DispatchFailure, ensure } from "../../dsl/errors.ts";
import { ensureChildren, linkChildren, type Tie } from "./family.ts";
import { ensureOwnerOf, hotkeyExists } from "./hotkeys.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { isAllowedAgain, rememberAct } from "./key-limits.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { hotkeysOf } from "./neurons.ts";
import { totalStakeOf } from "./stake.ts";
import { subnetExists, subnetIds } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";

/** Blocks between two changes of the children of a hotkey on a subnet. */
const RATE_LIMIT = 150n;

/**
 * `set_children`: lend stake to other hotkeys of the subnet. At once before the subnet starts, else after a cooldown,
 * when an epoch runs. Checks in the chain's order.
 */
export function setChildren(
  c: Context,
  coldkey: Account,
  hotkey: Account,
  netuid: Netuid,
  children: Tie[],
): void {
  const { store: s } = c;
  ensure(isAllowedAgain(c, "SetChildren", hotkey, netuid, RATE_LIMIT), errors.is.TxRateLimitExceeded);
  ensure(netuid !== ROOT, errors.is.RegistrationNotPermittedOnRootSubnet);
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(hotkeyExists(s, hotkey), errors.is.NonAssociatedColdKey);
  ensureOwnerOf(s, hotkey, coldkey);
  ensure(new Set(children.map(([, child]) => child)).size === children.length, errors.is.DuplicateChild);
  ensureChildren(s, hotkey, netuid, children);
  const mayLend =
    children.length === 0 ||
    totalStakeOf(s, hotkey) >= Hyperparameters.StakeThreshold.get(s) ||
    (Networks.SubnetOwnerHotkey.exists(s, netuid) && Networks.SubnetOwnerHotkey.get(s, netuid) === hotkey);
  ensure(mayLend, errors.is.NotEnoughStakeToSetChildkeys);
  rememberAct(c, "SetChildren", hotkey, netuid);

  if (!Networks.SubtokenEnabled.get(s, netuid)) {
    applyChildren(c, hotkey, netuid, children);
    return;
  }
  const due = BigInt(c.block) + Neurons.PendingChildKeyCooldown.get(s);
  Neurons.PendingChildKeys.put(s, netuid, hotkey, [children, due]);
  c.deposit(events.make.SetChildrenScheduled([hotkey, netuid, due, children]));
}

/** Scheduled changes whose cooldown is over, on subnets whose epoch slot was in this block. */
export function applyDueChildren(c: Context): void {
  const { store: s } = c;
  const now = BigInt(c.block);
  for (const netuid of subnetIds(s)) {
    if (Hyperparameters.LastEpochBlock.get(s, netuid) !== now) continue;
    const hasStarted = Networks.SubtokenEnabled.get(s, netuid);
    for (const [[, hotkey], [children, due]] of [...Neurons.PendingChildKeys.entries(s, netuid)]) {
      if (due >= now && hasStarted) continue;
      applyChildren(c, hotkey, netuid, children);
      Neurons.PendingChildKeys.remove(s, netuid, hotkey);
    }
  }
}

/** The root validators of a new subnet lend all their stake to its owner's hotkey, unless they said not to. */
export function adoptByRootValidators(c: Context, netuid: Netuid): void {
  const { store: s } = c;
  const owner = Networks.SubnetOwnerHotkey.get(s, netuid);
  for (const hotkey of hotkeysOf(s, ROOT)) {
    if (hotkey === owner || !Neurons.AutoParentDelegationEnabled.get(s, hotkey)) continue;
    try {
      setChildren(c, Neurons.Owner.get(s, hotkey), hotkey, netuid, [[U64_MAX, owner]]);
    } catch (error) {
      if (!(error instanceof DispatchFailure)) throw error; // one that may not is passed over
    }
  }
}

function applyChildren(c: Context, hotkey: Account, netuid: Netuid, children: Tie[]): void {
  if (linkChildren(c.store, hotkey, netuid, children)) {
    c.deposit(events.make.SetChildren([hotkey, netuid, children]));
  }
}
