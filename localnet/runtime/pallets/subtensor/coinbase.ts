import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader, Store } from "../../../state/store.ts";
import {
  emissionShares,
  movingPrice,
  pendingAccrual,
  rootProportion,
  type SubnetTerms,
  subnetTaoEmission,
  subnetTerms,
} from "../../consensus/emission.ts";
import { addU64, I96F32, minBigint, subU64, U64F64, U96F32 } from "../../consensus/fixed.ts";
import { blockEmission, ISSUANCE_CAP } from "../../consensus/issuance.ts";
import { swap, weightAfterInjection } from "../../consensus/pool.ts";
import type { Context } from "../../dsl/context.ts";
import { changeIssuance, deposit } from "../balances.ts";
import { Swap } from "../swap.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Networks } from "./network-storage.ts";
import { Stakes } from "./stake-storage.ts";
import {
  alphaIssuance,
  isDynamic,
  poolOf,
  spotPrice,
  subnetAccount,
  subnetIdsWithoutRoot,
} from "./subnets.ts";
import { ROOT } from "./subtensor-id.ts";
import { bookPurchase, MAX_PRICE } from "./swaps.ts";

/** One subnet's part of a block's emission. */
type Share = { netuid: Netuid; terms: SubnetTerms };

/** New TAO and alpha of a block: into pools, chain purchases and pending pots. */
export function emitBlock(c: Context): void {
  const { store: s } = c;
  const eligible = eligibleSubnets(s);
  const mint = newTao(s);
  const sellsRoot = movingPriceSum(s, eligible) > U64F64.one;
  const shares = shareOut(s, eligible, mint);

  const used = shares.reduce((sum, share) => sum + inject(c, share), 0n);
  Stakes.TotalIssuance.mutate(s, (issuance) => issuance + used);
  changeIssuance(c, used);
  for (const share of shares) accruePots(s, share, sellsRoot);
}

/** Prices and root proportions that the next block's emission goes by. */
export function updateMovingPrices({ store: s, block }: Context): void {
  for (const netuid of eligibleSubnets(s)) {
    Stakes.SubnetMovingPrice.mutate(s, netuid, (old) =>
      movingPrice({
        old,
        price: spotPrice(s, netuid),
        movingAlpha: Stakes.SubnetMovingAlpha.get(s),
        block: BigInt(block),
        firstEmissionBlock: Networks.FirstEmissionBlockNumber.get(s, netuid) ?? 0n,
        halving: Stakes.EMAPriceHalvingBlocks.get(s, netuid),
      }),
    );
    Stakes.RootProp.put(s, netuid, rootShare(s, netuid));
  }
}

function eligibleSubnets(s: Reader): Netuid[] {
  return subnetIdsWithoutRoot(s).filter(
    (netuid) =>
      Networks.FirstEmissionBlockNumber.exists(s, netuid) &&
      Networks.SubtokenEnabled.get(s, netuid) &&
      Networks.NetworkRegistrationAllowed.get(s, netuid),
  );
}

function newTao(s: Store): Rao {
  const issuance = Stakes.TotalIssuance.get(s);
  const emission = blockEmission(issuance);
  Stakes.BlockEmission.put(s, emission);
  return minBigint(emission, subU64(ISSUANCE_CAP, issuance));
}

function shareOut(s: Store, netuids: readonly Netuid[], mint: Rao): Share[] {
  const shares = emissionShares(
    netuids.map((netuid) => emaPrice(s, netuid)),
    netuids.map((netuid) => Stakes.MinerBurned.get(s, netuid)),
  );
  const enabled = netuids.map((netuid) => Networks.SubnetEmissionEnabled.get(s, netuid));
  const tao = subnetTaoEmission(shares, enabled, mint);
  return netuids.map((netuid, i) => {
    const issuance = alphaIssuance(s, netuid);
    return { netuid, terms: subnetTerms(tao[i]!, spotPrice(s, netuid), issuance, rootShare(s, netuid)) };
  });
}

/** @returns the TAO that went to the subnet, rao */
function inject(c: Context, { netuid, terms }: Share): Rao {
  const { store: s } = c;
  const excess = floor(terms.excessTao);
  const pool = poolOf(s, netuid);
  const weight = weightAfterInjection(pool, floor(terms.alphaIn), floor(terms.taoIn));
  const taoIn = weight === undefined ? 0n : floor(terms.taoIn);
  const alphaIn = weight === undefined ? 0n : floor(terms.alphaIn);
  if (weight !== undefined && isDynamic(s, netuid)) Swap.SwapBalancer.put(s, netuid, { quote: weight });

  if (taoIn + excess > 0n) deposit(c, subnetAccount(netuid), taoIn + excess);
  if (excess > 0n) buyForProtocol(s, netuid, excess);
  Stakes.SubnetAlphaIn.mutate(s, netuid, (alpha) => addU64(alpha, alphaIn));
  Stakes.SubnetTAO.mutate(s, netuid, (tao) => addU64(tao, taoIn));
  Stakes.TotalStake.mutate(s, (tao) => addU64(tao, taoIn));

  Stakes.SubnetTaoInEmission.put(s, netuid, taoIn);
  Stakes.SubnetAlphaInEmission.put(s, netuid, alphaIn);
  Stakes.SubnetExcessTao.put(s, netuid, excess);
  return taoIn + excess;
}

/** What exceeds the injection buys alpha that belongs to nobody. If the pool refuses, the TAO stays in the account. */
function buyForProtocol(s: Store, netuid: Netuid, tao: Rao): void {
  const result = isDynamic(s, netuid)
    ? swap(poolOf(s, netuid), "buy", tao, MAX_PRICE, 0)
    : { input: tao, output: tao, fee: 0n };
  if (typeof result === "string") return;
  bookPurchase(s, netuid, result, tao);
  Stakes.SubnetProtocolAlpha.mutate(s, netuid, (alpha) => addU64(alpha, result.output));
}

function accruePots(s: Store, { netuid, terms }: Share, sellsRoot: boolean): void {
  const minted = floor(terms.alphaOut);
  Stakes.BlockEmission.put(s, minted);
  Stakes.SubnetAlphaOutEmission.put(s, netuid, minted);
  Stakes.SubnetAlphaOut.mutate(s, netuid, (alpha) => addU64(alpha, minted));

  const cut = Hyperparameters.OwnerCutEnabled.get(s, netuid)
    ? Hyperparameters.SubnetOwnerCut.get(s)
    : undefined;
  const pots = pendingAccrual(terms.alphaOut, cut, rootShare(s, netuid));
  Stakes.PendingOwnerCut.mutate(s, netuid, (pot) => addU64(pot, pots.ownerCut));
  Stakes.PendingServerEmission.mutate(s, netuid, (pot) => addU64(pot, pots.server));
  Stakes.PendingValidatorEmission.mutate(s, netuid, (pot) => addU64(pot, pots.validator));
  if (sellsRoot) Stakes.PendingRootAlphaDivs.mutate(s, netuid, (pot) => addU64(pot, pots.rootAlpha));
  else Stakes.SubnetAlphaOut.mutate(s, netuid, (alpha) => subU64(alpha, pots.rootAlpha));
}

function rootShare(s: Reader, netuid: Netuid): bigint {
  const rootTao = Stakes.SubnetTAO.get(s, ROOT);
  return rootProportion(rootTao, Stakes.TaoWeight.get(s), alphaIssuance(s, netuid));
}

/** The moving price, U64F64: one where there is no pool. */
export function emaPrice(s: Reader, netuid: Netuid): bigint {
  return isDynamic(s, netuid) ? U64F64.from(I96F32, Stakes.SubnetMovingPrice.get(s, netuid)) : U64F64.one;
}

function movingPriceSum(s: Reader, netuids: readonly Netuid[]): bigint {
  return U64F64.sum(netuids.map((netuid) => emaPrice(s, netuid)));
}

function floor(amount: bigint): Rao {
  return U96F32.toUnsigned(amount, 64);
}
