import type { Netuid, Rao } from "../../../../shared/types.ts";
import { hexToBytes } from "../../../types/hex.ts";
import { addU64, I96F32, minBigint, U128_MAX } from "../../consensus/fixed.ts";
import { owedToRoot, pickRootClaims } from "../../consensus/root-claims.ts";
import type { Account, Context } from "../../dsl/context.ts";
import { DispatchFailure, ensure } from "../../dsl/errors.ts";
import { System } from "../system-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { shiftRootClaims } from "./root-dividends.ts";
import { addRootStaker } from "./root-stakers.ts";
import { increaseStake, stakeOf } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { sellAlpha } from "./staking.ts";
import { payFromSubnet } from "./subnet-money.ts";
import { subnetAccount } from "./subnets.ts";
import { events } from "./subtensor-events.ts";
import { errors, ROOT } from "./subtensor-id.ts";
import type { RootClaimType } from "./subtensor-types.ts";

/** Subnets that one `claim_root` may name. */
const MAX_SUBNETS = 5;

/** `claim_root`: take the alpha that one's root stake earned on some subnets. */
export function claimRoot(c: Context, coldkey: Account, subnets: ReadonlySet<Netuid>): void {
  ensure(subnets.size > 0 && subnets.size <= MAX_SUBNETS, errors.is.InvalidSubnetNumber);
  addRootStaker(c.store, coldkey);
  claimFor(c, coldkey, subnets);
}

/** `set_root_claim_type`: whether claimed alpha is kept, or sold and staked on root. */
export function setRootClaimType(c: Context, coldkey: Account, type: RootClaimType): void {
  const isNamed = type.type !== "KeepSubnets" || type.value.subnets.size > 0;
  ensure(isNamed, errors.is.InvalidSubnetNumber);
  addRootStaker(c.store, coldkey);
  Stakes.RootClaimType.put(c.store, coldkey, type);
  c.deposit(events.make.RootClaimTypeSet({ coldkey, root_claim_type: type }));
}

/** A few coldkeys, drawn by the hash of the block before, claim all they can. One that cannot is passed over. */
export function claimAutomatically(c: Context): void {
  const { store: s } = c;
  const picks = pickRootClaims(
    hexToBytes(System.ParentHash.get(s)),
    Number(Stakes.NumRootClaim.get(s)),
    Number(Stakes.NumStakingColdkeys.get(s)),
  );
  for (const index of picks) {
    const coldkey = Stakes.StakingColdkeysByIndex.get(s, BigInt(index));
    if (coldkey === undefined) continue;
    try {
      s.transaction(() => claimFor(c, coldkey));
    } catch (error) {
      if (!(error instanceof DispatchFailure)) throw error;
    }
  }
}

function claimFor(c: Context, coldkey: Account, subnets?: ReadonlySet<Netuid>): void {
  const type = Stakes.RootClaimType.get(c.store, coldkey);
  for (const hotkey of Neurons.StakingHotkeys.get(c.store, coldkey)) {
    for (const [netuid, rate] of Stakes.RootClaimable.get(c.store, hotkey)) {
      if (subnets === undefined || subnets.has(netuid)) claimOn(c, hotkey, coldkey, netuid, rate, type);
    }
  }
  c.deposit(events.make.RootClaimed({ coldkey }));
}

function claimOn(
  c: Context,
  hotkey: Account,
  coldkey: Account,
  netuid: Netuid,
  rate: bigint,
  type: RootClaimType,
): void {
  const { store: s } = c;
  const claimed = Stakes.RootClaimed.get(s, netuid, hotkey, coldkey);
  const owed = owedToRoot(rate, stakeOf(s, hotkey, coldkey, ROOT), claimed);
  if (owed < Stakes.RootClaimableThreshold.get(s, netuid)) return;
  const alpha = I96F32.toUnsigned(owed, 64);
  if (alpha === 0n) return;

  const keeps = type.type === "Keep" || (type.type === "KeepSubnets" && type.value.subnets.has(netuid));
  if (keeps) increaseStake(s, hotkey, coldkey, netuid, alpha);
  else stakeProceeds(c, hotkey, coldkey, netuid, alpha);
  Stakes.RootClaimed.mutate(s, netuid, hotkey, coldkey, (now) => minBigint(now + alpha, U128_MAX));
}

/** Sell the alpha, without a fee, and stake what it brings on root. */
function stakeProceeds(c: Context, hotkey: Account, coldkey: Account, netuid: Netuid, alpha: Rao): void {
  const { store: s } = c;
  const { output: tao } = sellAlpha(c, netuid, alpha, { withFee: false });
  payFromSubnet(c, netuid, subnetAccount(ROOT), tao);
  Stakes.SubnetRootSellTao.mutate(s, netuid, (sold) => addU64(sold, tao));
  increaseStake(s, hotkey, coldkey, ROOT, tao);
  Stakes.SubnetTAO.mutate(s, ROOT, (reserve) => addU64(reserve, tao));
  Stakes.SubnetAlphaOut.mutate(s, ROOT, (issued) => addU64(issued, tao));
  Stakes.TotalStake.mutate(s, (total) => addU64(total, tao));
  shiftRootClaims(s, hotkey, coldkey, tao);
}
