import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import { addU64, minBigint, subU64, U64_MAX, U64F64, U128_MAX } from "../../consensus/fixed.ts";
import { feeOn, type SwapError, type SwapKind, type SwapResult, swap } from "../../consensus/pool.ts";
import { Swap } from "../swap.ts";
import { Stakes } from "./stake-storage.ts";
import { isDynamic, poolOf } from "./subnets.ts";

/** Limits that no price passes: 10^6 and 10^-6 TAO per alpha, U64F64. */
export const MAX_PRICE = U64F64.fromInteger(1_000_000n);
export const MIN_PRICE = U64F64.safeDiv(U64F64.one, MAX_PRICE);
/** Largest input of a swap, in reserves of its side. */
const MAX_INPUT_RATIO = 1000n;
/** Where alpha has no price, it changes 1:1: rao per alpha. */
const PAR = 1_000_000_000n;

/**
 * What a swap would move; nothing changes. On subnets without a price 1:1 and without a fee.
 *
 * @param limit - Price at which it stops, U64F64.
 */
export function simulateSwap(
  s: Reader,
  netuid: Netuid,
  kind: SwapKind,
  amount: Rao,
  withFee = true,
  limit = kind === "buy" ? MAX_PRICE : MIN_PRICE,
): SwapResult | SwapError {
  if (!isDynamic(s, netuid)) return { input: amount, output: amount, fee: 0n };
  return swap(poolOf(s, netuid), kind, amount, limit, withFee ? Swap.FeeRate.get(s, netuid) : 0);
}

/** The fee in an amount that is swapped whole, rao. */
export function feeIn(s: Reader, netuid: Netuid, amount: Rao): Rao {
  return isDynamic(s, netuid) ? feeOn(amount, Swap.FeeRate.get(s, netuid)) : 0n;
}

/** A limit as clients give it, rao per alpha, as U64F64. */
export function priceOf(rao: Rao): bigint {
  return U64F64.safeDiv(U64F64.fromInteger(rao), U64F64.fromInteger(PAR));
}

/** Largest amount that a swap may be asked for, rao of its input; unbounded where alpha has no price. */
export function largestInput(s: Reader, netuid: Netuid, kind: SwapKind): Rao {
  if (!isDynamic(s, netuid)) return U64_MAX;
  const reserve = kind === "buy" ? Stakes.SubnetTAO : Stakes.SubnetAlphaIn;
  return minBigint(reserve.get(s, netuid) * MAX_INPUT_RATIO, U64_MAX);
}

/** How much can be swapped, fee included, before the price passes `limit`, in rao per alpha. */
export function inputWithin(s: Reader, netuid: Netuid, kind: SwapKind, limit: Rao): Rao | SwapError {
  if (!isDynamic(s, netuid)) return (kind === "buy" ? limit >= PAR : limit <= PAR) ? U64_MAX : 0n;
  const result = simulateSwap(s, netuid, kind, largestInput(s, netuid, kind), true, priceOf(limit));
  return typeof result === "string" ? result : result.input + result.fee;
}

/**
 * Book a purchase of alpha: reserves, issuance and counters. The TAO itself is moved by the caller.
 *
 * @param given - What was paid, fee included, rao.
 */
export function bookPurchase(s: Store, netuid: Netuid, { input, output }: SwapResult, given: Rao): void {
  Stakes.SubnetTAO.mutate(s, netuid, (tao) => addU64(tao, input));
  Stakes.SubnetAlphaIn.mutate(s, netuid, (alpha) => subU64(alpha, output));
  Stakes.SubnetAlphaOut.mutate(s, netuid, (alpha) => addU64(alpha, output));
  Stakes.TotalStake.mutate(s, (tao) => addU64(tao, given));
  addVolume(s, netuid, given);
}

/** Book a sale of alpha. The fee stays outside the pool, as alpha. */
export function bookSale(s: Store, netuid: Netuid, { input, output }: SwapResult): void {
  Stakes.SubnetAlphaIn.mutate(s, netuid, (alpha) => addU64(alpha, input));
  Stakes.SubnetAlphaOut.mutate(s, netuid, (alpha) => subU64(alpha, input));
  Stakes.SubnetTAO.mutate(s, netuid, (tao) => subU64(tao, output));
  Stakes.TotalStake.mutate(s, (tao) => subU64(tao, output));
  addVolume(s, netuid, output);
}

function addVolume(s: Store, netuid: Netuid, tao: Rao): void {
  Stakes.SubnetVolume.mutate(s, netuid, (volume) => (volume > U128_MAX - tao ? U128_MAX : volume + tao));
}
