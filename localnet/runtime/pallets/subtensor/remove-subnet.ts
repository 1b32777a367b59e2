import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import { subU64 } from "../../consensus/fixed.ts";
import { toInteger } from "../../consensus/share-pool.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { DispatchFailure, ensure } from "../../dsl/errors.ts";
import { reducibleBalance } from "../accounts.ts";
import { CommitmentStorage } from "../commitment-storage.ts";
import { Swap } from "../swap.ts";
import { emaPrice } from "./coinbase.ts";
import { forgetSubnet } from "./forget-subnet.ts";
import { Networks } from "./network-storage.ts";
import { stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { payFromSubnet, recycleTao } from "./subnet-money.ts";
import { subnetAccount, subnetExists, subnetIdsWithoutRoot } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";

/** A position, by what its alpha is worth in the division of the pool. */
type Claim = { hotkey: Account; coldkey: Account; alpha: Rao };

/** `dissolve_network`: end a subnet. Its pool's TAO goes to whoever holds its alpha; all else is forgotten. */
export function removeSubnet(c: Context, netuid: Netuid): void {
  const { store: s } = c;
  ensure(subnetExists(s, netuid) && netuid !== ROOT, errors.is.SubnetNotExists);
  dropRootClaims(s, netuid);
  payOutPool(c, netuid);
  Swap.FeeRate.remove(s, netuid);
  Swap.SwapBalancer.remove(s, netuid);
  Swap.AlphaSqrtPrice.remove(s, netuid);
  dropCommitments(s, netuid);
  forgetSubnet(c, netuid);
  c.deposit(events.make.NetworkRemoved(netuid));
}

/** The subnet that makes room for another: of those past immunity the one with the lowest moving price, then the oldest. */
export function weakestSubnet({ store: s, block }: Context): Netuid | undefined {
  const immunity = Networks.NetworkImmunityPeriod.get(s);
  const candidates = subnetIdsWithoutRoot(s)
    .map((netuid) => ({
      netuid,
      price: emaPrice(s, netuid),
      registeredAt: Networks.NetworkRegisteredAt.get(s, netuid),
    }))
    .filter(({ registeredAt }) => BigInt(block) >= registeredAt + immunity);
  if (candidates.length === 0) return undefined;
  return candidates.reduce((weakest, subnet) => {
    if (subnet.price !== weakest.price) return subnet.price < weakest.price ? subnet : weakest;
    return subnet.registeredAt < weakest.registeredAt ? subnet : weakest;
  }).netuid;
}

/** What was earned there and not claimed is lost. */
function dropRootClaims(s: Store, netuid: Netuid): void {
  for (const [[hotkey], rates] of [...Stakes.RootClaimable.entries(s)]) {
    if (!rates.delete(netuid)) continue;
    Stakes.RootClaimable.put(s, hotkey, rates);
  }
  Stakes.RootClaimed.clear(s, netuid);
}

/** Divide the pool's TAO by alpha; the part of alpha that belongs to nobody is recycled with the rest of the account. */
function payOutPool(c: Context, netuid: Netuid): void {
  const { store: s } = c;
  const claims = claimsOn(s, netuid);
  const pot = Stakes.SubnetTAO.get(s, netuid);
  Stakes.SubnetTAO.remove(s, netuid);
  Stakes.TotalStake.mutate(s, (total) => subU64(total, pot));
  const weights = [...claims.map(({ alpha }) => alpha), protocolAlpha(s, netuid)];
  const shares = divide(pot, weights);
  claims.forEach(({ coldkey }, i) => {
    if (shares[i]! > 0n) tryPay(c, netuid, coldkey, shares[i]!);
  });

  for (const [[hotkey, at]] of [...Stakes.TotalHotkeyAlpha.entries(s)]) {
    if (at !== netuid) continue;
    for (const [[, coldkey, on]] of [...Stakes.AlphaV2.entries(s, hotkey)]) {
      if (on === netuid) Stakes.AlphaV2.remove(s, hotkey, coldkey, netuid);
    }
    Stakes.TotalHotkeyAlpha.remove(s, hotkey, netuid);
    Stakes.TotalHotkeySharesV2.remove(s, hotkey, netuid);
  }
  Stakes.SubnetAlphaIn.remove(s, netuid);
  Stakes.SubnetAlphaOut.remove(s, netuid);
  Stakes.SubnetProtocolAlpha.remove(s, netuid);
  const account = subnetAccount(netuid);
  recycleTao(c, account, reducibleBalance(s, account, true));
}

/** All positions on a subnet, hotkey by hotkey, coldkeys ascending. */
function claimsOn(s: Reader, netuid: Netuid): Claim[] {
  return [...Stakes.TotalHotkeyAlpha.entries(s)].flatMap(([[hotkey, at]]) => {
    if (at !== netuid) return [];
    return [...Stakes.AlphaV2.entries(s, hotkey)]
      .filter(([[, , on]]) => on === netuid)
      .map(([[, coldkey], share]) => {
        const alpha = stakeOf(s, hotkey, coldkey, netuid);
        return { hotkey, coldkey, alpha: alpha === 0n ? toInteger(share) : alpha };
      })
      .sort((a, b) => (a.coldkey < b.coldkey ? -1 : 1));
  });
}

/** The subnet that was there from the first block counts by the older rule, without its pool's alpha. */
function protocolAlpha(s: Reader, netuid: Netuid): Rao {
  const own = Stakes.SubnetProtocolAlpha.get(s, netuid);
  return Networks.NetworkRegisteredAt.get(s, netuid) > 0n ? own + Stakes.SubnetAlphaIn.get(s, netuid) : own;
}

/** In proportion; what rounding leaves over goes, one by one, to the largest remainders. */
function divide(pot: Rao, weights: readonly bigint[]): Rao[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total === 0n) return weights.map(() => 0n);
  const shares = weights.map((weight) => (pot * weight) / total);
  const left = pot - shares.reduce((sum, share) => sum + share, 0n);
  const remainder = (i: number) => (pot * weights[i]!) % total;
  const order = weights
    .map((_, i) => i)
    .filter((i) => weights[i]! > 0n)
    .sort((a, b) => (remainder(a) === remainder(b) ? a - b : remainder(a) > remainder(b) ? -1 : 1));
  for (const i of order.slice(0, Number(left))) shares[i]!++;
  return shares;
}

/** A payment that is refused, such as dust to an account that does not exist, does not stop the others. */
function tryPay(c: Context, netuid: Netuid, coldkey: Account, rao: Rao): void {
  try {
    payFromSubnet(c, netuid, coldkey, rao);
  } catch (error) {
    if (!(error instanceof DispatchFailure)) throw error;
  }
}

function dropCommitments(s: Store, netuid: Netuid): void {
  CommitmentStorage.CommitmentOf.clear(s, netuid);
  CommitmentStorage.LastCommitment.clear(s, netuid);
  CommitmentStorage.LastBondsReset.clear(s, netuid);
  CommitmentStorage.UsedSpaceOf.clear(s, netuid);
  CommitmentStorage.RevealedCommitments.clear(s, netuid);
  const open = CommitmentStorage.TimelockedIndex.get(s);
  CommitmentStorage.TimelockedIndex.put(
    s,
    open.filter(([at]) => at !== netuid),
  );
}
