import { setMaxListeners } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type LocalNode, startLocalNode } from "../../localnet/node/local-node.ts";
import { Hyperparameters } from "../../localnet/runtime/pallets/subtensor/hyperparameter-storage.ts";
import { Neurons } from "../../localnet/runtime/pallets/subtensor/neuron-storage.ts";
import type { WeightsMethod } from "../../shared/chain/commit-reveal.ts";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { sendCall } from "../../shared/chain/send-call.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { storageIndexOf } from "../../shared/chain/timelock/commit-hash.ts";
import { fromAddress, Keypair, keysReady, toAddress } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { KEY_PREFIX } from "../../shared/queue/job-ids.ts";
import { plannerLease } from "../../shared/queue/lease.ts";
import type { Hex, Netuid } from "../../shared/types.ts";
import hello from "../../subnets/hello/index.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { createDevSubnet, DEV_KEYS, type DevMinerKeys, devBalances, minerKeys } from "../dev/dev-subnet.ts";
import type { History, WeightCall } from "./history.ts";
import { type LightMiner, startLightMiner } from "./light-miners.ts";
import { readJournalHistory } from "./read-journal-history.ts";
import { TestRedis } from "./test-redis.ts";
import { ValidatorChild } from "./validator-child.ts";
import { createWeightCallReader } from "./weight-call-reader.ts";

export type TestSubnetOptions = {
  /** Of this subnet alone. */
  folder: string;
  method: WeightsMethod;
  blockMs: number;
  /** Blocks per epoch. */
  tempo: number;
  /** Miners that add up, and then one that says 0 to everything. */
  honest: number;
};

/** A version of commits for which nobody timelocks: weights are hidden behind a hash. */
const NO_TIMELOCK_VERSION = 5;

/**
 * A chain, Redis and miners of a validator that is going to be tormented. All of it in this process but Redis and the
 * validator itself.
 */
export class TestSubnet {
  readonly node: LocalNode;
  readonly redis: TestRedis;
  readonly netuid: Netuid;
  readonly miners: LightMiner[];
  /** Journals in the order they were begun. The last one is in use. */
  readonly journals: string[] = [];
  /** Of all processes, in the order they came. */
  readonly events: ValidatorEvent[] = [];
  /** Is told of each event as it comes. */
  onEvent: ((event: ValidatorEvent) => void) | undefined;
  readonly #folder: string;
  readonly #chain: OperatorChain;
  readonly #stop: AbortController;
  readonly #signer = Keypair.fromUri(DEV_KEYS.validatorHotkey);
  readonly #seen: WeightCall[] = [];
  readonly #readCall = createWeightCallReader();
  readonly #children = new Set<ValidatorChild>();
  readonly #changing = new Set<string>();
  readonly #worthless: Set<string>;
  #read = nothingRead();

  private constructor(parts: {
    node: LocalNode;
    redis: TestRedis;
    netuid: Netuid;
    miners: LightMiner[];
    folder: string;
    chain: OperatorChain;
    stop: AbortController;
  }) {
    const { node, redis, netuid, miners, folder, chain, stop } = parts;
    this.node = node;
    this.redis = redis;
    this.netuid = netuid;
    this.miners = miners;
    this.#folder = folder;
    this.#chain = chain;
    this.#stop = stop;
    this.#worthless = new Set([miners.at(-1)!.hotkey]);
    this.newJournal();
    const hotkey = accountOf(this.#signer.address);
    node.inside.onSubmitted.add((hash) => {
      const bytes = node.inside.pool.all().find((entry) => entry.hash === hash)?.bytes;
      const read = bytes && this.#readCall(bytes, hash);
      if (read?.signer === hotkey) this.#seen.push(read.call);
    });
  }

  /** @throws what `startLocalNode`, `TestRedis.start`, `createDevSubnet` and `startLightMiner` throw */
  static async start(options: TestSubnetOptions): Promise<TestSubnet> {
    const { folder, method, blockMs, tempo, honest } = options;
    await keysReady();
    const keys = Array.from({ length: honest + 1 }, (_, index) => minerKeys(index + 1));
    const genesis = { balances: devBalances([...keys, minerKeys(honest + 2)]) };
    const logger = silentLogger;
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    const mode = { kind: "interval", ms: blockMs } as const;
    const node = await startLocalNode({ port: 0, mode, genesis, logger });
    const redis = await TestRedis.start(join(folder, "redis"));
    const chain = await openSubstrateChain({ endpoint: node.endpoint }, logger);
    const setUp = { tempo, commitReveal: method !== "plain", miners: keys };
    const { netuid } = await createDevSubnet(chain, setUp);
    if (method === "hash") {
      const args = { version: NO_TIMELOCK_VERSION };
      const call = { kind: "sudo", pallet: "adminUtils", call: "sudoSetCommitRevealVersion", args } as const;
      await sendCall(chain, call, Keypair.fromUri(DEV_KEYS.owner));
    }
    const deps = { chain, logger, signal: stop.signal };
    const miners = await Promise.all(
      keys.map((key, index) => startLightMiner(key, { netuid, worthless: index === honest }, deps)),
    );
    return new TestSubnet({ node, redis, netuid, miners, folder, chain, stop });
  }

  /** A run that begins anew: the journal of before is kept for the history. */
  newJournal(): void {
    this.journals.push(join(this.#folder, `validator-${this.journals.length + 1}`));
  }

  get dataFolder(): string {
    return this.journals.at(-1)!;
  }

  /** @param flags - Of `subforge validator run`, besides what says where everything is. */
  runValidator(flags: readonly string[], variables: Record<string, string> = {}): ValidatorChild {
    const words = ["validator", "run", "--json", "--network", this.node.endpoint];
    words.push("--netuid", String(this.netuid), "--data", this.dataFolder, "--template", "hello");
    words.push("--dev-key", DEV_KEYS.validatorHotkey, ...flags);
    return this.#run(words, variables);
  }

  runWorker(variables: Record<string, string> = {}): ValidatorChild {
    return this.#run(["validator", "worker", "--netuid", String(this.netuid)], variables);
  }

  /** A planner whose epochs have a second stage. Miners and workers are the same. */
  runStagedValidator(variables: Record<string, string> = {}): ValidatorChild {
    const words = [this.node.endpoint, String(this.netuid), this.dataFolder, this.redis.url];
    return this.#run(words, variables, "nemesis-stages");
  }

  /** That of a planner that was killed would last for some seconds more. */
  async freeLease(): Promise<void> {
    const name = plannerLease(this.#chain.identity.genesis, this.#signer.address, this.netuid);
    await this.redis.command("DEL", `${KEY_PREFIX}:lease:{${name}}:holder`);
  }

  #run(
    words: readonly string[],
    variables: Record<string, string>,
    entry: "cli" | "nemesis-stages" = "cli",
  ): ValidatorChild {
    const level = entry === "cli" ? ["--log-level", "warn"] : [];
    const child = new ValidatorChild(
      [...words, ...level],
      { ...variables, SUBFORGE_QUEUE: this.redis.url },
      (event) => {
        this.events.push(event);
        this.onEvent?.(event);
      },
      entry,
    );
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child;
  }

  get epoch(): number {
    return Number(Hyperparameters.SubnetEpochIndex.get(this.node.inside.state, this.netuid));
  }

  /** Nothing is promised about the score of a miner that was tampered with. */
  changes(miner: LightMiner): LightMiner {
    this.#changing.add(miner.hotkey);
    return miner;
  }

  /** A newcomer that says 0 to everything registers on the full subnet, and gets the uid of the first, honest miner. */
  async replaceFirst(newcomer: DevMinerKeys): Promise<void> {
    const { netuid } = this;
    const { hotkey, coldkey } = newcomer;
    this.node.inside.newBlock((store) => {
      const uids = [...Neurons.Keys.entries(store, netuid)];
      const first = uids.find(([, account]) => account === accountOf(this.miners[0]!.hotkey));
      Hyperparameters.MaxAllowedUids.put(store, netuid, uids.length);
      Hyperparameters.ImmunityPeriod.put(store, netuid, 0);
      Hyperparameters.MinNonImmuneUids.put(store, netuid, 0);
      // Who earned least has to go.
      Neurons.Emission.mutate(store, netuid, (earned) =>
        earned.map((rao, uid) => (uid === first![0][1] ? 0n : rao + 1n)),
      );
    });
    this.#worthless.add(hotkey.address);
    await sendCall(this.#chain, { kind: "burnedRegister", netuid, hotkey: hotkey.address }, coldkey);
    const deps = { chain: this.#chain, logger: silentLogger, signal: this.#stop.signal };
    this.miners.push(await startLightMiner(newcomer, { netuid, worthless: true }, deps));
  }

  /** Stop everything before: an epoch that is running is no history yet. */
  history(): History {
    const { inside } = this.node;
    const signer = this.#signer;
    const scorer = { template: hello as never, signer, genesis: inside.genesisHash };
    const kinds = this.miners.map(({ hotkey }) => [hotkey, this.#kindOf(hotkey)] as const);
    return {
      miners: new Map(kinds),
      chain: this.#chainHistory(),
      journals: this.journals
        .map((data) => join(data, "journal.db"))
        .filter((path) => existsSync(path))
        .map((path) => readJournalHistory(path, scorer, this.#readCall)),
      events: this.events,
    };
  }

  #kindOf(hotkey: string): "honest" | "worthless" | "changing" {
    if (this.#changing.has(hotkey)) return "changing";
    return this.#worthless.has(hotkey) ? "worthless" : "honest";
  }

  /** Of the branch that stands now, block by block. What was read before is not read again while it stands. */
  #chainHistory(): History["chain"] {
    const { netuid } = this;
    const { blocks, state, head } = this.node.inside;
    if (blocks.byNumber(this.#read.block)?.hash !== this.#read.hash) this.#read = nothingRead();
    const { included, rows, owners } = this.#read;
    for (let block = this.#read.block + 1; block <= head.header.number; block++) {
      for (const hash of blocks.byNumber(block)?.extrinsicHashes ?? []) included.set(hash, block);
      const at = state.at(block);
      const hotkeys = [...Neurons.Keys.entries(at, netuid)]
        .sort(([[, a]], [[, b]]) => a - b)
        .map(([, account]) => toAddress(Uint8Array.from(Buffer.from(account.slice(2), "hex"))));
      if (hotkeys.join() !== owners.at(-1)?.hotkeys.join()) owners.push({ netuid, block, hotkeys });
      const uid = hotkeys.indexOf(this.#signer.address);
      const pairs = uid < 0 ? [] : Neurons.Weights.get(at, storageIndexOf(netuid, 0), uid);
      const row = { uids: pairs.map(([to]) => to), values: pairs.map(([, value]) => value) };
      if (JSON.stringify(row) !== JSON.stringify(rows.at(-1)?.row))
        rows.push({ netuid, mechanism: 0, block, row });
    }
    this.#read.block = head.header.number;
    this.#read.hash = blocks.byNumber(head.header.number)?.hash;
    return { seen: this.#seen, included, rows, owners };
  }

  async close(): Promise<void> {
    this.redis.thaw();
    await Promise.all([...this.#children].map((child) => child.kill()));
    this.#stop.abort();
    await Promise.allSettled(this.miners.map(({ stopped }) => stopped));
    await this.redis.kill();
    await this.#chain.close();
    await this.node.close();
  }
}

type ReadChain = Omit<History["chain"], "seen" | "included"> & {
  included: Map<Hex, number>;
  /** The last one that was read, before the first one -1. */
  block: number;
  hash: Hex | undefined;
};

function nothingRead(): ReadChain {
  return { block: -1, hash: undefined, included: new Map(), rows: [], owners: [] };
}

/** An address as the chain stores it. */
function accountOf(address: string): Hex {
  return `0x${Buffer.from(fromAddress(address)!).toString("hex")}`;
}
