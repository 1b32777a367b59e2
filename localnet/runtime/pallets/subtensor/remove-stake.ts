import type { Rao } from "../../../../shared/types.ts";
import { minBigint } from "../../consensus/fixed.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure, fail, type ModuleError } from "../../dsl/errors.ts";
import { swapErrors } from "../swap.ts";
import type { PriceLimit } from "./add-stake.ts";
import { hotkeyExists } from "./hotkeys.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { stakeOf, totalStakeOf } from "./stake.ts";
import { clearSmallNomination, MIN_STAKE, type Position, stakeInto, unstakeFrom } from "./staking.ts";
import { subnetExists, subnetIds } from "./subnets.ts";
import { errors, ROOT } from "./subtensor-id.ts";
import { inputWithin, largestInput, priceOf, simulateSwap } from "./swaps.ts";

/** `remove_stake`: sell alpha, at most what is there. Checks in the chain's order. */
export function removeStake(c: Context, at: Position, wanted: Rao): void {
  const { store: s } = c;
  ensure(Networks.SubtokenEnabled.get(s, at.netuid), errors.is.SubtokenDisabled);
  const alpha = minBigint(wanted, stakeOf(s, at.hotkey, at.coldkey, at.netuid));
  ensure(alpha <= largestInput(s, at.netuid, "sell"), errors.is.InsufficientLiquidity);
  ensureRemovable(c, at, alpha);
  unstakeFrom(c, at, alpha);
  settleRemoval(c, at);
}

/** `remove_stake_limit`: sell so much alpha, down to a price. Unlike `remove_stake` it refuses more than is there. */
export function removeStakeLimit(c: Context, at: Position, alpha: Rao, limit: PriceLimit): void {
  const { store: s } = c;
  ensure(alpha <= largestInput(s, at.netuid, "sell"), errors.is.InsufficientLiquidity);
  const within = inputWithin(s, at.netuid, "sell", limit.price);
  if (typeof within === "string") fail(swapErrors.is[within]);
  ensureRemovable(c, at, alpha, { within, allowPartial: limit.allowPartial });
  unstakeFrom(c, at, minBigint(alpha, within), { limit: priceOf(limit.price) });
  settleRemoval(c, at);
}

/** `remove_stake_full_limit`: sell all that is there, down to a price if one is given. */
export function removeAllStake(c: Context, at: Position, price: Rao | undefined): void {
  const alpha = stakeOf(c.store, at.hotkey, at.coldkey, at.netuid);
  if (price === undefined) removeStake(c, at, alpha);
  else removeStakeLimit(c, at, alpha, { price, allowPartial: false });
}

/** `unstake_all`: sell what is behind the hotkey on every subnet where that is possible, and pass over the others. */
export function unstakeAll(c: Context, coldkey: Account, hotkey: Account): void {
  ensure(hotkeyExists(c.store, hotkey), errors.is.HotKeyAccountNotExists);
  for (const netuid of subnetIds(c.store)) sellAllOn(c, { hotkey, coldkey, netuid });
}

/** `unstake_all_alpha`: the same without root, and the TAO is staked on root, behind the same hotkey. */
export function unstakeAllAlpha(c: Context, coldkey: Account, hotkey: Account): void {
  ensure(hotkeyExists(c.store, hotkey), errors.is.HotKeyAccountNotExists);
  const netuids = subnetIds(c.store).filter((netuid) => netuid !== ROOT);
  const tao = netuids.reduce((sum, netuid) => sum + sellAllOn(c, { hotkey, coldkey, netuid }), 0n);
  stakeInto(c, { hotkey, coldkey, netuid: ROOT }, tao);
}

/** @returns the TAO it brought; 0 where nothing could be sold */
function sellAllOn(c: Context, at: Position): Rao {
  if (!Networks.SubtokenEnabled.get(c.store, at.netuid)) return 0n;
  const alpha = stakeOf(c.store, at.hotkey, at.coldkey, at.netuid);
  if (whyNotRemovable(c, at, alpha) !== undefined) return 0n;
  const tao = unstakeFrom(c, at, alpha);
  clearSmallNomination(c, at);
  return tao;
}

type Limit = { within: Rao; allowPartial: boolean };

function ensureRemovable(c: Context, at: Position, alpha: Rao, limit?: Limit): void {
  const reason = whyNotRemovable(c, at, alpha, limit);
  if (reason !== undefined) fail(reason);
}

/** The first of the chain's checks that refuses, undefined when none does. */
function whyNotRemovable(
  { store: s }: Context,
  { hotkey, coldkey, netuid }: Position,
  alpha: Rao,
  limit?: Limit,
): ModuleError | undefined {
  if (!subnetExists(s, netuid)) return errors.is.SubnetNotExists;
  if (alpha === 0n) return errors.is.AmountTooLow;
  const held = stakeOf(s, hotkey, coldkey, netuid);
  if (alpha > held) return errors.is.NotEnoughStakeToWithdraw;
  const swapped = simulateSwap(s, netuid, "sell", alpha);
  if (typeof swapped === "string") return errors.is.InsufficientLiquidity;
  if (alpha < held && swapped.output < MIN_STAKE) return errors.is.AmountTooLow;
  if (limit !== undefined && !limit.allowPartial && alpha > limit.within) return errors.is.SlippageTooHigh;
  if (!hotkeyExists(s, hotkey)) return errors.is.HotKeyAccountNotExists;
  return undefined;
}

/** What follows every removal: small rests go, and so do scheduled children of a hotkey below the threshold. */
function settleRemoval(c: Context, at: Position): void {
  const { store: s } = c;
  clearSmallNomination(c, at);
  if (totalStakeOf(s, at.hotkey) >= Hyperparameters.StakeThreshold.get(s)) return;
  for (const netuid of subnetIds(s)) Neurons.PendingChildKeys.remove(s, netuid, at.hotkey);
}
