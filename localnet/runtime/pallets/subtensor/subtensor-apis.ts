import { option, vec } from "../../../types/composites.ts";
import { U8, U16, U64 } from "../../../types/primitives.ts";
import { AccountId } from "../../../types/substrate-types.ts";
import { U64F64 } from "../../consensus/fixed.ts";
import { apiMethod, type RuntimeApi } from "../../dsl/pallet.ts";
import { System } from "../system-storage.ts";
import { nextEpochBlock } from "./epoch-clock.ts";
import { Hyperparameters } from "./hyperparameter-storage.ts";
import { Metagraph, NeuronInfoLite, SelectiveMetagraph, SubnetHyperparamsV2 } from "./info-types.ts";
import { metagraphOf, neuronLite, selectMetagraph } from "./metagraph.ts";
import { Networks } from "./network-storage.ts";
import { lockCost } from "./register-network.ts";
import { subnetHyperparams } from "./subnet-rules.ts";
import { spotPrice, subnetAccount, subnetExists } from "./subnets.ts";
import { NetUid } from "./subtensor-types.ts";

/** Prices in answers are rao per alpha. */
const RAO_PER_TAO = 1_000_000_000n;

/** Questions that clients ask by `state_call`. An unknown subnet is `undefined`. */
export const apis: Record<string, RuntimeApi> = {
  SubnetInfoRuntimeApi: {
    version: 2,
    methods: {
      get_subnet_hyperparams_v2: apiMethod({
        inputs: { netuid: NetUid },
        output: option(SubnetHyperparamsV2),
        run: ({ store: s }, { netuid }) =>
          subnetExists(s, netuid) ? subnetHyperparams(s, netuid) : undefined,
      }),
      get_metagraph: apiMethod({
        inputs: { netuid: NetUid },
        output: option(Metagraph),
        run: ({ store: s }, { netuid }) => (subnetExists(s, netuid) ? metagraphOf(s, netuid) : undefined),
      }),
      get_mechagraph: apiMethod({
        inputs: { netuid: NetUid, mecid: U8 },
        output: option(Metagraph),
        run({ store: s }, { netuid, mecid }) {
          const known =
            subnetExists(s, netuid) && mecid < Hyperparameters.MechanismCountCurrent.get(s, netuid);
          return known ? metagraphOf(s, netuid, mecid) : undefined;
        },
      }),
      get_selective_metagraph: apiMethod({
        inputs: { netuid: NetUid, metagraph_indexes: vec(U16) },
        output: option(SelectiveMetagraph),
        run: ({ store: s }, { netuid, metagraph_indexes }) =>
          subnetExists(s, netuid) ? selectMetagraph(s, netuid, metagraph_indexes) : undefined,
      }),
      get_subnet_account_id: apiMethod({
        inputs: { netuid: NetUid },
        output: option(AccountId),
        run: ({ store: s }, { netuid }) => (subnetExists(s, netuid) ? subnetAccount(netuid) : undefined),
      }),
      get_next_epoch_start_block: apiMethod({
        inputs: { netuid: NetUid },
        output: option(U64),
        run({ store: s }, { netuid }) {
          const next = subnetExists(s, netuid) ? nextEpochBlock(s, netuid) : undefined;
          return next === undefined ? undefined : BigInt(next);
        },
      }),
    },
  },
  NeuronInfoRuntimeApi: {
    version: 1,
    methods: {
      get_neurons_lite: apiMethod({
        inputs: { netuid: NetUid },
        output: vec(NeuronInfoLite),
        run({ store: s }, { netuid }) {
          const n = subnetExists(s, netuid) ? Networks.SubnetworkN.get(s, netuid) : 0;
          return Array.from({ length: n }, (_, uid) => neuronLite(s, netuid, uid));
        },
      }),
      get_neuron_lite: apiMethod({
        inputs: { netuid: NetUid, uid: U16 },
        output: option(NeuronInfoLite),
        run({ store: s }, { netuid, uid }) {
          const known = subnetExists(s, netuid) && uid < Networks.SubnetworkN.get(s, netuid);
          return known ? neuronLite(s, netuid, uid) : undefined;
        },
      }),
    },
  },
  SubnetRegistrationRuntimeApi: {
    version: 1,
    methods: {
      get_network_registration_cost: apiMethod({
        inputs: {},
        output: U64,
        run: ({ store: s }) => lockCost(s, System.Number.get(s)),
      }),
    },
  },
  SwapRuntimeApi: {
    version: 1,
    methods: {
      current_alpha_price: apiMethod({
        inputs: { netuid: NetUid },
        output: U64,
        run: ({ store: s }, { netuid }) =>
          U64F64.toUnsigned(U64F64.mul(spotPrice(s, netuid), U64F64.fromInteger(RAO_PER_TAO)), 64),
      }),
    },
  },
};
