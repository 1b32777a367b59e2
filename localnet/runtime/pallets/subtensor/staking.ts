import type { Netuid, Rao } from "../../../../shared/types.ts";
import { minBigint } from "../../consensus/fixed.ts";
import type { SwapResult } from "../../consensus/pool.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { freeBalance } from "../accounts.ts";
import { transfer } from "../balances.ts";
import { BLOCK_AUTHOR } from "../block-author.ts";
import { hotkeyExists } from "./hotkeys.ts";
import { Networks } from "./network-storage.ts";
import { shiftRootClaims } from "./root-dividends.ts";
import { decreaseStake, increaseStake, stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { isDynamic, subnetAccount, subnetExists } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";
import { bookPurchase, bookSale, simulateSwap } from "./swaps.ts";

/** Smallest amount of TAO that may be staked, and that an unstake must bring unless it takes all, rao. */
const MIN_STAKE = 2_000_000n;
/** Largest input of a swap, in reserves of its side. */
const MAX_INPUT_RATIO = 1000n;

/** `add_stake`: buy alpha of the subnet and put it behind the hotkey. Checks in the chain's order. */
export function addStake(c: Context, coldkey: Account, hotkey: Account, netuid: Netuid, tao: Rao): void {
  const { store: s } = c;
  if (isDynamic(s, netuid)) {
    ensure(tao <= Stakes.SubnetTAO.get(s, netuid) * MAX_INPUT_RATIO, errors.is.InsufficientLiquidity);
  }
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(Networks.SubtokenEnabled.get(s, netuid), errors.is.SubtokenDisabled);
  ensure(tao >= MIN_STAKE + feeOf(c, netuid, MIN_STAKE), errors.is.AmountTooLow);
  ensure(freeBalance(s, coldkey) >= tao, errors.is.NotEnoughBalanceToStake);
  ensure(hotkeyExists(s, hotkey), errors.is.HotKeyAccountNotExists);
  const result = simulateSwap(s, netuid, "buy", tao);
  if (typeof result === "string") fail(errors.is.InsufficientLiquidity);
  ensure(result.output > 0n, errors.is.AmountTooLow);

  buyAlpha(c, coldkey, netuid, result);
  increaseStake(s, hotkey, coldkey, netuid, result.output);
  if (netuid === ROOT) shiftRootClaims(s, hotkey, coldkey, result.output);
  Stakes.LastColdkeyHotkeyStakeBlock.put(s, coldkey, hotkey, BigInt(c.block));
  c.deposit(events.make.StakeAdded([coldkey, hotkey, tao, result.output, netuid, result.fee]));
}

/** `remove_stake`: sell alpha, at most what is there. Checks in the chain's order. */
export function removeStake(
  c: Context,
  coldkey: Account,
  hotkey: Account,
  netuid: Netuid,
  wanted: Rao,
): void {
  const { store: s } = c;
  ensure(Networks.SubtokenEnabled.get(s, netuid), errors.is.SubtokenDisabled);
  const held = stakeOf(s, hotkey, coldkey, netuid);
  const alpha = minBigint(wanted, held);
  if (isDynamic(s, netuid)) {
    ensure(alpha <= Stakes.SubnetAlphaIn.get(s, netuid) * MAX_INPUT_RATIO, errors.is.InsufficientLiquidity);
  }
  ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  ensure(alpha > 0n, errors.is.AmountTooLow);
  const result = simulateSwap(s, netuid, "sell", alpha);
  if (typeof result === "string") fail(errors.is.InsufficientLiquidity);
  ensure(result.output >= MIN_STAKE || alpha === held, errors.is.AmountTooLow);
  ensure(hotkeyExists(s, hotkey), errors.is.HotKeyAccountNotExists);

  decreaseStake(s, hotkey, coldkey, netuid, alpha);
  if (netuid === ROOT) shiftRootClaims(s, hotkey, coldkey, -alpha);
  bookSale(s, netuid, result);
  increaseStake(s, BLOCK_AUTHOR, BLOCK_AUTHOR, netuid, result.fee);
  transfer(c, subnetAccount(netuid), coldkey, result.output, "expendable");
  c.deposit(events.make.StakeRemoved([coldkey, hotkey, result.output, alpha, netuid, result.fee]));
}

/** Pay for alpha: the TAO goes to the subnet's account, the fee on to the author of the block. */
export function buyAlpha(c: Context, coldkey: Account, netuid: Netuid, result: SwapResult): void {
  transfer(c, coldkey, subnetAccount(netuid), result.input + result.fee, "expendable");
  bookPurchase(c.store, netuid, result);
  if (result.fee > 0n) transfer(c, subnetAccount(netuid), BLOCK_AUTHOR, result.fee, "expendable");
}

function feeOf(c: Context, netuid: Netuid, tao: Rao): Rao {
  const result = simulateSwap(c.store, netuid, "buy", tao);
  return typeof result === "string" ? 0n : result.fee;
}
