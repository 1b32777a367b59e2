import type { Netuid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { array, option, record, vec } from "../../../../types/composites.ts";
import { U16 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../../types/type-node.ts";
import { Hyperparameters } from "../hyperparameter-storage.ts";
import { Networks } from "../network-storage.ts";
import { SubnetIdentityV3 } from "../subtensor-types.ts";
import { subnetRules } from "./hyperparameters.ts";
import { Account, C16, C64, CompactNetUid, CompactTao } from "./info-fields.ts";

const ABOUT_SUBNET = {
  netuid: CompactNetUid,
  rho: C16,
  kappa: C16,
  difficulty: C64,
  immunity_period: C16,
  max_allowed_validators: C16,
  min_allowed_weights: C16,
  max_weights_limit: C16,
  scaling_law_power: C16,
  subnetwork_n: C16,
  max_allowed_uids: C16,
  blocks_since_last_step: C64,
  tempo: C16,
  network_modality: C16,
  network_connect: named("Vec<[u16; 2]>", vec(array(U16, 2))),
};
const PRICE_AND_OWNER = { burn: CompactTao, owner: Account };

export const SubnetInfo = record(
  "pallet_subtensor::rpc_info::subnet_info::SubnetInfo",
  { ...ABOUT_SUBNET, emission_values: C64, ...PRICE_AND_OWNER },
  { AccountId },
);
export type SubnetInfo = ValueOf<typeof SubnetInfo>;

export const SubnetInfoV2 = record(
  "pallet_subtensor::rpc_info::subnet_info::SubnetInfov2",
  { ...ABOUT_SUBNET, emission_value: C64, ...PRICE_AND_OWNER, identity: option(SubnetIdentityV3) },
  { AccountId },
);
export type SubnetInfoV2 = ValueOf<typeof SubnetInfoV2>;

export function subnetInfo(s: Reader, netuid: Netuid): SubnetInfo {
  return { ...aboutSubnet(s, netuid), emission_values: 0n };
}

export function subnetInfoV2(s: Reader, netuid: Netuid): SubnetInfoV2 {
  return {
    ...aboutSubnet(s, netuid),
    emission_value: 0n,
    identity: Networks.SubnetIdentitiesV3.get(s, netuid),
  };
}

/** Emission, modality and connections are gone from the chain: 0, 0 and none. */
function aboutSubnet(s: Reader, netuid: Netuid) {
  const rules = subnetRules(s, netuid);
  return {
    netuid,
    rho: rules.rho,
    kappa: rules.kappa,
    difficulty: rules.difficulty,
    immunity_period: rules.immunity_period,
    max_allowed_validators: rules.max_validators,
    min_allowed_weights: rules.min_allowed_weights,
    max_weights_limit: rules.max_weights_limit,
    scaling_law_power: Hyperparameters.ScalingLawPower.get(s, netuid),
    subnetwork_n: Networks.SubnetworkN.get(s, netuid),
    max_allowed_uids: Hyperparameters.MaxAllowedUids.get(s, netuid),
    blocks_since_last_step: Hyperparameters.BlocksSinceLastStep.get(s, netuid),
    tempo: rules.tempo,
    network_modality: 0,
    network_connect: [],
    burn: Networks.Burn.get(s, netuid),
    owner: Networks.SubnetOwner.get(s, netuid),
  };
}
