import type { ChainSigner } from "../keys/external-signer.ts";
import type { ChainValue } from "../template.ts";
import type { BlockNumber, Hex, Hotkey, Netuid, Rao, Uid } from "../types.ts";
import type { CommitRevealRules, OpenCommit } from "./commit-reveal.ts";
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
  /** Incentive mechanisms, which take weights of their own: 0..mechanisms-1. */
  mechanisms: number;
  commitRevealEnabled: boolean;
  /** What a commit needs to know; undefined while weights are set in the open. */
  commitReveal: CommitRevealRules | undefined;
  /** The subnet owner's hotkey, to which neither stake nor permit is asked of, and whose incentive is burned. */
  ownerHotkey: Hotkey;
  /** Stake a hotkey needs before its weights are accepted, rao. */
  stakeThresholdRao: Rao;
};

/**
 * Where a submitted call ended up. Both arms are facts read from the chain. Until the block is final a fork may still
 * drop it: `standingOf` says what has become of it.
 */
export type Inclusion =
  | { ok: true; block: BlockNumber; blockHash: Hex; extrinsicHash: Hex; finalized: boolean }
  | {
      ok: false;
      block: BlockNumber;
      blockHash: Hex;
      extrinsicHash: Hex;
      finalized: boolean;
      error: ChainError;
    };

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
  | {
      kind: "setMechanismWeights";
      netuid: Netuid;
      mechanism: number;
      weights: WireWeights;
      versionKey: number;
    }
  | { kind: "commitWeights"; netuid: Netuid; mechanism: number; hash: Hex }
  | {
      kind: "revealWeights";
      netuid: Netuid;
      mechanism: number;
      weights: WireWeights;
      salt: readonly number[];
      versionKey: number;
    }
  | {
      kind: "commitTimelockedWeights";
      netuid: Netuid;
      mechanism: number;
      commit: Uint8Array;
      round: number;
      version: number;
    }
  | { kind: "serveAxon"; netuid: Netuid; ip: string; port: number }
  | { kind: "burnedRegister"; netuid: Netuid; hotkey: Hotkey }
  | { kind: "addStake"; netuid: Netuid; hotkey: Hotkey; amountRao: Rao }
  | { kind: "registerNetwork"; hotkey: Hotkey }
  | { kind: "startCall"; netuid: Netuid }
  | { kind: "commit"; netuid: Netuid; data: Uint8Array }
  | { kind: "setHyperparameter"; netuid: Netuid; setter: string; value: number | bigint | boolean }
  | { kind: "sudo"; pallet: string; call: string; args: Record<string, unknown> };

/** Bytes that a hotkey published for one subnet, and the block that included them. */
export type Commitment = { data: Uint8Array; block: BlockNumber };

/** How the link to the chain is doing. Known without asking anybody. */
export type ChainStatus = {
  /** Undefined while no endpoint can be used. */
  best: BlockNumber | undefined;
  finalized: BlockNumber | undefined;
  /** Blocks are made and do not become final: what is read at the best block may still be undone. */
  isFinalityStalled: boolean;
  /** Version of the runtime in force, where it is known. */
  specVersion?: number | undefined;
  /** Why nothing is signed: calls of the live runtime whose shape we do not know. Empty: writing is possible. */
  writeProblems: readonly string[];
  endpoints: readonly {
    endpoint: string;
    state: string;
    reason: string;
    /** -10..10: bad answers and silence lower it, answers raise it. */
    score: number;
    block: BlockNumber | undefined;
    /** Ready and in step with the others, so that transactions may go there. */
    writable: boolean;
  }[];
};

/**
 * The few things we ask of a chain. Every method ends within the deadline its implementation was opened with,
 * or throws SubforgeError CHAIN_TIMEOUT or CHAIN_UNREACHABLE.
 */
export interface Chain {
  readonly identity: ChainIdentity;
  /** The best block now. */
  head(): Promise<BlockHead>;
  /** The last block that no fork can take away. */
  finalizedHead(): Promise<BlockHead>;
  /**
   * New best blocks, oldest first, without gaps after the first; only after an outage of hours are the oldest left out,
   * and the log says which. Ends when the signal aborts.
   */
  heads(signal: AbortSignal): AsyncIterable<BlockHead>;
  /** @returns undefined when the block does not exist yet. */
  blockHash(number: BlockNumber): Promise<Hex | undefined>;
  subnetRules(netuid: Netuid): Promise<SubnetRules>;
  metagraph(netuid: Netuid): Promise<Metagraph>;
  /**
   * The row a neuron has on chain, as stored; empty when it never set any. With two endpoints in step, both are asked.
   *
   * @param at - Hash of a block; default: the best one.
   * @throws SubforgeError CHAIN_ENDPOINTS_DISAGREE
   */
  weights(netuid: Netuid, uid: Uid, options?: { mechanism?: number; at?: Hex }): Promise<WireWeights>;
  /** Block of a neuron's last weights or commit of weights in a mechanism, 0 when there were none. */
  lastUpdate(netuid: Netuid, uid: Uid, mechanism: number): Promise<BlockNumber>;
  /** Commits of a hotkey's weights that are still closed, oldest first. */
  openCommits(netuid: Netuid, hotkey: Hotkey, mechanism: number): Promise<OpenCommit[]>;
  /** The last `commit` of a hotkey, with the block that included it. */
  commitment(netuid: Netuid, hotkey: Hotkey): Promise<Commitment | undefined>;
  /**
   * The same of many hotkeys, in one question. Who committed nothing is missing.
   *
   * @param at - Hash of a block; default: the best one.
   */
  commitments(netuid: Netuid, hotkeys: readonly Hotkey[], at?: Hex): Promise<ReadonlyMap<Hotkey, Commitment>>;
  /**
   * A number that the chain itself knows, after one block: prices in TAO per alpha, reserves and costs in TAO or alpha, an
   * interval in seconds.
   *
   * @param at - Hash of the block.
   * @throws SubforgeError CHAIN_NO_SUBNET, CHAIN_BAD_ANSWER, CHAIN_CALL_UNKNOWN
   */
  valueAt(value: Pick<ChainValue, "kind" | "netuid">, at: Hex): Promise<number>;
  /**
   * Build and sign a call without sending it. What one key signs has to be sent in the same order: see `inTurn`.
   *
   * @throws SubforgeError CHAIN_CALL_UNKNOWN when the live runtime has no such call or another shape of it,
   * CHAIN_WRITES_STOPPED after an upgrade to a runtime that writes other calls in a way we do not know, and the
   * SIGNER_ codes of an external signer
   */
  sign(call: Call, signer: ChainSigner): Promise<SignedCall>;
  /**
   * Send a signed call and follow it into a block, over lost connections and forks.
   *
   * @throws SubforgeError CHAIN_CALL_REFUSED when the pool refused it: it will not be included.
   * @throws SubforgeError CHAIN_NONCE_TAKEN when another call of the same key took its place: sign it again.
   * @throws SubforgeError CHAIN_OUTCOME_UNKNOWN when it may or may not be included: ask `inclusionOf`.
   */
  submit(call: SignedCall): Promise<Inclusion>;
  /**
   * One piece of work of a key after the other, in this process: sign and submit in it, so that nonces arrive in order.
   * Must not be called for the same key from within.
   */
  inTurn<T>(signer: Hotkey, work: () => Promise<T>): Promise<T>;
  /**
   * Look for a call by hash in the blocks `from`..best.
   *
   * @returns undefined when it is in none of them.
   */
  inclusionOf(extrinsicHash: Hex, from: BlockNumber): Promise<Inclusion | undefined>;
  status(): ChainStatus;
  close(): Promise<void>;
}
