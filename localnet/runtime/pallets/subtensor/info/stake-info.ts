import type { Netuid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { record } from "../../../../types/composites.ts";
import { Bool } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import type { ValueOf } from "../../../../types/type-node.ts";
import type { Account as AccountHex } from "../../../dsl/context.ts";
import { Neurons } from "../neuron-storage.ts";
import { stakeOf } from "../stake.ts";
import { Stakes } from "../stake-storage.ts";
import { subnetIds } from "../subnets.ts";
import { Account, C64, CompactAlpha, CompactNetUid, CompactTao } from "./info-fields.ts";

/** Stake of one coldkey behind one hotkey on one subnet. `locked`, `tao_emission` and `drain` are always 0. */
export const StakeInfo = record(
  "pallet_subtensor::rpc_info::stake_info::StakeInfo",
  {
    hotkey: Account,
    coldkey: Account,
    netuid: CompactNetUid,
    stake: CompactAlpha,
    locked: C64,
    emission: CompactAlpha,
    tao_emission: CompactTao,
    drain: C64,
    is_registered: Bool,
  },
  { AccountId },
);
export type StakeInfo = ValueOf<typeof StakeInfo>;

export const StakeAvailability = record("pallet_subtensor::rpc_info::stake_info::StakeAvailability", {
  total: CompactAlpha,
  locked: CompactAlpha,
  available: CompactAlpha,
});
export type StakeAvailability = ValueOf<typeof StakeAvailability>;

export function stakeInfo(s: Reader, hotkey: AccountHex, coldkey: AccountHex, netuid: Netuid): StakeInfo {
  return {
    hotkey,
    coldkey,
    netuid,
    stake: stakeOf(s, hotkey, coldkey, netuid),
    locked: 0n,
    emission: Stakes.AlphaDividendsPerSubnet.get(s, netuid, hotkey),
    tao_emission: 0n,
    drain: 0n,
    is_registered: Neurons.Uids.exists(s, netuid, hotkey),
  };
}

/** Everything a coldkey has staked, subnet by subnet. */
export function stakesOfColdkey(s: Reader, coldkey: AccountHex): StakeInfo[] {
  const hotkeys = Neurons.StakingHotkeys.get(s, coldkey);
  return subnetIds(s)
    .flatMap((netuid) => hotkeys.map((hotkey) => stakeInfo(s, hotkey, coldkey, netuid)))
    .filter(({ stake }) => stake > 0n);
}

/** What a coldkey can take out of each of these subnets; subnets without stake are left out. */
export function stakeAvailability(
  s: Reader,
  coldkey: AccountHex,
  netuids: readonly Netuid[],
): Map<Netuid, StakeAvailability> {
  const hotkeys = Neurons.StakingHotkeys.get(s, coldkey);
  const totals = netuids.map((netuid): [Netuid, bigint] => [
    netuid,
    hotkeys.reduce((sum, hotkey) => sum + stakeOf(s, hotkey, coldkey, netuid), 0n),
  ]);
  return new Map(
    totals
      .filter(([, total]) => total > 0n)
      .map(([netuid, total]) => [netuid, { total, locked: 0n, available: total }]),
  );
}
