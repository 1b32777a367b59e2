import type { Netuid, Rao } from "../../../../shared/types.ts";
import { subU64, U64F64 } from "../../consensus/fixed.ts";
import type { SwapResult } from "../../consensus/pool.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { BLOCK_AUTHOR } from "../block-author.ts";
import { swapErrors } from "../swap.ts";
import { Neurons } from "./neuron-storage.ts";
import { shiftRootClaims } from "./root-dividends.ts";
import { addRootStaker, hasRootStake, removeRootStaker } from "./root-stakers.ts";
import { decreaseStake, increaseStake, stakeOf, takesStake } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { payFromSubnet, payIntoSubnet } from "./subnet-money.ts";
import { spotPrice } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";
import { bookPurchase, bookSale, MAX_PRICE, MIN_PRICE, simulateSwap } from "./swaps.ts";

/** Smallest amount of TAO that may be staked, and that an unstake must bring unless it takes all, rao. */
export const MIN_STAKE = 2_000_000n;

/** Whose stake behind which hotkey of which subnet. */
export type Position = { hotkey: Account; coldkey: Account; netuid: Netuid };
/** How a swap is made: up to which price (U64F64), and whether it pays the fee. */
export type SwapTerms = { limit?: bigint; withFee?: boolean };

/** Buy alpha with TAO of the coldkey, and put it behind the hotkey. Whether it may is for the caller. @returns alpha */
export function stakeInto(c: Context, at: Position, tao: Rao, terms: SwapTerms = {}): Rao {
  const { store: s } = c;
  const { hotkey, coldkey, netuid } = at;
  const { given, swapped } = buyAlpha(c, coldkey, netuid, tao, terms);
  ensure(swapped.output > 0n, errors.is.AmountTooLow);
  ensure(takesStake(s, hotkey, netuid, swapped.output), errors.is.InsufficientLiquidity);

  increaseStake(s, hotkey, coldkey, netuid, swapped.output);
  payFromSubnet(c, netuid, BLOCK_AUTHOR, swapped.fee);
  Stakes.LastColdkeyHotkeyStakeBlock.put(s, coldkey, hotkey, BigInt(c.block));
  if (netuid === ROOT) {
    shiftRootClaims(s, hotkey, coldkey, swapped.output);
    addRootStaker(s, coldkey);
  }
  c.deposit(events.make.StakeAdded([coldkey, hotkey, given, swapped.output, netuid, swapped.fee]));
  return swapped.output;
}

/** Sell alpha behind the hotkey for TAO of the coldkey. Whether it may is for the caller. @returns TAO */
export function unstakeFrom(c: Context, at: Position, alpha: Rao, terms: SwapTerms = {}): Rao {
  const { store: s } = c;
  const { hotkey, coldkey, netuid } = at;
  decreaseStake(s, hotkey, coldkey, netuid, alpha);
  const swapped = sellAlpha(c, netuid, alpha, terms);
  increaseStake(s, hotkey, coldkey, netuid, subU64(alpha, swapped.input + swapped.fee));
  payFromSubnet(c, netuid, coldkey, swapped.output);
  const forAuthor = sellAlpha(c, netuid, swapped.fee, { withFee: false });
  payFromSubnet(c, netuid, BLOCK_AUTHOR, forAuthor.output);

  if (netuid === ROOT) {
    shiftRootClaims(s, hotkey, coldkey, -alpha);
    if (!hasRootStake(s, coldkey)) removeRootStaker(s, coldkey);
  }
  Stakes.LastColdkeyHotkeyStakeBlock.put(s, coldkey, hotkey, BigInt(c.block));
  c.deposit(events.make.StakeRemoved([coldkey, hotkey, swapped.output, swapped.input, netuid, swapped.fee]));
  return swapped.output;
}

/** Hand alpha of one subnet from one position to another, at no cost. @returns what it is worth, rao of TAO */
export function transferWithin(c: Context, from: Position, to: Position, alpha: Rao): Rao {
  const { store: s } = c;
  const { netuid } = from;
  decreaseStake(s, from.hotkey, from.coldkey, netuid, alpha);
  if (netuid === ROOT) shiftRootClaims(s, from.hotkey, from.coldkey, -alpha);
  increaseStake(s, to.hotkey, to.coldkey, netuid, alpha);
  if (netuid === ROOT) shiftRootClaims(s, to.hotkey, to.coldkey, alpha);

  const worth = U64F64.toUnsigned(U64F64.mul(spotPrice(s, netuid), U64F64.fromInteger(alpha)), 64);
  ensure(worth >= MIN_STAKE, errors.is.AmountTooLow);
  Stakes.LastColdkeyHotkeyStakeBlock.put(s, to.coldkey, to.hotkey, BigInt(c.block));
  c.deposit(events.make.StakeRemoved([from.coldkey, from.hotkey, worth, alpha, netuid, 0n]));
  c.deposit(events.make.StakeAdded([to.coldkey, to.hotkey, worth, alpha, netuid, 0n]));
  return worth;
}

/**
 * Pay TAO into a subnet's pool. The fee stays on the subnet's account: who gets it is for the caller.
 *
 * @returns what was paid, and what the pool gave
 * @throws DispatchFailure with the error of the Swap pallet
 */
export function buyAlpha(
  c: Context,
  coldkey: Account,
  netuid: Netuid,
  tao: Rao,
  { limit = MAX_PRICE, withFee = true }: SwapTerms = {},
): { given: Rao; swapped: SwapResult } {
  const given = payIntoSubnet(c, netuid, coldkey, tao);
  const swapped = simulateSwap(c.store, netuid, "buy", given, withFee, limit);
  if (typeof swapped === "string") fail(swapErrors.is[swapped]);
  bookPurchase(c.store, netuid, swapped, given);
  return { given, swapped };
}

/** What is left of a nomination after an unstake is unstaked too when it is too small to keep. */
export function clearSmallNomination(c: Context, at: Position): void {
  const { store: s } = c;
  const { hotkey, coldkey, netuid } = at;
  if (Neurons.Owner.get(s, hotkey) === coldkey) return;
  const left = stakeOf(s, hotkey, coldkey, netuid);
  const required = U64F64.fromInteger(Stakes.NominatorMinRequiredStake.get(s));
  const least = U64F64.toUnsigned(U64F64.safeDiv(required, spotPrice(s, netuid)), 64);
  if (left === 0n || left >= least) return;
  if (typeof simulateSwap(s, netuid, "sell", left) === "string")
    decreaseStake(s, hotkey, coldkey, netuid, left);
  else unstakeFrom(c, at, left);
}

/** Give alpha to a subnet's pool. What it brings stays on the subnet's account: who gets it is for the caller. */
export function sellAlpha(
  c: Context,
  netuid: Netuid,
  alpha: Rao,
  { limit = MIN_PRICE, withFee = true }: SwapTerms,
): SwapResult {
  const swapped = simulateSwap(c.store, netuid, "sell", alpha, withFee, limit);
  if (typeof swapped === "string") fail(swapErrors.is[swapped]);
  bookSale(c.store, netuid, swapped);
  return swapped;
}
