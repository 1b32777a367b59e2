import type { Rao } from "../../../../shared/types.ts";
import { minBigint } from "../../consensus/fixed.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { reducibleBalance } from "../accounts.ts";
import { swapErrors } from "../swap.ts";
import { hotkeyExists } from "./hotkeys.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { takesStake } from "./stake.ts";
import { MIN_STAKE, type Position, stakeInto } from "./staking.ts";
import { subnetExists } from "./subnets.ts";
import { errors } from "./subtensor-id.ts";
import { feeIn, inputWithin, largestInput, priceOf, simulateSwap } from "./swaps.ts";

/** The worst price a staker accepts, rao per alpha, and whether part of the amount will do. */
export type PriceLimit = { price: Rao; allowPartial: boolean };

/** `add_stake`: buy alpha of the subnet and put it behind the hotkey. Checks in the chain's order. @returns alpha */
export function addStake(c: Context, at: Position, tao: Rao): Rao {
  ensure(tao <= largestInput(c.store, at.netuid, "buy"), errors.is.InsufficientLiquidity);
  ensureStakable(c, at, tao);
  return stakeInto(c, at, tao);
}

/** `add_stake_limit`: the same up to a price. Who stakes with a foreign hotkey makes it a delegate. @returns alpha */
export function addStakeLimit(c: Context, at: Position, tao: Rao, { price, allowPartial }: PriceLimit): Rao {
  const { store: s } = c;
  ensure(tao <= largestInput(s, at.netuid, "buy"), errors.is.InsufficientLiquidity);
  const within = inputWithin(s, at.netuid, "buy", price);
  if (typeof within === "string") fail(swapErrors.is[within]);
  ensureStakable(c, at, tao, { within, allowPartial });
  if (Neurons.Owner.get(s, at.hotkey) !== at.coldkey) becomeDelegate(c, at.hotkey);
  return stakeInto(c, at, minBigint(tao, within), { limit: priceOf(price) });
}

/** A hotkey that others stake with has a take of its own from then on. */
export function becomeDelegate({ store: s }: Context, hotkey: Account): void {
  if (!Neurons.Delegates.exists(s, hotkey))
    Neurons.Delegates.put(s, hotkey, Neurons.Delegates.get(s, hotkey));
}

function ensureStakable(
  { store: s }: Context,
  { hotkey, coldkey, netuid }: Position,
  wanted: Rao,
  limit?: { within: Rao; allowPartial: boolean },
): void {
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(Networks.SubtokenEnabled.get(s, netuid), errors.is.SubtokenDisabled);
  ensure(wanted >= MIN_STAKE + feeIn(s, netuid, MIN_STAKE), errors.is.AmountTooLow);
  ensure(limit === undefined || limit.allowPartial || wanted <= limit.within, errors.is.SlippageTooHigh);
  const tao = limit?.allowPartial ? minBigint(wanted, limit.within) : wanted;
  ensure(reducibleBalance(s, coldkey, false) >= tao, errors.is.NotEnoughBalanceToStake);
  ensure(hotkeyExists(s, hotkey), errors.is.HotKeyAccountNotExists);

  const swapped = simulateSwap(s, netuid, "buy", tao);
  if (typeof swapped === "string") fail(errors.is.InsufficientLiquidity);
  ensure(swapped.input >= MIN_STAKE, errors.is.AmountTooLow);
  ensure(swapped.output > 0n, errors.is.InsufficientLiquidity);
  ensure(takesStake(s, hotkey, netuid, swapped.output), errors.is.InsufficientLiquidity);
}
