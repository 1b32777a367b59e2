import type { Netuid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { option, vec } from "../../../../types/composites.ts";
import { U8, U16, U64 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import type { TypeNode } from "../../../../types/type-node.ts";
import { apiMethod, type RuntimeApi, type RuntimeApiMethod } from "../../../dsl/pallet.ts";
import { nextEpochBlock } from "../epoch-clock.ts";
import { Hyperparameters } from "../hyperparameter-storage.ts";
import { Neurons } from "../neuron-storage.ts";
import { subnetAccount, subnetExists, subnetIds } from "../subnets.ts";
import { NetUid } from "../subtensor-types.ts";
import { DynamicInfo, dynamicInfo } from "./dynamic-info.ts";
import { HyperparamEntry, SubnetHyperparams, SubnetHyperparamsV2 } from "./hyperparameter-types.ts";
import { subnetHyperparamsV2, subnetHyperparamsV3, subnetRules } from "./hyperparameters.ts";
import { metagraphOf, selectMechagraph, selectMetagraph } from "./metagraph.ts";
import { Metagraph, SelectiveMetagraph } from "./metagraph-types.ts";
import { SubnetInfo, SubnetInfoV2, subnetInfo, subnetInfoV2 } from "./subnet-info.ts";
import { SubnetState, subnetState } from "./subnet-state.ts";

/** Subnets, one or all. An unknown one is `undefined`. */
export const subnetInfoApi: RuntimeApi = {
  version: 2,
  methods: {
    get_subnet_info: ofSubnet(SubnetInfo, subnetInfo),
    get_subnets_info: ofAll(SubnetInfo, subnetInfo),
    get_subnet_info_v2: ofSubnet(SubnetInfoV2, subnetInfoV2),
    get_subnets_info_v2: ofAll(SubnetInfoV2, subnetInfoV2),
    get_dynamic_info: ofSubnet(DynamicInfo, dynamicInfo),
    get_all_dynamic_info: ofAll(DynamicInfo, dynamicInfo),
    get_subnet_state: ofSubnet(SubnetState, subnetState),
    get_subnet_hyperparams: ofSubnet(SubnetHyperparams, subnetRules),
    get_subnet_hyperparams_v2: ofSubnet(SubnetHyperparamsV2, subnetHyperparamsV2),
    get_subnet_hyperparams_v3: ofSubnet(vec(HyperparamEntry), subnetHyperparamsV3),
    get_subnet_account_id: ofSubnet(AccountId, (_, netuid) => subnetAccount(netuid)),
    get_next_epoch_start_block: ofSubnet(U64, (s, netuid) => {
      const next = nextEpochBlock(s, netuid);
      return next === undefined ? undefined : BigInt(next);
    }),
    get_coldkey_auto_stake_hotkey: apiMethod({
      inputs: { coldkey: AccountId, netuid: NetUid },
      output: option(AccountId),
      run: ({ store: s }, { coldkey, netuid }) => Neurons.AutoStakeDestination.get(s, coldkey, netuid),
    }),
    get_metagraph: ofSubnet(Metagraph, (s, netuid) => metagraphOf(s, netuid)),
    get_all_metagraphs: ofAll(Metagraph, (s, netuid) => metagraphOf(s, netuid)),
    get_mechagraph: apiMethod({
      inputs: { netuid: NetUid, mecid: U8 },
      output: option(Metagraph),
      run: ({ store: s }, { netuid, mecid }) =>
        subnetExists(s, netuid) && mecid < mechanismCount(s, netuid)
          ? metagraphOf(s, netuid, mecid)
          : undefined,
    }),
    get_all_mechagraphs: apiMethod({
      inputs: {},
      output: vec(option(Metagraph)),
      run: ({ store: s }) =>
        subnetIds(s).flatMap((netuid) =>
          Array.from({ length: mechanismCount(s, netuid) }, (_, mecid) => metagraphOf(s, netuid, mecid)),
        ),
    }),
    get_selective_metagraph: apiMethod({
      inputs: { netuid: NetUid, metagraph_indexes: vec(U16) },
      output: option(SelectiveMetagraph),
      run: ({ store: s }, { netuid, metagraph_indexes }) =>
        subnetExists(s, netuid) ? selectMetagraph(s, netuid, metagraph_indexes) : undefined,
    }),
    get_selective_mechagraph: apiMethod({
      inputs: { netuid: NetUid, subid: U8, metagraph_indexes: vec(U16) },
      output: option(SelectiveMetagraph),
      run: ({ store: s }, { netuid, subid, metagraph_indexes }) =>
        subnetExists(s, netuid) ? selectMechagraph(s, netuid, subid, metagraph_indexes) : undefined,
    }),
  },
};

function ofSubnet<T>(
  type: TypeNode<T>,
  read: (s: Reader, netuid: Netuid) => T | undefined,
): RuntimeApiMethod {
  return apiMethod({
    inputs: { netuid: NetUid },
    output: option(type),
    run: ({ store: s }, { netuid }) => (subnetExists(s, netuid) ? read(s, netuid) : undefined),
  });
}

function ofAll<T>(type: TypeNode<T>, read: (s: Reader, netuid: Netuid) => T): RuntimeApiMethod {
  return apiMethod({
    inputs: {},
    output: vec(option(type)),
    run: ({ store: s }) => subnetIds(s).map((netuid) => read(s, netuid)),
  });
}

function mechanismCount(s: Reader, netuid: Netuid): number {
  return Hyperparameters.MechanismCountCurrent.get(s, netuid);
}
