import { option, vec } from "../../../../types/composites.ts";
import { U16 } from "../../../../types/primitives.ts";
import { apiMethod, type RuntimeApi } from "../../../dsl/pallet.ts";
import { NetUid } from "../subtensor-types.ts";
import { NeuronInfo, NeuronInfoLite, neuronInfo, neuronLite, uidsOf } from "./neuron-info.ts";

/** Neurons one by one, as structs; the metagraph has the same in columns. */
export const neuronInfoApi: RuntimeApi = {
  version: 1,
  methods: {
    get_neurons: apiMethod({
      inputs: { netuid: NetUid },
      output: vec(NeuronInfo),
      run: ({ store: s }, { netuid }) => uidsOf(s, netuid).map((uid) => neuronInfo(s, netuid, uid)),
    }),
    get_neuron: apiMethod({
      inputs: { netuid: NetUid, uid: U16 },
      output: option(NeuronInfo),
      run: ({ store: s }, { netuid, uid }) =>
        uid < uidsOf(s, netuid).length ? neuronInfo(s, netuid, uid) : undefined,
    }),
    get_neurons_lite: apiMethod({
      inputs: { netuid: NetUid },
      output: vec(NeuronInfoLite),
      run: ({ store: s }, { netuid }) => uidsOf(s, netuid).map((uid) => neuronLite(s, netuid, uid)),
    }),
    get_neuron_lite: apiMethod({
      inputs: { netuid: NetUid, uid: U16 },
      output: option(NeuronInfoLite),
      run: ({ store: s }, { netuid, uid }) =>
        uid < uidsOf(s, netuid).length ? neuronLite(s, netuid, uid) : undefined,
    }),
  },
};
