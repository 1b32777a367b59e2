import { option } from "../../../types/composites.ts";
import { Bool } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { call, weight } from "../../dsl/calls.ts";
import { type Account, type CallContext, ensureSigned } from "../../dsl/context.ts";
import { addStake, addStakeLimit } from "./add-stake.ts";
import { moveStake } from "./move-stake.ts";
import { addStakeBurn, burnAlpha, recycleAlpha } from "./recycle-alpha.ts";
import {
  removeAllStake,
  removeStake,
  removeStakeLimit,
  unstakeAll,
  unstakeAllAlpha,
} from "./remove-stake.ts";
import type { Position } from "./staking.ts";
import { events } from "./subtensor-events.ts";
import { AlphaBalance, NetUid, TaoBalance } from "./subtensor-types.ts";

const MaybePrice = named("Option<TaoBalance>", option(TaoBalance));

/** What coldkeys do with stake. */
export const stakingCalls = {
  add_stake: call({
    index: 2,
    args: { hotkey: AccountId, netuid: NetUid, amount_staked: TaoBalance },
    weight: weight(3_064_064_000n, 8_727n),
    run(c, { hotkey, netuid, amount_staked }) {
      addStake(c, ownPosition(c, hotkey, netuid), amount_staked);
    },
  }),
  remove_stake: call({
    index: 3,
    args: { hotkey: AccountId, netuid: NetUid, amount_unstaked: AlphaBalance },
    weight: weight(2_569_198_000n, 10_557n),
    run(c, { hotkey, netuid, amount_unstaked }) {
      removeStake(c, ownPosition(c, hotkey, netuid), amount_unstaked);
    },
  }),
  unstake_all: call({
    index: 83,
    args: { hotkey: AccountId },
    weight: weight(176_830_000n, 9_189n),
    run(c, { hotkey }) {
      unstakeAll(c, ensureSigned(c.origin), hotkey);
    },
  }),
  unstake_all_alpha: call({
    index: 84,
    args: { hotkey: AccountId },
    weight: weight(4_275_873_000n, 11_306n),
    run(c, { hotkey }) {
      unstakeAllAlpha(c, ensureSigned(c.origin), hotkey);
    },
  }),
  move_stake: call({
    index: 85,
    args: {
      origin_hotkey: AccountId,
      destination_hotkey: AccountId,
      origin_netuid: NetUid,
      destination_netuid: NetUid,
      alpha_amount: AlphaBalance,
    },
    weight: weight(1_391_061_000n, 7_919n),
    run(c, { origin_hotkey, destination_hotkey, origin_netuid, destination_netuid, alpha_amount }) {
      const from = ownPosition(c, origin_hotkey, origin_netuid);
      const to = ownPosition(c, destination_hotkey, destination_netuid);
      const tao = moveStake(c, from, to, alpha_amount);
      c.deposit(
        events.make.StakeMoved([
          from.coldkey,
          origin_hotkey,
          origin_netuid,
          destination_hotkey,
          destination_netuid,
          tao,
        ]),
      );
    },
  }),
  transfer_stake: call({
    index: 86,
    args: {
      destination_coldkey: AccountId,
      hotkey: AccountId,
      origin_netuid: NetUid,
      destination_netuid: NetUid,
      alpha_amount: AlphaBalance,
    },
    weight: weight(1_333_541_000n, 7_994n),
    run(c, { destination_coldkey, hotkey, origin_netuid, destination_netuid, alpha_amount }) {
      const from = ownPosition(c, hotkey, origin_netuid);
      const to = { hotkey, coldkey: destination_coldkey, netuid: destination_netuid };
      const tao = moveStake(c, from, to, alpha_amount, { isTransfer: true });
      const told = [
        from.coldkey,
        destination_coldkey,
        hotkey,
        origin_netuid,
        destination_netuid,
        tao,
      ] as const;
      c.deposit(events.make.StakeTransferred([...told]));
    },
  }),
  swap_stake: call({
    index: 87,
    args: {
      hotkey: AccountId,
      origin_netuid: NetUid,
      destination_netuid: NetUid,
      alpha_amount: AlphaBalance,
    },
    weight: weight(4_317_019_000n, 10_920n),
    run(c, { hotkey, origin_netuid, destination_netuid, alpha_amount }) {
      const from = ownPosition(c, hotkey, origin_netuid);
      const tao = moveStake(c, from, { ...from, netuid: destination_netuid }, alpha_amount);
      c.deposit(events.make.StakeSwapped([from.coldkey, hotkey, origin_netuid, destination_netuid, tao]));
    },
  }),
  add_stake_limit: call({
    index: 88,
    args: {
      hotkey: AccountId,
      netuid: NetUid,
      amount_staked: TaoBalance,
      limit_price: TaoBalance,
      allow_partial: Bool,
    },
    weight: weight(3_253_005_000n, 8_727n),
    run(c, { hotkey, netuid, amount_staked, limit_price, allow_partial }) {
      const limit = { price: limit_price, allowPartial: allow_partial };
      addStakeLimit(c, ownPosition(c, hotkey, netuid), amount_staked, limit);
    },
  }),
  remove_stake_limit: call({
    index: 89,
    args: {
      hotkey: AccountId,
      netuid: NetUid,
      amount_unstaked: AlphaBalance,
      limit_price: TaoBalance,
      allow_partial: Bool,
    },
    weight: weight(2_715_696_000n, 10_591n),
    run(c, { hotkey, netuid, amount_unstaked, limit_price, allow_partial }) {
      const limit = { price: limit_price, allowPartial: allow_partial };
      removeStakeLimit(c, ownPosition(c, hotkey, netuid), amount_unstaked, limit);
    },
  }),
  swap_stake_limit: call({
    index: 90,
    args: {
      hotkey: AccountId,
      origin_netuid: NetUid,
      destination_netuid: NetUid,
      alpha_amount: AlphaBalance,
      limit_price: TaoBalance,
      allow_partial: Bool,
    },
    weight: weight(4_519_515_000n, 11_077n),
    run(c, { hotkey, origin_netuid, destination_netuid, alpha_amount, limit_price, allow_partial }) {
      const from = ownPosition(c, hotkey, origin_netuid);
      const limit = { price: limit_price, allowPartial: allow_partial };
      const tao = moveStake(c, from, { ...from, netuid: destination_netuid }, alpha_amount, { limit });
      c.deposit(events.make.StakeSwapped([from.coldkey, hotkey, origin_netuid, destination_netuid, tao]));
    },
  }),
  recycle_alpha: call({
    index: 101,
    args: { hotkey: AccountId, amount: AlphaBalance, netuid: NetUid },
    weight: weight(1_097_139_000n, 5_219n),
    run(c, { hotkey, amount, netuid }) {
      recycleAlpha(c, ownPosition(c, hotkey, netuid), amount);
    },
  }),
  burn_alpha: call({
    index: 102,
    args: { hotkey: AccountId, amount: AlphaBalance, netuid: NetUid },
    weight: weight(868_964_000n, 5_219n),
    run(c, { hotkey, amount, netuid }) {
      burnAlpha(c, ownPosition(c, hotkey, netuid), amount);
    },
  }),
  remove_stake_full_limit: call({
    index: 103,
    args: { hotkey: AccountId, netuid: NetUid, limit_price: MaybePrice },
    weight: weight(2_729_292_000n, 10_591n),
    run(c, { hotkey, netuid, limit_price }) {
      removeAllStake(c, ownPosition(c, hotkey, netuid), limit_price);
    },
  }),
  add_stake_burn: call({
    index: 132,
    args: { hotkey: AccountId, netuid: NetUid, amount: TaoBalance, limit: MaybePrice },
    weight: weight(3_492_308_000n, 8_727n),
    run(c, { hotkey, netuid, amount, limit }) {
      addStakeBurn(c, ownPosition(c, hotkey, netuid), amount, limit);
    },
  }),
};

function ownPosition(c: CallContext, hotkey: Account, netuid: number): Position {
  return { hotkey, coldkey: ensureSigned(c.origin), netuid };
}
