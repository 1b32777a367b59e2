import type { Keypair } from "../keys/keypair.ts";
import type { BlockNumber, Hex, Hotkey, Netuid, Rao, Uid } from "../types.ts";
import type { Metagraph } from "./metagraph.ts";

/** Arguments of `set_weights`: two columns of equal length, uids ascending, values 1..65535. */
export type WireWeights = { uids: Uid[]; values: number[] };

export type BlockHead = { number: BlockNumber; hash: Hex; parentHash: Hex };

/** Who the chain is. `genesis` is what an operator pins. */
export type ChainIdentity = { name: string; genesis: Hex; specName: string; specVersion: number };

/**
 * What the chain decides for a subnet, read at one block and never configured: counters of the epoch clock
 * and the rules a weight vector must pass. Units are blocks unless a name says otherwise.
 */
export type SubnetRules = {
  netuid: Netuid;
  block: BlockNumber;
  /** Hash of `block`. */
  blockHash: Hex;
  /** Blocks per epoch. 0: epochs are off. */
  tempo: number;
  /** Block of the last consumed epoch slot: the running epoch started here. */
  lastEpochBlock: BlockNumber;
  /** Count of consumed epoch slots: the number of the running epoch. */
  epochIndex: number;
  /** First block at which the next epoch is due, undefined when epochs are off. */
  nextEpochBlock: BlockNumber | undefined;
  weightsRateLimit: number;
  minAllowedWeights: number;
  /** Largest share of one uid, u16 of 65535. */
  maxWeightLimit: number;
  weightsVersionKey: number;
  commitRevealEnabled: boolean;
  /** Stake a hotkey needs before its weights are accepted, rao. */
  stakeThresholdRao: Rao;
};

/** Where a submitted call ended up. Both arms are facts read from the chain. */
export type Inclusion =
  | { ok: true; block: BlockNumber; blockHash: Hex; extrinsicHash: Hex }
  | { ok: false; block: BlockNumber; blockHash: Hex; extrinsicHash: Hex; error: ChainError };

/** An error in the chain's own words: `SubtensorModule.SettingWeightsTooFast`. */
export type ChainError = { name: string; docs: string };

/**
 * A signed call that was not sent yet. The bytes are final: sending them twice is harmless, so they may be
 * journalled before they are submitted and sent again after a crash.
 */
export type SignedCall = {
  bytes: Hex;
  extrinsicHash: Hex;
  signer: Hotkey;
  nonce: number;
  /** Last block in which it may be included; undefined for an immortal call. */
  validUntil: BlockNumber | undefined;
};

/** The calls this project makes. Amounts are rao. */
export type Call =
  | { kind: "setWeights"; netuid: Netuid; weights: WireWeights; versionKey: number }
  | { kind: "serveAxon"; netuid: Netuid; ip: string; port: number }
  | { kind: "burnedRegister"; netuid: Netuid; hotkey: Hotkey }
  | { kind: "addStake"; netuid: Netuid; hotkey: Hotkey; amountRao: Rao }
  | { kind: "registerNetwork"; hotkey: Hotkey }
  | { kind: "startCall"; netuid: Netuid }
  | { kind: "commit"; netuid: Netuid; data: Uint8Array }
  | { kind: "sudo"; pallet: string; call: string; args: Record<string, unknown> };

/**
 * The few things we ask of a chain. Every method ends within the deadline its implementation was opened with,
 * or throws SubforgeError CHAIN_TIMEOUT or CHAIN_UNREACHABLE.
 */
export interface Chain {
  readonly identity: ChainIdentity;
  /** The best block now. */
  head(): Promise<BlockHead>;
  /** New best blocks, oldest first, without gaps after the first. Ends when the signal aborts. */
  heads(signal: AbortSignal): AsyncIterable<BlockHead>;
  /** @returns undefined when the block does not exist yet. */
  blockHash(number: BlockNumber): Promise<Hex | undefined>;
  subnetRules(netuid: Netuid): Promise<SubnetRules>;
  metagraph(netuid: Netuid): Promise<Metagraph>;
  /** The row a neuron has on chain at the best block, as stored; empty when it never set any. */
  weights(netuid: Netuid, uid: Uid): Promise<WireWeights>;
  /** The last `commit` of a hotkey, with the block that included it. */
  commitment(netuid: Netuid, hotkey: Hotkey): Promise<{ data: Uint8Array; block: BlockNumber } | undefined>;
  /**
   * Build and sign a call without sending it.
   *
   * @throws SubforgeError CHAIN_CALL_UNKNOWN when the live runtime has no such call or another shape of it
   */
  sign(call: Call, signer: Keypair): Promise<SignedCall>;
  /**
   * Send a signed call and follow it into a block.
   *
   * @throws SubforgeError CHAIN_CALL_REFUSED when the pool refused it: it will not be included.
   * @throws SubforgeError CHAIN_OUTCOME_UNKNOWN when it may or may not be included: ask `inclusionOf`.
   */
  submit(call: SignedCall): Promise<Inclusion>;
  /**
   * Look for a call by hash in the blocks `from`..best.
   *
   * @returns undefined when it is in none of them.
   */
  inclusionOf(extrinsicHash: Hex, from: BlockNumber): Promise<Inclusion | undefined>;
  close(): Promise<void>;
}
