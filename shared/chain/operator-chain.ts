import type { BlockNumber, Coldkey, Hex, Hotkey, Netuid, Rao } from "../types.ts";
import type { Call, Chain } from "./chain.ts";
import type { HyperparameterValues } from "./hyperparameters.ts";

/** A subnet as its owner and those who want to join it see it, at one block. */
export type SubnetInfo = {
  netuid: Netuid;
  block: BlockNumber;
  owner: Coldkey;
  ownerHotkey: Hotkey;
  neurons: number;
  maxNeurons: number;
  registeredAt: BlockNumber;
  /** The owner called `start_call`, so that the subnet takes part in emission. */
  isStarted: boolean;
  /** First block in which `start_call` is accepted. */
  startableFrom: BlockNumber;
  isRegistrationOpen: boolean;
  /** Price of a registration now, rao. */
  burnRao: Rao;
  mechanisms: number;
  hyperparameters: HyperparameterValues;
};

/** What commands of people ask besides what neurons do. Deadlines and errors are those of `Chain`. */
export interface OperatorChain extends Chain {
  /** What the chain would charge for a call of this account now, rao. Nothing is signed. */
  fee(call: Call, account: Coldkey | Hotkey): Promise<Rao>;
  /** When the block with this hash was made, by its author, Unix ms; undefined when the chain keeps no time. */
  blockTimeMs(at: Hex): Promise<number | undefined>;
  /** Free balance, rao. */
  balance(account: Coldkey | Hotkey): Promise<Rao>;
  /** @throws SubforgeError CHAIN_NO_SUBNET */
  subnetInfo(netuid: Netuid): Promise<SubnetInfo>;
  /** The subnets of a coldkey, and when each was registered. */
  subnetsOf(owner: Coldkey): Promise<{ netuid: Netuid; registeredAt: BlockNumber }[]>;
  /** What registering a subnet costs now, rao. It doubles with each one and falls from block to block. */
  registrationCost(): Promise<Rao>;
}
