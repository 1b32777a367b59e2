import { type Clock, systemClock } from "../clock.ts";
import { within } from "../deadline.ts";
import { isSubforgeError, SubforgeError } from "../errors.ts";
import type { ChainSigner } from "../keys/external-signer.ts";
import type { Logger } from "../logger.ts";
import type { ChainValue } from "../template.ts";
import type { BlockNumber, Coldkey, Hex, Hotkey, Netuid, Rao, Uid } from "../types.ts";
import { parseBlockTime, TIMESTAMP_KEY } from "./block-time.ts";
import type {
  BlockHead,
  Call,
  ChainIdentity,
  ChainStatus,
  Commitment,
  Inclusion,
  SignedCall,
  SubnetRules,
  WireWeights,
} from "./chain.ts";
import type { ChainMeter } from "./chain-meter.ts";
import type { OpenCommit } from "./commit-reveal.ts";
import { followHeads } from "./follow-heads.ts";
import { EndpointPool } from "./link/endpoint-pool.ts";
import type { Metagraph } from "./metagraph.ts";
import type { OperatorChain, SubnetInfo } from "./operator-chain.ts";
import { readChainValue } from "./read-chain-value.ts";
import { readLastUpdate, readOpenCommits } from "./read-commit-reveal.ts";
import {
  readBalance,
  readFee,
  readRegistrationCost,
  readSubnetInfo,
  readSubnetsOf,
} from "./read-for-operator.ts";
import {
  type Moment,
  readCommitments,
  readMetagraph,
  readSubnetRules,
  readWeights,
  type StateView,
} from "./read-subnet.ts";
import { Runtimes } from "./runtime/runtimes.ts";
import { BlockSearch } from "./sending/block-search.ts";
import { CallSender } from "./sending/call-sender.ts";
import { senderLinesOf } from "./sending/sender-lines.ts";
import { AddressBook } from "./to-metagraph.ts";

export type SubstrateChainOptions = {
  /**
   * `ws://` or `wss://`, one or several of the same chain. Reads move to the best, and writes go only to one that is in
   * step with the others.
   */
  endpoint: string | readonly string[];
  /** Deadline of every call. */
  timeoutMs?: number;
  /** How long a submitted call is followed before its outcome is called unknown. */
  inclusionTimeoutMs?: number;
  /** Refuse any other chain. Without it, the first endpoint that answers says which chain it is. */
  genesis?: Hex;
  /** Requests a second to each endpoint. Default: 1 for machines of others, no limit for this one. */
  requestsPerSecond?: number;
  /** No new block for so long, and for three slots, makes an endpoint suspect. Default 15 s. */
  stallMs?: number;
};

export type SubstrateChainDeps = { clock?: Clock; random?: () => number; meter?: ChainMeter | undefined };

/**
 * Connect to a Subtensor: finney, test, its docker localnet, or ours. Everything is decoded by the metadata the chain serves.
 *
 * @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_WRONG_GENESIS
 */
export async function openSubstrateChain(
  options: SubstrateChainOptions,
  logger: Logger,
  { clock = systemClock, random = Math.random, meter }: SubstrateChainDeps = {},
): Promise<OperatorChain> {
  const { timeoutMs = 15_000, inclusionTimeoutMs = 60_000, genesis, requestsPerSecond, stallMs } = options;
  const endpoints = [...new Set([options.endpoint].flat())];
  const wrong = endpoints.find((endpoint) => !/^wss?:\/\//.test(endpoint));
  if (wrong !== undefined || endpoints.length === 0) {
    const reason = "an endpoint starts with ws:// or wss://";
    throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint: wrong ?? "", reason });
  }
  const pool = new EndpointPool(
    { endpoints, timeoutMs, genesis, requestsPerSecond, stallMs },
    { clock, random, logger, meter },
  );
  const runtimes = new Runtimes(pool, timeoutMs, logger);
  try {
    const opening = pool.open().then(() => runtimes.now());
    // Each question has its own deadline; together they have two.
    const overdue = () =>
      new SubforgeError("CHAIN_TIMEOUT", { what: "the connection", timeoutMs: 2 * timeoutMs });
    const { api, specVersion } = await within(opening, 2 * timeoutMs, overdue);
    pool.slotMs = Number(api.consts.aura?.slotDuration?.toString() ?? 0);
    const identity = {
      name: api.runtimeChain.toString(),
      genesis: pool.genesis,
      specName: api.runtimeVersion.specName.toString(),
      specVersion,
    };
    return new SubstrateChain(identity, { pool, runtimes, logger, inclusionTimeoutMs, meter });
  } catch (error) {
    await runtimes.close();
    await pool.close();
    throw error;
  }
}

type Deps = {
  pool: EndpointPool;
  runtimes: Runtimes;
  logger: Logger;
  inclusionTimeoutMs: number;
  meter: ChainMeter | undefined;
};

/** The port over its parts: `link/` asks, `runtime/` decodes, `sending/` signs and follows. */
class SubstrateChain implements OperatorChain {
  readonly identity: ChainIdentity;
  readonly #pool: EndpointPool;
  readonly #runtimes: Runtimes;
  readonly #search: BlockSearch;
  readonly #sender: CallSender;
  readonly #logger: Logger;
  readonly #meter: ChainMeter | undefined;
  readonly #addresses = new AddressBook();

  constructor(identity: ChainIdentity, { pool, runtimes, logger, inclusionTimeoutMs, meter }: Deps) {
    this.#meter = meter;
    this.identity = identity;
    this.#pool = pool;
    this.#runtimes = runtimes;
    this.#logger = logger;
    this.#search = new BlockSearch(pool, runtimes);
    // An upgrade is looked at when it happens, and told; not only when the next call is to be signed.
    pool.onChange(() => {
      if (pool.specVersion !== undefined && pool.specVersion !== runtimes.present.specVersion) {
        runtimes.now().catch(() => undefined); // tried again by whoever needs it
      }
    });
    this.#sender = new CallSender({ pool, runtimes, search: this.#search, inclusionTimeoutMs });
  }

  head(): Promise<BlockHead> {
    return this.#pool.head();
  }

  async finalizedHead(): Promise<BlockHead> {
    const hash = await this.#pool.ask("chain_getFinalizedHead");
    return this.#pool.headOf(hash as Hex);
  }

  heads(signal: AbortSignal): AsyncIterable<BlockHead> {
    return followHeads(this.#pool, this.#search, this.#logger, signal);
  }

  blockHash(number: BlockNumber): Promise<Hex | undefined> {
    return this.#search.blockHash(number);
  }

  async subnetRules(netuid: Netuid): Promise<SubnetRules> {
    return readSubnetRules(await this.#state(), netuid);
  }

  async metagraph(netuid: Netuid): Promise<Metagraph> {
    return readMetagraph(await this.#moment(), netuid, this.#addresses);
  }

  async weights(
    netuid: Netuid,
    uid: Uid,
    { mechanism = 0, at }: { mechanism?: number; at?: Hex } = {},
  ): Promise<WireWeights> {
    return readWeights(await this.#state(at), netuid, uid, mechanism);
  }

  async lastUpdate(netuid: Netuid, uid: Uid, mechanism: number): Promise<BlockNumber> {
    return readLastUpdate(await this.#state(), netuid, uid, mechanism);
  }

  async openCommits(netuid: Netuid, hotkey: Hotkey, mechanism: number): Promise<OpenCommit[]> {
    return readOpenCommits(await this.#state(), netuid, hotkey, mechanism);
  }

  async commitment(netuid: Netuid, hotkey: Hotkey): Promise<Commitment | undefined> {
    return (await this.commitments(netuid, [hotkey])).get(hotkey);
  }

  async commitments(
    netuid: Netuid,
    hotkeys: readonly Hotkey[],
    at?: Hex,
  ): Promise<ReadonlyMap<Hotkey, Commitment>> {
    return readCommitments(await this.#state(at), netuid, hotkeys);
  }

  async valueAt(value: Pick<ChainValue, "kind" | "netuid">, at: Hex): Promise<number> {
    return readChainValue(await this.#state(at), value);
  }

  async blockTimeMs(at: Hex): Promise<number | undefined> {
    return parseBlockTime(await this.#pool.ask("state_getStorage", [TIMESTAMP_KEY, at]));
  }

  async fee(call: Call, account: Coldkey | Hotkey): Promise<Rao> {
    return readFee(await this.#moment(), call, account);
  }

  async balance(account: Coldkey | Hotkey): Promise<Rao> {
    return readBalance(await this.#state(), account);
  }

  async subnetInfo(netuid: Netuid): Promise<SubnetInfo> {
    return readSubnetInfo(await this.#state(), netuid);
  }

  async subnetsOf(owner: Coldkey): Promise<{ netuid: Netuid; registeredAt: BlockNumber }[]> {
    return readSubnetsOf(await this.#state(), owner);
  }

  async registrationCost(): Promise<Rao> {
    return readRegistrationCost(await this.#moment());
  }

  sign(call: Call, signer: ChainSigner): Promise<SignedCall> {
    return this.#sender.sign(call, signer);
  }

  async submit(call: SignedCall): Promise<Inclusion> {
    try {
      return await this.#sender.submit(call);
    } catch (error) {
      if (isSubforgeError(error, "CHAIN_OUTCOME_UNKNOWN")) this.#meter?.outcomeUnknown();
      throw error;
    }
  }

  inTurn<T>(signer: Hotkey, work: () => Promise<T>): Promise<T> {
    return senderLinesOf(this.identity.genesis).inTurn(signer, work);
  }

  async inclusionOf(extrinsicHash: Hex, from: BlockNumber): Promise<Inclusion | undefined> {
    const { number } = await this.head();
    return this.#search.between(extrinsicHash, from, number);
  }

  status(): ChainStatus {
    const { best, finalized, isFinalityStalled } = this.#pool;
    const problems = this.#runtimes.present.problems.filter(({ kind }) => kind === "call");
    return {
      best: best?.number,
      finalized: finalized?.number,
      isFinalityStalled,
      specVersion: this.#pool.specVersion,
      writeProblems: problems.map(({ what, problem }) => `${what}: ${problem}`),
      endpoints: this.#pool.status(),
    };
  }

  async close(): Promise<void> {
    await this.#pool.close();
    await this.#runtimes.close();
  }

  /** State after a block, by default the best one now, decoded by the runtime in force. */
  async #state(at?: Hex): Promise<StateView> {
    const moment = await this.#moment(at);
    const { api } = moment.runtime;
    return { ...moment, at: await api.at(moment.head.hash, api.runtimeVersion), ask: asking };
  }

  /** The same without @polkadot/api, for what is read by hand. */
  async #moment(at?: Hex): Promise<Moment> {
    const head = at === undefined ? await this.head() : await this.#pool.headOf(at);
    return {
      head,
      runtime: at === undefined ? await this.#runtimes.now() : await this.#runtimes.after(head.hash),
      rpc: (method, params) => this.#pool.ask(method, params),
      witness: (method, params) => this.#pool.askAnother(method, params),
    };
  }
}

/** Deadlines are the pool's; what else goes wrong in an answer is its shape. */
async function asking<T>(what: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("CHAIN_BAD_ANSWER", { what, problem }, { cause: error });
  }
}
