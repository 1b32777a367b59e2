import type { Netuid, Uid } from "../../../../../shared/types.ts";
import type { Reader } from "../../../../state/store.ts";
import { record, tuple, vec } from "../../../../types/composites.ts";
import { Bool, CompactU16 } from "../../../../types/primitives.ts";
import { AccountId } from "../../../../types/substrate-types.ts";
import { named, type ValueOf } from "../../../../types/type-node.ts";
import { Networks } from "../network-storage.ts";
import { Neurons } from "../neuron-storage.ts";
import { hotkeyStake } from "../stake.ts";
import { subnetExists } from "../subnets.ts";
import { AxonInfo, PrometheusInfo } from "../subtensor-types.ts";
import {
  Account,
  AlphaByAccount,
  C16,
  C64,
  CompactAlpha,
  CompactNetUid,
  NO_PRUNING_SCORE,
} from "./info-fields.ts";

const ABOUT_NEURON = {
  hotkey: Account,
  coldkey: Account,
  uid: C16,
  netuid: CompactNetUid,
  active: Bool,
  axon_info: AxonInfo,
  prometheus_info: PrometheusInfo,
  stake: AlphaByAccount,
  rank: C16,
  emission: CompactAlpha,
  incentive: C16,
  consensus: C16,
  trust: C16,
  validator_trust: C16,
  dividends: C16,
  last_update: C64,
  validator_permit: Bool,
};

const SharesByUid = named("Vec<(Compact<u16>, Compact<u16>)>", vec(tuple(CompactU16, CompactU16)));

export const NeuronInfoLite = record(
  "pallet_subtensor::rpc_info::neuron_info::NeuronInfoLite",
  { ...ABOUT_NEURON, pruning_score: C16 },
  { AccountId },
);
export type NeuronInfoLite = ValueOf<typeof NeuronInfoLite>;

export const NeuronInfo = record(
  "pallet_subtensor::rpc_info::neuron_info::NeuronInfo",
  { ...ABOUT_NEURON, weights: SharesByUid, bonds: SharesByUid, pruning_score: C16 },
  { AccountId },
);
export type NeuronInfo = ValueOf<typeof NeuronInfo>;

/** What is answered for a neuron that serves nothing. */
export const NO_AXON: AxonInfo = {
  block: 0n,
  version: 0,
  ip: 0n,
  port: 0,
  ip_type: 0,
  protocol: 0,
  placeholder1: 0,
  placeholder2: 0,
};
const NO_PROMETHEUS = { block: 0n, version: 0, ip: 0n, port: 0, ip_type: 0 };

/** Every uid of a subnet, ascending; none where there is no such subnet. */
export function uidsOf(s: Reader, netuid: Netuid): Uid[] {
  const n = subnetExists(s, netuid) ? Networks.SubnetworkN.get(s, netuid) : 0;
  return Array.from({ length: n }, (_, uid) => uid);
}

export function neuronLite(s: Reader, netuid: Netuid, uid: Uid): NeuronInfoLite {
  const hotkey = Neurons.Keys.get(s, netuid, uid);
  const coldkey = Neurons.Owner.get(s, hotkey);
  return {
    hotkey,
    coldkey,
    uid,
    netuid,
    active: Neurons.Active.get(s, netuid)[uid] ?? false,
    axon_info: Neurons.Axons.get(s, netuid, hotkey) ?? NO_AXON,
    prometheus_info: Neurons.Prometheus.get(s, netuid, hotkey) ?? NO_PROMETHEUS,
    stake: [[coldkey, hotkeyStake(s, hotkey, netuid)]],
    rank: 0,
    emission: Neurons.Emission.get(s, netuid)[uid] ?? 0n,
    incentive: Neurons.Incentive.get(s, netuid)[uid] ?? 0,
    consensus: Neurons.Consensus.get(s, netuid)[uid] ?? 0,
    trust: 0,
    validator_trust: Neurons.ValidatorTrust.get(s, netuid)[uid] ?? 0,
    dividends: Neurons.Dividends.get(s, netuid)[uid] ?? 0,
    last_update: Neurons.LastUpdate.get(s, netuid)[uid] ?? 0n,
    validator_permit: Neurons.ValidatorPermit.get(s, netuid)[uid] ?? false,
    pruning_score: NO_PRUNING_SCORE,
  };
}

/** The same with the weights and bonds of the first mechanism, zeros left out. */
export function neuronInfo(s: Reader, netuid: Netuid, uid: Uid): NeuronInfo {
  return {
    ...neuronLite(s, netuid, uid),
    weights: Neurons.Weights.get(s, netuid, uid).filter(([, weight]) => weight > 0),
    bonds: Neurons.Bonds.get(s, netuid, uid).filter(([, bond]) => bond > 0),
  };
}
