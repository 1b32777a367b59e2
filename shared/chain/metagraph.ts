import type { BlockNumber, Coldkey, Hotkey, Netuid, Rao, Uid } from "../types.ts";

/** Where a neuron says it listens. `ip` is textual IPv4 or IPv6, never checked against an address policy yet. */
export type AxonAddress = { ip: string; port: number; protocol: number; version: number; block: BlockNumber };

/** One slot of a subnet at one block. Ratios are 0..1. */
export type Neuron = {
  uid: Uid;
  hotkey: Hotkey;
  coldkey: Coldkey;
  /** Undefined when the neuron never announced an address. */
  axon: AxonAddress | undefined;
  /** Total stake in the subnet's own measure: alpha plus weighted TAO, in rao. */
  stakeRao: Rao;
  validatorPermit: boolean;
  active: boolean;
  /** Miner's share of the last epoch. */
  incentive: number;
  /** Validator's share of the last epoch. */
  dividends: number;
  consensus: number;
  /** Alpha paid in the last epoch, rao. */
  emissionRao: Rao;
  /** Block of the last accepted weights, not a time. */
  lastUpdate: BlockNumber;
  registeredAt: BlockNumber;
};

/** One subnet at one block, neurons by uid: `neurons[i].uid === i`. */
export type Metagraph = {
  netuid: Netuid;
  block: BlockNumber;
  neurons: Neuron[];
};

export function neuronByHotkey(metagraph: Metagraph, hotkey: Hotkey): Neuron | undefined {
  return metagraph.neurons.find((neuron) => neuron.hotkey === hotkey);
}
