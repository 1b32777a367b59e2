import { ApiPromise, WsProvider } from "@polkadot/api";
import type { Header, RuntimeVersion } from "@polkadot/types/interfaces";
import { within } from "../deadline.ts";
import { SubforgeError } from "../errors.ts";
import type { Keypair } from "../keys/keypair.ts";
import type { Logger } from "../logger.ts";
import type { BlockNumber, Hex, Hotkey, Netuid, Uid } from "../types.ts";
import { buildCall } from "./build-call.ts";
import type {
  BlockHead,
  Call,
  Chain,
  ChainIdentity,
  Inclusion,
  SignedCall,
  SubnetRules,
  WireWeights,
} from "./chain.ts";
import { type EventRecord, failureOf } from "./extrinsic-outcome.ts";
import type { Metagraph } from "./metagraph.ts";
import { blockOf, fromPoolError, isGone } from "./pool-answer.ts";
import {
  readCommitment,
  readMetagraph,
  readSubnetRules,
  readWeights,
  type StateView,
} from "./read-subnet.ts";
import { asPair } from "./signing-pair.ts";

/** Pause before a lost connection is tried again, and again. */
const RECONNECT_MS = 1_000;

/** Blocks a signed call stays valid: short enough to know its fate soon, long enough for a chain of 250 ms blocks. */
const ERA_BLOCKS = 128;

/** Extensions of Subtensor that carry nothing in the extrinsic. Registered, so that nobody has to guess. */
const EMPTY_EXTENSIONS = [
  "SudoTransactionExtension",
  "CheckShieldedTxValidity",
  "SubtensorTransactionExtension",
  "DrandPriority",
];

export type SubstrateChainOptions = {
  /** `ws://` or `wss://`. */
  endpoint: string;
  /** Deadline of every call. */
  timeoutMs?: number;
  /** How long a submitted call is followed before its outcome is called unknown. */
  inclusionTimeoutMs?: number;
  /** Refuse any other chain. */
  genesis?: Hex;
};

/**
 * Connect to a Subtensor: finney, test, its localnet, or ours. Everything is decoded by the metadata the chain serves.
 *
 * @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_WRONG_GENESIS
 */
export async function openSubstrateChain(options: SubstrateChainOptions, logger: Logger): Promise<Chain> {
  const { endpoint, timeoutMs = 15_000 } = options;
  if (!/^wss?:\/\//.test(endpoint)) {
    throw new SubforgeError("CHAIN_UNREACHABLE", {
      endpoint,
      reason: "an endpoint starts with ws:// or wss://",
    });
  }
  let api: ApiPromise | undefined;
  // It would connect again by itself, and print every failure: `#reconnect` does it in silence.
  const provider = new WsProvider(endpoint, false, {}, timeoutMs);
  try {
    await within(firstConnection(provider), timeoutMs, overdue("the connection", timeoutMs));
    api = await within(createApi(provider), timeoutMs, overdue("its metadata", timeoutMs));
    const chain = new SubstrateChain(
      api,
      provider,
      { timeoutMs, inclusionTimeoutMs: 60_000, ...options },
      logger,
    );
    if (options.genesis && options.genesis !== chain.identity.genesis) {
      throw new SubforgeError("CHAIN_WRONG_GENESIS", {
        endpoint,
        expected: options.genesis,
        actual: chain.identity.genesis,
      });
    }
    return chain;
  } catch (error) {
    await (api ?? provider).disconnect().catch(() => undefined);
    if (error instanceof SubforgeError && error.code !== "CHAIN_TIMEOUT") throw error;
    const reason = error instanceof Error && error.message ? error.message : "connection refused";
    throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint, reason }, { cause: error });
  }
}

class SubstrateChain implements Chain {
  readonly identity: ChainIdentity;
  readonly #api: ApiPromise;
  readonly #provider: WsProvider;
  #closed = false;
  #isAway = false;
  readonly #options: Required<Pick<SubstrateChainOptions, "endpoint" | "timeoutMs" | "inclusionTimeoutMs">>;

  constructor(
    api: ApiPromise,
    provider: WsProvider,
    options: Required<Pick<SubstrateChainOptions, "endpoint" | "timeoutMs" | "inclusionTimeoutMs">>,
    logger: Logger,
  ) {
    this.#api = api;
    this.#provider = provider;
    this.#options = options;
    this.identity = {
      name: api.runtimeChain.toString(),
      genesis: api.genesisHash.toHex(),
      specName: api.runtimeVersion.specName.toString(),
      specVersion: api.runtimeVersion.specVersion.toNumber(),
    };
    provider.on("disconnected", () => this.#reconnect(logger));
    provider.on("connected", () => {
      this.#isAway = false;
      logger.info("chain.connected", { endpoint: options.endpoint });
    });
  }

  /** Each failure is a disconnection too, so this goes on until the endpoint is back or the chain is closed. */
  #reconnect(logger: Logger): void {
    if (this.#closed) return;
    if (!this.#isAway) logger.warn("chain.disconnected", { endpoint: this.#options.endpoint });
    this.#isAway = true;
    setTimeout(() => {
      if (!this.#closed) this.#provider.connect().catch(() => undefined);
    }, RECONNECT_MS).unref();
  }

  async head(): Promise<BlockHead> {
    return toHead(await this.#ask("the best block", () => this.#api.rpc.chain.getHeader()));
  }

  async *heads(signal: AbortSignal): AsyncIterable<BlockHead> {
    let latest: BlockHead | undefined;
    let wake = (): void => {};
    const unsubscribe = await this.#ask("a subscription to new blocks", () =>
      this.#api.rpc.chain.subscribeNewHeads((header) => {
        latest = toHead(header);
        wake();
      }),
    );
    signal.addEventListener("abort", () => wake(), { once: true });
    try {
      let last: BlockNumber | undefined;
      while (!signal.aborted) {
        if (latest === undefined || (last !== undefined && latest.number <= last)) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (signal.aborted) resolve();
          });
          continue;
        }
        const next: BlockNumber = last === undefined ? latest.number : last + 1;
        yield next === latest.number ? latest : await this.#headAt(next);
        last = next;
      }
    } finally {
      unsubscribe();
    }
  }

  async blockHash(number: BlockNumber): Promise<Hex | undefined> {
    const hash = await this.#ask(`the hash of block ${number}`, () =>
      this.#api.rpc.chain.getBlockHash(number),
    );
    return hash.isEmpty ? undefined : hash.toHex();
  }

  async subnetRules(netuid: Netuid): Promise<SubnetRules> {
    return readSubnetRules(await this.#state(), netuid);
  }

  async metagraph(netuid: Netuid): Promise<Metagraph> {
    return readMetagraph(await this.#state(), netuid);
  }

  async weights(netuid: Netuid, uid: Uid): Promise<WireWeights> {
    return readWeights(await this.#state(), netuid, uid);
  }

  async commitment(
    netuid: Netuid,
    hotkey: Hotkey,
  ): Promise<{ data: Uint8Array; block: BlockNumber } | undefined> {
    return readCommitment(await this.#state(), netuid, hotkey);
  }

  async sign(call: Call, signer: Keypair): Promise<SignedCall> {
    const api = this.#api;
    const extrinsic = buildCall(api, call);
    const [head, nonce] = await Promise.all([
      this.head(),
      this.#ask("the nonce", () => api.rpc.system.accountNextIndex(signer.address)),
    ]);
    const era = api.registry.createType("ExtrinsicEra", { current: head.number, period: ERA_BLOCKS });
    extrinsic.sign(asPair(signer), {
      blockHash: head.hash,
      era,
      genesisHash: api.genesisHash,
      nonce,
      runtimeVersion: api.runtimeVersion as RuntimeVersion,
      signedExtensions: api.registry.signedExtensions,
      tip: 0,
    });
    return {
      bytes: extrinsic.toHex(),
      extrinsicHash: extrinsic.hash.toHex(),
      signer: signer.address,
      nonce: nonce.toNumber(),
      validUntil: era.asMortalEra.death(head.number) - 1,
    };
  }

  async submit(call: SignedCall): Promise<Inclusion> {
    const { bytes, extrinsicHash } = call;
    const { inclusionTimeoutMs } = this.#options;
    const from = (await this.head()).number;
    const name = this.#nameOf(bytes);
    const unknown = () => new SubforgeError("CHAIN_OUTCOME_UNKNOWN", { call: name, extrinsicHash });
    let subscription: number | string | undefined;
    let forgetConnection = (): void => {};
    const included = new Promise<Hex>((resolve, reject) => {
      // Followed no further: a new connection has new subscriptions.
      forgetConnection = this.#provider.on("disconnected", () => reject(unknown()));
      // Not through api.rpc: it would print every refusal.
      this.#provider
        .subscribe("author_extrinsicUpdate", "author_submitAndWatchExtrinsic", [bytes], (error, status) => {
          if (error) return reject(unknown());
          const blockHash = blockOf(status);
          if (blockHash) return resolve(blockHash);
          // Gone from this node's pool, which is not the same as never included.
          if (isGone(status)) reject(unknown());
        })
        .then(
          (id) => {
            subscription = id;
          },
          (error: unknown) => reject(fromPoolError(error, { call: name, extrinsicHash })),
        );
    });
    try {
      const blockHash = await within(included, inclusionTimeoutMs, overdue(name, inclusionTimeoutMs));
      const { number } = await this.#ask("a block header", () =>
        this.#api.rpc.chain.getHeader(blockHash),
      ).then(toHead);
      const found = await this.#findIn(number, blockHash, extrinsicHash);
      if (found) return found;
      throw unknown();
    } catch (error) {
      if (
        error instanceof SubforgeError &&
        error.code !== "CHAIN_TIMEOUT" &&
        error.code !== "CHAIN_OUTCOME_UNKNOWN"
      ) {
        throw error;
      }
      // Nobody told us: ask the blocks before giving up.
      const found = await this.inclusionOf(extrinsicHash, from).catch(() => undefined);
      if (found) return found;
      throw unknown();
    } finally {
      forgetConnection();
      if (subscription !== undefined) {
        this.#provider
          .unsubscribe("author_extrinsicUpdate", "author_unwatchExtrinsic", subscription)
          .catch(() => undefined); // the connection is gone, and the subscription with it
      }
    }
  }

  async inclusionOf(extrinsicHash: Hex, from: BlockNumber): Promise<Inclusion | undefined> {
    const { number: best } = await this.head();
    for (let number = from; number <= best; number++) {
      const blockHash = await this.blockHash(number);
      const found = blockHash && (await this.#findIn(number, blockHash, extrinsicHash));
      if (found) return found;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#api.disconnect();
  }

  async #findIn(number: BlockNumber, blockHash: Hex, extrinsicHash: Hex): Promise<Inclusion | undefined> {
    const { block } = await this.#ask(`block ${number}`, () => this.#api.rpc.chain.getBlock(blockHash));
    const index = block.extrinsics.findIndex((extrinsic) => extrinsic.hash.toHex() === extrinsicHash);
    if (index === -1) return undefined;
    const at = await this.#at(blockHash);
    const events = await this.#ask("the events of a block", () => at.query.system.events());
    const records = events as unknown as EventRecord[];
    const error = failureOf(records, index, (module) => this.#api.registry.findMetaError(module));
    const where = { block: number, blockHash, extrinsicHash };
    return error ? { ok: false, ...where, error } : { ok: true, ...where };
  }

  #nameOf(bytes: Hex): string {
    const { section, method } = this.#api.registry.findMetaCall(
      this.#api.createType("Extrinsic", bytes).callIndex,
    );
    return `${section}.${method}`;
  }

  async #headAt(number: BlockNumber): Promise<BlockHead> {
    const hash = await this.blockHash(number);
    if (!hash)
      throw new SubforgeError("CHAIN_TIMEOUT", {
        what: `block ${number}`,
        timeoutMs: this.#options.timeoutMs,
      });
    return toHead(await this.#ask(`block ${number}`, () => this.#api.rpc.chain.getHeader(hash)));
  }

  #at(hash: Hex) {
    return this.#ask("the runtime at a block", () => this.#api.at(hash));
  }

  /** Of the best block. */
  async #state(): Promise<StateView> {
    const head = await this.head();
    return { head, at: await this.#at(head.hash), ask: (what, question) => this.#ask(what, question) };
  }

  async #ask<T>(what: string, question: () => Promise<T>): Promise<T> {
    const { timeoutMs, endpoint } = this.#options;
    // Asked all the same, it would be refused, and printed.
    if (this.#isAway)
      throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint, reason: "the connection is lost" });
    try {
      return await within(question(), timeoutMs, overdue(what, timeoutMs));
    } catch (error) {
      if (error instanceof SubforgeError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw this.#provider.isConnected
        ? new SubforgeError("CHAIN_BAD_ANSWER", { what, problem: reason }, { cause: error })
        : new SubforgeError("CHAIN_UNREACHABLE", { endpoint, reason }, { cause: error });
    }
  }
}

/** An address that never answered is an error; only a connection that was lost is worth waiting for. */
async function firstConnection(provider: WsProvider): Promise<void> {
  const refused = new Promise<never>((_, reject) => {
    provider.on("error", () => reject(new Error("connection refused")));
  });
  await provider.connect();
  await Promise.race([provider.isReady, refused]);
}

async function createApi(provider: WsProvider): Promise<ApiPromise> {
  const signedExtensions = Object.fromEntries(
    EMPTY_EXTENSIONS.map((name) => [name, { extrinsic: {}, payload: {} }]),
  );
  return ApiPromise.create({ provider, signedExtensions, noInitWarn: true, throwOnConnect: true });
}

function toHead(header: Header): BlockHead {
  return {
    number: header.number.toNumber(),
    hash: header.hash.toHex(),
    parentHash: header.parentHash.toHex(),
  };
}

function overdue(what: string, timeoutMs: number): () => SubforgeError {
  return () => new SubforgeError("CHAIN_TIMEOUT", { what, timeoutMs });
}
