import type { Netuid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { option, record } from "../../../../types/composites.ts";
import { I96F32 } from "../../../../types/fixed-point.ts";
import { CompactU128 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../../types/type-node.ts";
import { System } from "../../system-storage.ts";
import { Hyperparameters } from "../hyperparameter-storage.ts";
import { Networks } from "../network-storage.ts";
import { SubnetIdentityV3 } from "../subtensor-types.ts";
import { Account, C16, C64, CompactAlpha, CompactNetUid, CompactTao, Text } from "./info-fields.ts";
import { poolFields, subnetName } from "./metagraph.ts";

/** A subnet and its pool, without its neurons. */
export const DynamicInfo = record(
  "pallet_subtensor::rpc_info::dynamic_info::DynamicInfo",
  {
    netuid: CompactNetUid,
    owner_hotkey: Account,
    owner_coldkey: Account,
    subnet_name: Text,
    token_symbol: Text,
    tempo: C16,
    last_step: C64,
    blocks_since_last_step: C64,
    emission: C64,
    alpha_in: CompactAlpha,
    alpha_out: CompactAlpha,
    tao_in: CompactTao,
    alpha_out_emission: CompactAlpha,
    alpha_in_emission: CompactAlpha,
    tao_in_emission: CompactTao,
    pending_alpha_emission: CompactAlpha,
    pending_root_emission: CompactTao,
    subnet_volume: named("Compact<u128>", CompactU128),
    network_registered_at: C64,
    subnet_identity: option(SubnetIdentityV3),
    moving_price: I96F32,
  },
  { AccountId },
);
export type DynamicInfo = ValueOf<typeof DynamicInfo>;

export function dynamicInfo(s: Reader, netuid: Netuid): DynamicInfo {
  const lastStep = Hyperparameters.LastMechansimStepBlock.get(s, netuid);
  return {
    netuid,
    owner_hotkey: Networks.SubnetOwnerHotkey.get(s, netuid),
    owner_coldkey: Networks.SubnetOwner.get(s, netuid),
    subnet_name: subnetName(s, netuid),
    token_symbol: [...Networks.TokenSymbol.get(s, netuid)],
    tempo: Hyperparameters.Tempo.get(s, netuid),
    last_step: lastStep,
    blocks_since_last_step: BigInt(System.Number.get(s)) - lastStep,
    emission: 0n,
    ...poolFields(s, netuid),
    network_registered_at: Networks.NetworkRegisteredAt.get(s, netuid),
    subnet_identity: Networks.SubnetIdentitiesV3.get(s, netuid),
  };
}
