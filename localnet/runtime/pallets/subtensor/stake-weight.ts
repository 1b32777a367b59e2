import type { Netuid, Rao } from "../../../../shared/types.ts";
import type { Reader } from "../../../state/store.ts";
import { I64F64, U96F32 } from "../../consensus/fixed.ts";
import { fromU64Share } from "../../consensus/u64-share.ts";
import type { Account } from "../../dsl/context.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import { hotkeyStake } from "./stake.ts";
import { Stakes } from "./stake-storage.ts";
import { ROOT } from "./subtensor-id.ts";

/** What a hotkey weighs on a subnet, rao: with what parents lend to it, without what it lends to children. */
export type StakeWeight = { alpha: Rao; tao: Rao; total: Rao };

export function stakeWeight(s: Reader, hotkey: Account, netuid: Netuid): StakeWeight {
  const alpha = inheritedStake(s, hotkey, netuid, netuid);
  const tao = inheritedStake(s, hotkey, netuid, ROOT);
  const weight = I64F64.from(U96F32, fromU64Share(Stakes.TaoWeight.get(s)));
  const total = I64F64.add(I64F64.fromInteger(alpha), I64F64.mul(I64F64.fromInteger(tao), weight));
  return { alpha, tao, total: I64F64.toUnsigned(total, 64) };
}

/** May this hotkey set weights, as far as its stake goes? The owner's hotkey always may. */
export function hasEnoughStakeForWeights(
  s: Reader,
  hotkey: Account,
  netuid: Netuid,
  threshold: Rao,
): boolean {
  return (
    threshold === 0n ||
    hotkey === Networks.SubnetOwnerHotkey.get(s, netuid) ||
    stakeWeight(s, hotkey, netuid).total >= threshold
  );
}

/** Stake on `stakeNetuid`, shared by the family ties on `netuid`. */
function inheritedStake(s: Reader, hotkey: Account, netuid: Netuid, stakeNetuid: Netuid): Rao {
  const own = hotkeyStake(s, hotkey, stakeNetuid);
  if (netuid === ROOT) return own;
  const children = Neurons.ChildKeys.get(s, hotkey, netuid);
  const parents = Neurons.ParentKeys.get(s, hotkey, netuid);
  if (children.length === 0 && parents.length === 0) return own;

  const lent = U96F32.sum(children.map(([proportion]) => part(own, proportion)));
  const borrowed = U96F32.sum(
    parents.map(([proportion, parent]) => part(hotkeyStake(s, parent, stakeNetuid), proportion)),
  );
  return U96F32.toUnsigned(U96F32.add(U96F32.sub(U96F32.fromInteger(own), lent), borrowed), 64);
}

function part(stake: Rao, proportion: bigint): bigint {
  return U96F32.mul(U96F32.fromInteger(stake), fromU64Share(proportion));
}
