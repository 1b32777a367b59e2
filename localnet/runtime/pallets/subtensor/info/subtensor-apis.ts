import { U64 } from "../../../../types/primitives.ts";
import { apiMethod, type RuntimeApi } from "../../../dsl/pallet.ts";
import { System } from "../../system-storage.ts";
import { lockCost } from "../register-network.ts";
import { delegateInfoApi } from "./delegate-apis.ts";
import { neuronInfoApi } from "./neuron-apis.ts";
import { stakeInfoApi } from "./stake-apis.ts";
import { subnetInfoApi } from "./subnet-apis.ts";
import { swapApi } from "./swap-apis.ts";

/** Questions that clients ask by `state_call`. */
export const apis: Record<string, RuntimeApi> = {
  SubnetInfoRuntimeApi: subnetInfoApi,
  NeuronInfoRuntimeApi: neuronInfoApi,
  StakeInfoRuntimeApi: stakeInfoApi,
  DelegateInfoRuntimeApi: delegateInfoApi,
  SwapRuntimeApi: swapApi,
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
};
