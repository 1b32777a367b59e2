import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import { addU64, subU64, U64F64, U128_MAX } from "../../consensus/fixed.ts";
import { type SwapError, type SwapKind, type SwapResult, swap } from "../../consensus/pool.ts";
import { Swap } from "../swap.ts";
import { Stakes } from "./stake-storage.ts";
import { isDynamic, poolOf } from "./subnets.ts";

/** Limits that no price passes: 10^6 and 10^-6 TAO per alpha, U64F64. */
export const MAX_PRICE = U64F64.fromInteger(1_000_000n);
const MIN_PRICE = U64F64.safeDiv(U64F64.one, MAX_PRICE);

/** What a swap would move; nothing changes. On subnets without a price 1:1 and without a fee. */
export function simulateSwap(
  s: Reader,
  netuid: Netuid,
  kind: SwapKind,
  amount: Rao,
  withFee = true,
): SwapResult | SwapError {
  if (!isDynamic(s, netuid)) return { input: amount, output: amount, fee: 0n };
  const limit = kind === "buy" ? MAX_PRICE : MIN_PRICE;
  return swap(poolOf(s, netuid), kind, amount, limit, withFee ? Swap.FeeRate.get(s, netuid) : 0);
}

/** Book a purchase of alpha: reserves, issuance and counters. The TAO itself is moved by the caller. */
export function bookPurchase(s: Store, netuid: Netuid, { input, output, fee }: SwapResult): void {
  Stakes.SubnetTAO.mutate(s, netuid, (tao) => addU64(tao, input));
  if (isDynamic(s, netuid)) Stakes.SubnetAlphaIn.mutate(s, netuid, (alpha) => subU64(alpha, output));
  Stakes.SubnetAlphaOut.mutate(s, netuid, (alpha) => addU64(alpha, output));
  Stakes.TotalStake.mutate(s, (tao) => addU64(tao, input + fee));
  addVolume(s, netuid, input);
}

/** Book a sale of alpha. The fee stays outside the pool, as alpha. */
export function bookSale(s: Store, netuid: Netuid, { input, output }: SwapResult): void {
  if (isDynamic(s, netuid)) Stakes.SubnetAlphaIn.mutate(s, netuid, (alpha) => addU64(alpha, input));
  Stakes.SubnetAlphaOut.mutate(s, netuid, (alpha) => subU64(alpha, input));
  Stakes.SubnetTAO.mutate(s, netuid, (tao) => subU64(tao, output));
  Stakes.TotalStake.mutate(s, (tao) => subU64(tao, output));
  addVolume(s, netuid, output);
}

function addVolume(s: Store, netuid: Netuid, tao: Rao): void {
  Stakes.SubnetVolume.mutate(s, netuid, (volume) => (volume > U128_MAX - tao ? U128_MAX : volume + tao));
}
