import type { Rao } from "../../../../shared/types.ts";
import { minBigint, subU64 } from "../../consensus/fixed.ts";
import type { Context } from "../../dsl/context.ts";
import { ensure } from "../../dsl/errors.ts";
import { addStake, addStakeLimit } from "./add-stake.ts";
import { hotkeyExists } from "./hotkeys.ts";
import { Networks } from "./network-storage.ts";
import { decreaseStake, stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import type { Position } from "./staking.ts";
import { subnetExists } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";

/** `recycle_alpha`: give alpha up, and let the subnet issue it again. At most what is there. */
export function recycleAlpha(c: Context, at: Position, wanted: Rao): void {
  const { hotkey, coldkey, netuid } = at;
  const amount = destroyAlpha(c, at, wanted);
  Stakes.SubnetAlphaOut.mutate(c.store, netuid, (alpha) => subU64(alpha, amount));
  c.deposit(events.make.AlphaRecycled([coldkey, hotkey, amount, netuid]));
}

/** `burn_alpha`: give alpha up for good; it still counts as issued. At most what is there. */
export function burnAlpha(c: Context, at: Position, wanted: Rao): void {
  const { hotkey, coldkey, netuid } = at;
  const amount = destroyAlpha(c, at, wanted);
  c.deposit(events.make.AlphaBurned([coldkey, hotkey, amount, netuid]));
}

/** `add_stake_burn`: buy alpha and burn it at once. @param limit - Worst price, rao per alpha */
export function addStakeBurn(c: Context, at: Position, tao: Rao, limit: Rao | undefined): void {
  const alpha =
    limit === undefined
      ? addStake(c, at, tao)
      : addStakeLimit(c, at, tao, { price: limit, allowPartial: false });
  burnAlpha(c, at, alpha);
  c.deposit(events.make.AddStakeBurn({ netuid: at.netuid, hotkey: at.hotkey, amount: tao, alpha }));
}

/** Checks in the chain's order. @returns what was taken from the position */
function destroyAlpha({ store: s }: Context, { hotkey, coldkey, netuid }: Position, wanted: Rao): Rao {
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(netuid !== ROOT, errors.is.CannotBurnOrRecycleOnRootSubnet);
  ensure(Networks.SubtokenEnabled.get(s, netuid), errors.is.SubtokenDisabled);
  ensure(hotkeyExists(s, hotkey), errors.is.HotKeyAccountNotExists);
  const amount = minBigint(wanted, stakeOf(s, hotkey, coldkey, netuid));
  ensure(Stakes.SubnetAlphaOut.get(s, netuid) >= amount, errors.is.InsufficientLiquidity);
  decreaseStake(s, hotkey, coldkey, netuid, amount);
  return amount;
}
