import { BareChain } from "../localnet/runtime/bare-chain.ts";
import type { Account } from "../localnet/runtime/dsl/context.ts";
import { Drand } from "../localnet/runtime/pallets/drand/drand-storage.ts";
import { beaconOf } from "../localnet/runtime/pallets/drand/pulses.ts";
import { Commits } from "../localnet/runtime/pallets/subtensor/commit-storage.ts";
import { Hyperparameters as H } from "../localnet/runtime/pallets/subtensor/hyperparameter-storage.ts";
import { Networks } from "../localnet/runtime/pallets/subtensor/network-storage.ts";
import { Neurons } from "../localnet/runtime/pallets/subtensor/neuron-storage.ts";
import { Timestamp } from "../localnet/runtime/pallets/timestamp.ts";
import type { Reader } from "../localnet/state/store.ts";
import type {
  BlockHead,
  Call,
  Inclusion,
  SignedCall,
  SubnetRules,
  WireWeights,
} from "../shared/chain/chain.ts";
import type { OpenCommit } from "../shared/chain/commit-reveal.ts";
import type { Metagraph } from "../shared/chain/metagraph.ts";
import { storageIndexOf } from "../shared/chain/timelock/commit-hash.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Hex } from "../shared/types.ts";
import type { WeightSetterDeps } from "./weight-setter.ts";

/*
 * Test support: what a weight setter asks of a chain, answered by the real rules without a node. A submitted call is in
 * the next block at once; what the chain's pool would refuse is refused.
 */

export const NETUID = 2;
const SLOT_MS = 1_000;
const TEMPO = 20;
const ERA = 16;
const OWNER = account(0xa0);
const MINER = account(0xc1);
/** Errors by which the pool refuses a call: it never reaches a block. */
const OF_THE_POOL = [
  "RevealTooEarly",
  "NoWeightsCommitFound",
  "InvalidRevealRound",
  "CommittingWeightsTooFast",
];

type Signed = { call: Call; nonce: number };

type WeightChain = WeightSetterDeps["chain"];

export class BareChainLink implements WeightChain {
  readonly chain: BareChain;
  readonly #hotkey: Account;
  readonly #address: string;
  readonly #signed = new Map<Hex, Signed>();
  readonly #included = new Map<Hex, Inclusion>();
  /** Blocks between the best one and the last final one. */
  finalityLag = 0;
  #nonce = 0;
  #signatures = 0;

  constructor(signer: Keypair) {
    this.#address = signer.address;
    this.#hotkey = `0x${Buffer.from(signer.publicKey).toString("hex")}`;
    this.chain = new BareChain({
      balances: [{ account: OWNER, rao: 10n ** 16n }],
      sudo: OWNER,
      slotMs: SLOT_MS,
    });
    this.#must(this.chain.call(OWNER, "SubtensorModule", "register_network", { hotkey: this.#hotkey }));
    this.#must(this.chain.call(OWNER, "SubtensorModule", "start_call", { netuid: NETUID }));
    this.#must(
      this.chain.call(OWNER, "SubtensorModule", "burned_register", { netuid: NETUID, hotkey: MINER }),
    );
    this.admin("sudo_set_weights_set_rate_limit", { weights_set_rate_limit: 0n });
    this.admin("sudo_set_min_allowed_weights", { min_allowed_weights: 1 });
    this.admin("sudo_set_tempo", { tempo: TEMPO });
    this.#must(this.chain.root("AdminUtils", "sudo_set_admin_freeze_window", { window: 0 }));
    this.chain.state.block(() => {
      H.MechanismCountCurrent.put(this.chain.state, NETUID, 2);
      Neurons.LastUpdate.put(this.chain.state, storageIndexOf(NETUID, 1), [0n, 0n]);
    });
    this.passEpoch();
  }

  get epoch(): number {
    return Number(H.SubnetEpochIndex.get(this.chain.state, NETUID));
  }

  get minerHotkey(): Account {
    return MINER;
  }

  admin(call: string, args: Record<string, unknown>): void {
    this.#must(this.chain.root("AdminUtils", call, { netuid: NETUID, ...args }));
  }

  setVersion(version: number): void {
    this.#must(this.chain.root("AdminUtils", "sudo_set_commit_reveal_version", { version }));
  }

  /** The administrator writes nonsense where the beacon's key belongs. */
  breakBeacon(): void {
    this.chain.state.block(() =>
      Drand.BeaconConfig.mutate(this.chain.state, (config) => ({
        ...config,
        public_key: new Uint8Array(96),
      })),
    );
  }

  /** The beacon falls silent: nothing is signed any more. */
  silenceBeacon(): void {
    this.chain.state.block(() => Drand.BeaconConfig.remove(this.chain.state));
  }

  passEpoch(): void {
    const before = this.epoch;
    while (this.epoch === before) this.chain.pass(1);
  }

  /** A fork drops the last blocks, and whatever was in them. */
  dropBlocks(count: number): void {
    this.chain.state.revertTo(this.chain.block - count);
    for (const [hash, { block }] of this.#included) {
      if (block > this.chain.block) this.#included.delete(hash);
    }
    this.#nonce = this.#included.size;
  }

  row(mechanism: number, s: Reader = this.chain.state): WireWeights {
    const pairs = Neurons.Weights.get(s, storageIndexOf(NETUID, mechanism), 0);
    return { uids: pairs.map(([uid]) => uid), values: pairs.map(([, value]) => value) };
  }

  async subnetRules(): Promise<SubnetRules> {
    const s = this.chain.state;
    const lastEpochBlock = Number(H.LastEpochBlock.get(s, NETUID));
    const isEnabled = H.CommitRevealWeightsEnabled.get(s, NETUID);
    return {
      netuid: NETUID,
      block: this.chain.block,
      blockHash: hashOf(this.chain.block),
      tempo: TEMPO,
      lastEpochBlock,
      epochIndex: this.epoch,
      nextEpochBlock: lastEpochBlock + TEMPO,
      weightsRateLimit: Number(H.WeightsSetRateLimit.get(s, NETUID)),
      minAllowedWeights: H.MinAllowedWeights.get(s, NETUID),
      maxWeightLimit: 65_535,
      weightsVersionKey: Number(H.WeightsVersionKey.get(s, NETUID)),
      ownerHotkey: this.#addressOf(Networks.SubnetOwnerHotkey.get(s, NETUID)),
      stakeThresholdRao: 0n,
      mechanisms: H.MechanismCountCurrent.get(s, NETUID),
      commitRevealEnabled: isEnabled,
      commitReveal: isEnabled
        ? {
            revealPeriodEpochs: Number(H.RevealPeriodEpochs.get(s, NETUID)),
            pendingEpochAt: Number(H.PendingEpochAt.get(s, NETUID)),
            blocksSinceLastStep: Number(H.BlocksSinceLastStep.get(s, NETUID)),
            timeMs: Number(Timestamp.Now.get(s)),
            slotMs: SLOT_MS,
            timelockVersion: H.CommitRevealWeightsVersion.get(s),
            beacon: beaconOf(s),
            lastStoredRound: Number(Drand.LastStoredRound.get(s)),
          }
        : undefined,
    };
  }

  async metagraph(): Promise<Metagraph> {
    const s = this.chain.state;
    const n = Networks.SubnetworkN.get(s, NETUID);
    const neurons = Array.from({ length: n }, (_, uid) => ({
      uid,
      hotkey: this.#addressOf(Neurons.Keys.get(s, NETUID, uid)),
      coldkey: OWNER,
      axon: undefined,
      stakeRao: 0n,
      validatorPermit: uid === 0,
      active: true,
      incentive: 0,
      dividends: 0,
      consensus: 0,
      emissionRao: 0n,
      lastUpdate: Number(Neurons.LastUpdate.get(s, NETUID)[uid]),
      registeredAt: Number(Neurons.BlockAtRegistration.get(s, NETUID, uid)),
    }));
    return { netuid: NETUID, block: this.chain.block, neurons };
  }

  async weights(
    _netuid: number,
    _uid: number,
    { mechanism = 0, at }: { mechanism?: number; at?: Hex } = {},
  ): Promise<WireWeights> {
    return this.row(mechanism, at && this.chain.state.at(Number(at)));
  }

  async lastUpdate(_netuid: number, uid: number, mechanism: number): Promise<number> {
    return Number(Neurons.LastUpdate.get(this.chain.state, storageIndexOf(NETUID, mechanism))[uid]);
  }

  async openCommits(_netuid: number, _hotkey: string, mechanism: number): Promise<OpenCommit[]> {
    const s = this.chain.state;
    const index = storageIndexOf(NETUID, mechanism);
    const hashes = (Commits.WeightCommits.get(s, index, this.#hotkey) ?? []).map(
      ([hash, epoch, block]): OpenCommit => ({
        method: "hash",
        hash,
        epoch: Number(epoch),
        block: Number(block),
      }),
    );
    const timelocked = [...Commits.TimelockedWeightCommits.entries(s, index)].flatMap(
      ([[, epoch], entries]) =>
        entries.map(
          ([, block]): OpenCommit => ({
            method: "timelock",
            hash: undefined,
            epoch: Number(epoch),
            block: Number(block),
          }),
        ),
    );
    return [...hashes, ...timelocked];
  }

  async sign(call: Call, signer: Keypair): Promise<SignedCall> {
    const extrinsicHash = hashOf(++this.#signatures);
    this.#signed.set(extrinsicHash, { call, nonce: this.#nonce });
    const validUntil = this.chain.block + ERA;
    return { bytes: "0x", extrinsicHash, signer: signer.address, nonce: this.#nonce, validUntil };
  }

  async submit({ extrinsicHash, validUntil }: SignedCall): Promise<Inclusion> {
    const { call, nonce } = this.#signed.get(extrinsicHash)!;
    if (nonce < this.#nonce || this.chain.block >= validUntil!) throw refused("stale nonce or era");
    const outcome = this.chain.call(this.#hotkey, "SubtensorModule", ...toRuntime(call));
    const name = outcome.ok ? "" : outcome.name.slice(outcome.name.indexOf(".") + 1);
    if (OF_THE_POOL.includes(name)) throw refused(name);
    this.#nonce++;
    const where = {
      block: this.chain.block,
      blockHash: hashOf(this.chain.block),
      extrinsicHash,
      finalized: true,
    };
    const inclusion: Inclusion = outcome.ok
      ? { ok: true, ...where }
      : { ok: false, ...where, error: { name: outcome.name, docs: "" } };
    this.#included.set(extrinsicHash, inclusion);
    return inclusion;
  }

  inTurn<T>(_signer: string, work: () => Promise<T>): Promise<T> {
    return work();
  }

  async finalizedHead(): Promise<BlockHead> {
    const block = this.chain.block - this.finalityLag;
    return { number: block, hash: hashOf(block), parentHash: hashOf(block - 1) };
  }

  async blockHash(number: number): Promise<Hex> {
    return hashOf(number);
  }

  async inclusionOf(extrinsicHash: Hex): Promise<Inclusion | undefined> {
    return this.#included.get(extrinsicHash);
  }

  /** Only the validator itself is ever looked up by its address. */
  #addressOf(key: Account): string {
    return key === this.#hotkey ? this.#address : key;
  }

  #must(outcome: ReturnType<BareChain["call"]>): void {
    if (!outcome.ok) throw new Error(outcome.name);
  }
}

function toRuntime(call: Call): [name: string, args: Record<string, unknown>] {
  switch (call.kind) {
    case "setWeights":
    case "setMechanismWeights": {
      const { netuid, weights, versionKey } = call;
      const args = { netuid, dests: weights.uids, weights: weights.values, version_key: BigInt(versionKey) };
      return call.kind === "setWeights"
        ? ["set_weights", args]
        : ["set_mechanism_weights", { ...args, mecid: call.mechanism }];
    }
    case "commitWeights":
      return ["commit_mechanism_weights", { netuid: NETUID, mecid: call.mechanism, commit_hash: call.hash }];
    case "revealWeights":
      return [
        "reveal_mechanism_weights",
        {
          netuid: NETUID,
          mecid: call.mechanism,
          ...call.weights,
          salt: [...call.salt],
          version_key: BigInt(call.versionKey),
        },
      ];
    case "commitTimelockedWeights":
      return [
        "commit_timelocked_mechanism_weights",
        {
          netuid: NETUID,
          mecid: call.mechanism,
          commit: call.commit,
          reveal_round: BigInt(call.round),
          commit_reveal_version: call.version,
        },
      ];
    default:
      throw new Error(`a weight setter does not send ${call.kind}`);
  }
}

function refused(reason: string): SubforgeError {
  return new SubforgeError("CHAIN_CALL_REFUSED", { call: "weights", code: 1010, reason });
}

function hashOf(number: number): Hex {
  return `0x${number.toString(16).padStart(64, "0")}`;
}

function account(byte: number): Account {
  return `0x${byte.toString(16).padStart(2, "0").repeat(32)}`;
}
