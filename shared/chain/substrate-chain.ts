import { ApiPromise, WsProvider } from "@polkadot/api";
import type { SubmittableExtrinsic } from "@polkadot/api/types";
import type { Header, RuntimeVersion } from "@polkadot/types/interfaces";
import type { Codec, IKeyringPair } from "@polkadot/types/types";
import { SubforgeError } from "../errors.ts";
import type { Keypair } from "../keys/keypair.ts";
import type { Logger } from "../logger.ts";
import type { BlockNumber, Hex, Hotkey, Netuid, Rao, Uid } from "../types.ts";
import { ARGUMENTS, callName, callPath, checkShape } from "./call-shape.ts";
import type {
  BlockHead,
  Call,
  Chain,
  ChainError,
  ChainIdentity,
  Inclusion,
  SignedCall,
  SubnetRules,
  WireWeights,
} from "./chain.ts";
import type { Metagraph } from "./metagraph.ts";
import { parseMetagraph } from "./parse-metagraph.ts";
import { fromPoolError } from "./pool-error.ts";
import { nextEpochBlock } from "./tempo.ts";

/** Blocks a signed call stays valid: short enough to know its fate soon, long enough for a chain of 250 ms blocks. */
const ERA_BLOCKS = 128;

/** Prefix byte of an sr25519 signature in a MultiSignature. */
const SR25519 = 1;

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
  // autoConnect only after the first connection: an address that never answered is an error, not a reason to wait.
  const provider = new WsProvider(endpoint, false, {}, timeoutMs);
  try {
    await within(connect(provider), timeoutMs, "the connection");
    api = await within(createApi(provider), timeoutMs, "its metadata");
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
    api.on("disconnected", () => {
      if (!this.#closed) logger.warn("chain.disconnected", { endpoint: options.endpoint });
    });
    api.on("connected", () => logger.info("chain.connected", { endpoint: options.endpoint }));
  }

  async head(): Promise<BlockHead> {
    return toHead(await this.#ask("the best block", this.#api.rpc.chain.getHeader()));
  }

  async *heads(signal: AbortSignal): AsyncIterable<BlockHead> {
    let latest: BlockHead | undefined;
    let wake = (): void => {};
    const unsubscribe = await this.#ask(
      "a subscription to new blocks",
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
    const hash = await this.#ask(`the hash of block ${number}`, this.#api.rpc.chain.getBlockHash(number));
    return hash.isEmpty ? undefined : hash.toHex();
  }

  async subnetRules(netuid: Netuid): Promise<SubnetRules> {
    const { number: block, hash: blockHash } = await this.head();
    const values = await this.#storage(blockHash, [
      ["tempo", netuid],
      ["lastEpochBlock", netuid],
      ["subnetEpochIndex", netuid],
      ["pendingEpochAt", netuid],
      ["weightsSetRateLimit", netuid],
      ["minAllowedWeights", netuid],
      ["maxWeightsLimit", netuid],
      ["weightsVersionKey", netuid],
      ["commitRevealWeightsEnabled", netuid],
      ["immunityPeriod", netuid],
      ["activityCutoffFactorMilli", netuid],
      ["maxAllowedUids", netuid],
      ["stakeThreshold"],
      ["networksAdded", netuid],
    ]);
    const [tempo, lastEpochBlock, epochIndex, pendingEpochAt, weightsRateLimit, minAllowedWeights] = values
      .slice(0, 6)
      .map(toNumber) as [number, number, number, number, number, number];
    if (!values[13]?.toJSON()) throw new SubforgeError("CHAIN_NO_SUBNET", { netuid });
    return {
      netuid,
      block,
      blockHash,
      tempo,
      lastEpochBlock,
      epochIndex,
      nextEpochBlock: nextEpochBlock({ tempo, lastEpochBlock, pendingEpochAt }),
      weightsRateLimit,
      minAllowedWeights,
      maxWeightLimit: toNumber(values[6]),
      weightsVersionKey: toNumber(values[7]),
      commitRevealEnabled: values[8]?.toJSON() === true,
      immunityPeriod: toNumber(values[9]),
      activityCutoff: Math.max(1, Math.floor((toNumber(values[10]) * tempo) / 1000)),
      maxUids: toNumber(values[11]),
      stakeThresholdRao: BigInt(String(values[12])),
    };
  }

  async metagraph(netuid: Netuid): Promise<Metagraph> {
    const { hash } = await this.head();
    const at = await this.#at(hash);
    const read = at.call.subnetInfoRuntimeApi?.getMetagraph;
    if (!read) {
      throw new SubforgeError("CHAIN_CALL_UNKNOWN", {
        call: "SubnetInfoRuntimeApi.get_metagraph",
        reason: "the runtime does not offer it",
      });
    }
    return parseMetagraph(netuid, (await this.#ask("the metagraph", read(netuid))).toJSON());
  }

  async weights(netuid: Netuid, uid: Uid): Promise<WireWeights> {
    const { hash } = await this.head();
    const [row] = await this.#storage(hash, [["weights", netuid, uid]]);
    const pairs = (row?.toJSON() ?? []) as [Uid, number][];
    return { uids: pairs.map(([target]) => target), values: pairs.map(([, value]) => value) };
  }

  async commitment(
    netuid: Netuid,
    hotkey: Hotkey,
  ): Promise<{ data: Uint8Array; block: BlockNumber } | undefined> {
    const { hash } = await this.head();
    const at = await this.#at(hash);
    const entry = at.query.commitments?.commitmentOf;
    if (!entry)
      throw new SubforgeError("CHAIN_CALL_UNKNOWN", {
        call: "Commitments.CommitmentOf",
        reason: "it is missing",
      });
    const found = (await this.#ask("a commitment", entry(netuid, hotkey))).toJSON() as {
      block: BlockNumber;
      info: { fields: Record<string, string>[] };
    } | null;
    const [name, hex] = Object.entries(found?.info.fields[0] ?? {})[0] ?? [];
    if (!found || !name?.toLowerCase().includes("raw") || !hex) return undefined;
    return { data: Uint8Array.from(Buffer.from(hex.slice(2), "hex")), block: found.block };
  }

  async balance(address: string): Promise<Rao> {
    const account = await this.#ask("a balance", this.#api.query.system.account(address));
    return (account as unknown as { data: { free: { toBigInt(): bigint } } }).data.free.toBigInt();
  }

  async sign(call: Call, signer: Keypair): Promise<SignedCall> {
    const api = this.#api;
    const extrinsic = this.#build(call);
    const [head, nonce] = await Promise.all([
      this.head(),
      this.#ask("the nonce", api.rpc.system.accountNextIndex(signer.address)),
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
    const from = (await this.head()).number;
    const name = this.#nameOf(bytes);
    const unknown = () => new SubforgeError("CHAIN_OUTCOME_UNKNOWN", { call: name, extrinsicHash });
    let subscription: number | string | undefined;
    const included = new Promise<Hex>((resolve, reject) => {
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
      const blockHash = await within(included, this.#options.inclusionTimeoutMs, name);
      const { number } = await this.#ask("a block header", this.#api.rpc.chain.getHeader(blockHash)).then(
        toHead,
      );
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

  /** Build an unsigned call, after its shape in the live metadata was compared with the one we know. */
  #build(call: Call): SubmittableExtrinsic<"promise"> {
    const { pallet, method } = callPath(call);
    const build = this.#api.tx[pallet]?.[method];
    if (!build)
      throw new SubforgeError("CHAIN_CALL_UNKNOWN", { call: callName(call), reason: "it is missing" });
    if (call.kind === "sudo") return build(this.#buildInner(call));
    checkShape(
      call.kind,
      build.meta.args.map((arg) => `${arg.name.toString()}: ${arg.typeName.unwrapOr(arg.type)}`),
    );
    return build(...ARGUMENTS[call.kind](call as never));
  }

  #buildInner(call: Extract<Call, { kind: "sudo" }>): SubmittableExtrinsic<"promise"> {
    const build = this.#api.tx[call.pallet]?.[call.call];
    const name = `${call.pallet}.${call.call}`;
    if (!build) throw new SubforgeError("CHAIN_CALL_UNKNOWN", { call: name, reason: "it is missing" });
    const names = build.meta.args.map((arg) => arg.name.toString());
    const strange = Object.keys(call.args).filter((key) => !names.includes(key));
    if (strange.length > 0 || names.length !== Object.keys(call.args).length) {
      throw new SubforgeError("CHAIN_CALL_UNKNOWN", {
        call: name,
        reason: `its arguments are (${names.join(", ")})`,
      });
    }
    return build(...names.map((key) => call.args[key]));
  }

  async #findIn(number: BlockNumber, blockHash: Hex, extrinsicHash: Hex): Promise<Inclusion | undefined> {
    const { block } = await this.#ask(`block ${number}`, this.#api.rpc.chain.getBlock(blockHash));
    const index = block.extrinsics.findIndex((extrinsic) => extrinsic.hash.toHex() === extrinsicHash);
    if (index === -1) return undefined;
    const at = await this.#at(blockHash);
    const records = (await this.#ask(
      "the events of a block",
      at.query.system.events(),
    )) as unknown as EventRecord[];
    const failure = records.find(
      ({ phase, event }) =>
        phase.isApplyExtrinsic &&
        phase.asApplyExtrinsic.toNumber() === index &&
        (event.method === "ExtrinsicFailed" || isFailedSudo(event)),
    );
    const where = { block: number, blockHash, extrinsicHash };
    return failure
      ? { ok: false, ...where, error: this.#dispatchError(failure.event) }
      : { ok: true, ...where };
  }

  #dispatchError(event: EventRecord["event"]): ChainError {
    const raw = event.data[0] as unknown as { isErr?: boolean; asErr: DispatchError } & DispatchError;
    const error = event.method === "ExtrinsicFailed" ? raw : raw.asErr;
    if (!error.isModule) return { name: error.type, docs: "" };
    const { section, name, docs } = this.#api.registry.findMetaError(error.asModule as never);
    return { name: `${section}.${name}`, docs: docs.join(" ").trim() };
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
    return toHead(await this.#ask(`block ${number}`, this.#api.rpc.chain.getHeader(hash)));
  }

  #at(hash: Hex) {
    return this.#ask("the runtime at a block", this.#api.at(hash));
  }

  /** Several entries of SubtensorModule at one block, in one request. */
  async #storage(hash: Hex, entries: [name: string, ...keys: number[]][]): Promise<(Codec | undefined)[]> {
    const at = await this.#at(hash);
    const calls = entries.map(([name, ...keys]) => {
      const entry = at.query.subtensorModule?.[name];
      if (!entry)
        throw new SubforgeError("CHAIN_CALL_UNKNOWN", {
          call: `SubtensorModule.${name}`,
          reason: "it is missing",
        });
      return [entry, ...(keys.length > 1 ? [keys] : keys)] as [typeof entry, ...number[]];
    });
    return this.#ask("storage", at.queryMulti(calls as never));
  }

  #ask<T>(what: string, answer: Promise<T>): Promise<T> {
    return within(answer, this.#options.timeoutMs, what);
  }
}

type DispatchError = { isModule: boolean; asModule: unknown; type: string };
type EventRecord = {
  phase: { isApplyExtrinsic: boolean; asApplyExtrinsic: { toNumber(): number } };
  event: { section: string; method: string; data: Codec[] };
};

/** The provider reports a refused connection as an event, and would keep waiting. */
async function connect(provider: WsProvider): Promise<void> {
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

type Status = string | Record<string, unknown>;

/** Block of an `author_extrinsicUpdate`, when it names one. */
function blockOf(status: Status): Hex | undefined {
  const hash = typeof status === "string" ? undefined : (status.inBlock ?? status.finalized);
  return typeof hash === "string" ? (hash as Hex) : undefined;
}

function isGone(status: Status): boolean {
  const word = typeof status === "string" ? status : Object.keys(status)[0];
  return ["dropped", "invalid", "usurped", "finalityTimeout"].includes(word ?? "");
}

/** A sudo call that is included "succeeds" even when the call inside it fails. */
function isFailedSudo({ section, method, data }: EventRecord["event"]): boolean {
  return section === "sudo" && method === "Sudid" && (data[0] as unknown as { isErr: boolean }).isErr;
}

/** What @polkadot/api wants to see of a key: it prefixes nothing itself, so the scheme byte is ours to add. */
function asPair(signer: Keypair): IKeyringPair {
  const pair: Pick<IKeyringPair, "address" | "addressRaw" | "publicKey" | "sign"> = {
    address: signer.address,
    addressRaw: signer.publicKey,
    publicKey: signer.publicKey,
    sign: (message, options) => {
      const signature = signer.sign(message);
      return options?.withType ? Uint8Array.from([SR25519, ...signature]) : signature;
    },
  };
  return pair as IKeyringPair;
}

function toHead(header: Header): BlockHead {
  return {
    number: header.number.toNumber(),
    hash: header.hash.toHex(),
    parentHash: header.parentHash.toHex(),
  };
}

/** Numbers beyond 2^53 do not occur in the counters we read; where the chain could hold one, we would rather stop. */
function toNumber(value: Codec | undefined): number {
  const number = Number(value?.toString());
  if (!Number.isSafeInteger(number))
    throw new SubforgeError("INTERNAL", { what: `the chain answered ${String(value)} for a counter` });
  return number;
}

async function within<T>(answer: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SubforgeError("CHAIN_TIMEOUT", { what, timeoutMs })), timeoutMs);
  });
  try {
    return await Promise.race([answer, overdue]);
  } finally {
    clearTimeout(timer);
  }
}
