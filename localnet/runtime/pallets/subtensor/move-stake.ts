import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader } from "../../../state/store.ts";
import { minBigint, U64_MAX, U64F64 } from "../../consensus/fixed.ts";
import type { Context } from "../../dsl/context.ts";
import { ensure, fail } from "../../dsl/errors.ts";
import { swapErrors } from "../swap.ts";
import { becomeDelegate, type PriceLimit } from "./add-stake.ts";
import { hotkeyExists } from "./hotkeys.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { MIN_STAKE, type Position, stakeInto, transferWithin, unstakeFrom } from "./staking.ts";
import { moveTao } from "./subnet-money.ts";
import { isDynamic, spotPrice, subnetExists } from "./subnets.ts";
import { errors, ROOT } from "./subtensor-id.ts";
import { inputWithin, simulateSwap } from "./swaps.ts";

/** Rao of one coin: prices of clients are rao per whole alpha. */
const COIN = 1_000_000_000n;

/**
 * Move stake to another hotkey, coldkey or subnet; at most what is there. Checks in the chain's order.
 *
 * @param limit - Worst price of the origin's alpha in the destination's, in billionths.
 * @param isTransfer - Does the coldkey change by intent? Then both subnets must allow transfers.
 * @returns what was moved, rao of TAO
 */
export function moveStake(
  c: Context,
  from: Position,
  to: Position,
  wanted: Rao,
  { limit, isTransfer = false }: { limit?: PriceLimit; isTransfer?: boolean } = {},
): Rao {
  const { store: s } = c;
  const alpha = minBigint(wanted, stakeOf(s, from.hotkey, from.coldkey, from.netuid));
  const crosses = from.netuid !== to.netuid;
  const within = crosses && limit !== undefined ? alphaWithin(s, from.netuid, to.netuid, limit.price) : alpha;
  ensureMovable(s, from, to);
  if (crosses)
    ensureSwappable(s, from.netuid, alpha, limit !== undefined && !limit.allowPartial ? within : alpha);
  if (isTransfer) {
    ensure(Hyperparameters.TransferToggle.get(s, from.netuid), errors.is.TransferDisallowed);
    ensure(Hyperparameters.TransferToggle.get(s, to.netuid), errors.is.TransferDisallowed);
  }
  const moved = minBigint(alpha, within);
  return crosses ? moveAcross(c, from, to, moved) : transferWithin(c, from, to, moved);
}

function ensureMovable(s: Reader, from: Position, to: Position): void {
  const stays = from.coldkey === to.coldkey && from.hotkey === to.hotkey && from.netuid === to.netuid;
  ensure(!stays, errors.is.SameNetuid);
  for (const { netuid } of [from, to]) ensure(subnetExists(s, netuid), errors.is.SubnetNotExists);
  for (const { netuid } of [from, to]) {
    ensure(Networks.SubtokenEnabled.get(s, netuid), errors.is.SubtokenDisabled);
  }
  for (const { hotkey } of [from, to]) ensure(hotkeyExists(s, hotkey), errors.is.HotKeyAccountNotExists);
}

function ensureSwappable(s: Reader, netuid: Netuid, alpha: Rao, within: Rao): void {
  const swapped = simulateSwap(s, netuid, "sell", alpha);
  if (typeof swapped === "string") fail(errors.is.InsufficientLiquidity);
  ensure(swapped.output > MIN_STAKE, errors.is.AmountTooLow);
  ensure(alpha <= within, errors.is.SlippageTooHigh);
}

/** Sell on one side and buy on the other. The fee is charged once: on the origin's side, unless that is root. */
function moveAcross(c: Context, from: Position, to: Position, alpha: Rao): Rao {
  const fromRoot = from.netuid === ROOT;
  const tao = unstakeFrom(c, from, alpha, { withFee: !fromRoot });
  if (from.coldkey !== to.coldkey) moveTao(c, from.coldkey, to.coldkey, tao);
  if (tao < MIN_STAKE) return tao; // too little to stake again: it stays free
  if (Neurons.Owner.get(c.store, to.hotkey) !== to.coldkey) becomeDelegate(c, to.hotkey);
  stakeInto(c, to, tao, { withFee: fromRoot });
  return tao;
}

/** How much alpha can go from one subnet to another before their relative price passes the limit. */
function alphaWithin(s: Reader, from: Netuid, to: Netuid, limit: Rao): Rao {
  if (!isDynamic(s, from) && !isDynamic(s, to)) return limit > COIN ? 0n : U64_MAX;
  if (!isDynamic(s, from)) {
    if (limit === 0n) return U64_MAX;
    const coin = U64F64.fromInteger(COIN);
    const inverse = U64F64.mul(U64F64.safeDiv(coin, U64F64.fromInteger(limit)), coin);
    return orFail(inputWithin(s, to, "buy", U64F64.toUnsigned(inverse, 64)));
  }
  if (!isDynamic(s, to)) return orFail(inputWithin(s, from, "sell", limit));
  return alphaBetweenPools(s, from, to, limit);
}

/** Two pools at once. The formula takes the pools as evenly weighted, whatever they are. */
function alphaBetweenPools(s: Reader, from: Netuid, to: Netuid, limit: Rao): Rao {
  const reserves = [Stakes.SubnetTAO, Stakes.SubnetAlphaIn].flatMap((of) => [of.get(s, from), of.get(s, to)]);
  if (reserves.includes(0n)) return 0n;
  const [tao1, tao2, alpha1, alpha2] = reserves.map((rao) => U64F64.fromInteger(rao));
  const wanted = U64F64.safeDiv(U64F64.fromInteger(limit), U64F64.fromInteger(COIN));
  const price = U64F64.safeDiv(spotPrice(s, from), spotPrice(s, to));
  if (wanted > price) return 0n;
  if (limit === 0n) return U64_MAX;

  const sum = U64F64.add(tao1!, tao2!);
  const reached = U64F64.safeDiv(U64F64.mul(alpha2!, U64F64.safeDiv(tao1!, sum)), wanted);
  const present = U64F64.mul(alpha1!, U64F64.safeDiv(tao2!, sum));
  return U64F64.toUnsigned(U64F64.sub(reached, present), 64);
}

function orFail(within: ReturnType<typeof inputWithin>): Rao {
  if (typeof within === "string") fail(swapErrors.is[within]);
  return within;
}
