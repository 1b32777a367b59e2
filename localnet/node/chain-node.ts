import { SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { BlockNumber, Hex } from "../../shared/types.ts";
import {
  type BlockRef,
  type Header,
  type RuntimeEngine,
  UndecodableExtrinsic,
  type VersionInfo,
} from "../engine.ts";
import type { GenesisConfig } from "../runtime/dsl/genesis.ts";
import { blake2b256 } from "../state/hashing.ts";
import { Overlay } from "../state/overlay.ts";
import { State } from "../state/state.ts";
import type { Reader, StateKey, Store } from "../state/store.ts";
import { bytesToHex } from "../types/hex.ts";
import { buildBlock } from "./block-builder.ts";
import { type Block, BlockStore } from "./block-store.ts";
import { ChainView } from "./chain-view.ts";
import { EngineHistory } from "./engine-history.ts";
import { headerHash } from "./header.ts";
import { Listeners } from "./listeners.ts";
import { clientError, invalidParams, poolError, RpcError } from "./rpc-error.ts";
import { type ChainDump, requireSameRules } from "./state-file.ts";
import { type Added, type PooledTransaction, TransactionPool } from "./transaction-pool.ts";
import { TransactionWatchers, type Watcher } from "./transaction-watchers.ts";

/** Where a runtime blob lies in the state of a chain that runs one. */
const CODE_KEY: Hex = "0x3a636f6465";

/** Hashes of earlier blocks in a dump: as many as the chain itself remembers. */
const DUMPED_HASHES = 2_400;

const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;
export type ChainNodeOptions = {
  engine: RuntimeEngine;
  genesis: GenesisConfig;
  /** Time of the next block, Unix milliseconds; the engine moves it forward when it is too close to the last one. */
  nextTimeMs: () => bigint;
  /** Blocks whose content and state can still be read. */
  keepBlocks: number;
};

/** A transaction and its hash. */
type Bytes = Pick<PooledTransaction, "hash" | "bytes">;

/** The chain itself: state, blocks and waiting transactions. Everything happens between two turns of the event loop. */
export class ChainNode {
  readonly state: State;
  readonly blocks: BlockStore;
  readonly pool = new TransactionPool();
  /** What clients are told: who asks without naming a block means `view.best`. */
  readonly view: ChainView;
  /** Told of each block that was made, after the clients. */
  readonly onBlock = new Listeners<Block>();
  readonly onSubmitted = new Listeners<Hex>();
  readonly onUpgraded = new Listeners<VersionInfo>();
  readonly #engines: EngineHistory;
  readonly #watchers = new TransactionWatchers();
  readonly #nextTimeMs: () => bigint;
  readonly #logger: Logger;
  #lastTimeMs = 0n;
  #keepStates = Number.POSITIVE_INFINITY;

  constructor({ engine, genesis, nextTimeMs, keepBlocks }: ChainNodeOptions, logger: Logger) {
    this.#engines = new EngineHistory(engine);
    this.state = new State(keepBlocks);
    this.#nextTimeMs = nextTimeMs;
    this.#logger = logger;
    const stateRoot = this.state.block(() => {
      engine.genesis(genesis, this.state);
      return this.state.root();
    });
    // Clients keep metadata by genesis hash: what declares other things must have another hash.
    const extrinsicsRoot = bytesToHex(blake2b256(engine.metadata(16)));
    const header = { parentHash: ZERO_HASH, number: 0, stateRoot, extrinsicsRoot, digest: [] };
    this.blocks = new BlockStore(blockOf(header, [], 0), keepBlocks);
    this.view = new ChainView(this.blocks, this.state, this.#watchers);
  }

  /** The rules of the next block. */
  get engine(): RuntimeEngine {
    return this.#engines.latest;
  }

  /** Time of the last block, Unix milliseconds; 0 before there is one. */
  get lastTimeMs(): bigint {
    return this.#lastTimeMs;
  }

  get genesisHash(): Hex {
    return this.blocks.genesis.hash;
  }

  /** The last block made, whether clients know of it or not. */
  get head(): Block {
    return this.blocks.head;
  }

  /** @returns undefined for a block that clients cannot know */
  find(hash: Hex | undefined): Block | undefined {
    const { best } = this.view;
    const block = hash === undefined ? best : this.blocks.byHash(hash);
    return block && block.header.number <= best.header.number ? block : undefined;
  }

  /** @throws RpcError for a block that does not exist */
  blockAt(hash: Hex | undefined): Block {
    const block = this.find(hash);
    if (block === undefined) throw clientError(`UnknownBlock: Header was not found in the database: ${hash}`);
    return block;
  }

  /** A block whose state is known. @throws RpcError for one that does not exist or whose state was forgotten */
  knownAt(hash: Hex | undefined): Block {
    const block = this.blockAt(hash);
    const { number } = block.header;
    if (number < this.state.oldest || number < this.view.best.header.number - this.#keepStates)
      throw clientError(`UnknownBlock: State already discarded for ${block.hash}`);
    return block;
  }

  /** State after a block, the best one by default. @throws RpcError as `knownAt` */
  stateAt(hash: Hex | undefined): Reader {
    return this.state.at(this.knownAt(hash).header.number);
  }

  /** The rules that hold after a block. @throws RpcError as `knownAt` */
  engineAt(hash: Hex | undefined): RuntimeEngine {
    return this.#engines.after(this.knownAt(hash).header.number);
  }

  /** Let only the state of so many blocks before the best one be read. */
  keepStates(blocks: number): void {
    this.#keepStates = blocks;
  }

  /** Ask the engine something about the state after a block. What it writes is dropped. */
  query<T>(hash: Hex | undefined, ask: (engine: RuntimeEngine, store: Store, at: BlockRef) => T): T {
    return this.#queryAfter(this.knownAt(hash), ask);
  }

  /**
   * Take a transaction into the pool.
   *
   * @param watch - Is told what becomes of it, from now on.
   * @returns its hash
   * @throws RpcError with the codes of the real pool
   */
  submit(bytes: Uint8Array, watch?: Watcher): Hex {
    const hash = bytesToHex(blake2b256(bytes));
    if (this.pool.has(hash)) throw poolError.alreadyImported(hash);
    const { replaced, promoted } = this.#enter(hash, bytes);
    if (watch) this.#watchers.add(hash, watch);
    if (replaced) this.#watchers.tell(replaced.hash, { usurped: hash });
    if (promoted.length === 0) this.#watchers.tell(hash, "future");
    for (const entry of promoted) this.#watchers.tell(entry.hash, "ready");
    this.onSubmitted.emit(hash);
    return hash;
  }

  /** A watcher does not want to know any more. */
  unwatch(hash: Hex, watch: Watcher): void {
    this.#watchers.remove(hash, watch);
  }

  /** Transactions that somebody waits for. */
  get watched(): number {
    return this.#watchers.size;
  }

  /**
   * Make a block of what is ready. Throws what a hook of the runtime throws; then there is no block.
   *
   * @param change - What is written besides, before the transactions: for development.
   */
  newBlock(change?: (store: Store) => void): Block {
    const { number } = this.head.header;
    for (const { hash } of this.pool.expire(number + 1)) this.#watchers.tell(hash, "invalid");
    const refused: PooledTransaction[] = [];
    const block = this.#append(this.pool.ready(), refused, change);
    for (const { hash } of refused) this.pool.remove(hash);
    for (const hash of block.extrinsicHashes) this.pool.include(hash);
    this.view.advance();
    for (const { hash } of refused) this.#watchers.tell(hash, "invalid");
    this.onBlock.emit(block);
    return block;
  }

  /** Go back to a block; what waits in the pool is dropped. */
  revertTo(number: BlockNumber): void {
    const dropped = this.#transactionsAfter(number);
    this.#cutAfter(number);
    for (const { hash } of [...dropped, ...this.pool.clear()]) this.#watchers.tell(hash, "dropped");
  }

  /**
   * Another branch overtakes ours: the last blocks are gone, and one more than there were takes their places, empty.
   * What was in them waits again, or is lost.
   *
   * @param depth - Blocks that are dropped.
   * @throws RpcError when one of them is final
   */
  reorganise(depth: number, { lose = false }: { lose?: boolean } = {}): Block {
    const { number } = this.head.header;
    const open = number - this.view.finalizedNumber;
    if (depth > open)
      throw invalidParams(
        `a reorg of ${depth} blocks would undo final ones: ${open} are open; stall finality`,
      );
    const retracted = this.#transactionsAfter(number - depth);
    const changed = new Set(this.#changedAfter(number - depth));
    const waiting = this.pool.clear();
    this.#cutAfter(number - depth);
    const branch = Array.from({ length: depth + 1 }, () => this.#append([], []));
    this.view.switchTo(branch, changed);
    for (const { hash } of lose ? retracted : []) this.#watchers.forget(hash);
    this.#enterAgain(waiting, lose ? [] : retracted);
    for (const block of branch) this.onBlock.emit(block);
    return this.head;
  }

  /** All that this chain needs to go on elsewhere. What waits in the pool stays behind. */
  dump(): ChainDump {
    const { specName, specVersion } = this.engine.version();
    const { header, extrinsics, inherents } = this.head;
    return {
      specName,
      specVersion,
      codeHash: this.#codeHash(),
      genesis: this.blocks.genesis.header,
      head: header,
      extrinsics: [...extrinsics],
      inherents,
      hashes: this.blocks.lastHashes(DUMPED_HASHES),
      root: this.state.lastRoot,
      timeMs: this.#lastTimeMs,
      state: this.state.dump(),
    };
  }

  /**
   * Become the chain of a dump, its genesis included; what waits in the pool is dropped.
   *
   * @param name - What errors call the dump.
   * @throws SubforgeError CHAIN_STATE_INVALID, CHAIN_STATE_INCOMPATIBLE; then nothing has changed
   */
  restore(dump: ChainDump, name: string): void {
    const genesis = blockOf(dump.genesis, [], 0);
    const head = dump.head.number === 0 ? genesis : blockOf(dump.head, dump.extrinsics, dump.inherents);
    requireSameRules(dump, { ...this.engine.version(), codeHash: this.#codeHash() }, name);
    if (dump.hashes.at(-1) !== head.hash)
      throw new SubforgeError("CHAIN_STATE_INVALID", { name, problem: "its last block has another hash" });
    this.state.restore(head.header.number, dump.root, dump.state);
    this.blocks.restore(genesis, dump.hashes, head);
    this.#engines.restart();
    this.#lastTimeMs = dump.timeMs;
    for (const { hash } of this.pool.clear()) this.#watchers.tell(hash, "dropped");
    this.view.restart();
  }

  #codeHash(): Hex | undefined {
    const code = this.state.get(CODE_KEY);
    return code && bytesToHex(blake2b256(code));
  }

  /** From the next block on other rules hold. What waits is checked anew. */
  upgrade(engine: RuntimeEngine): void {
    const { number } = this.newBlock().header;
    this.#engines.upgrade(number, engine);
    this.onUpgraded.emit(engine.version());
    this.#enterAgain(this.pool.clear());
  }

  #queryAfter<T>(block: Block, ask: (engine: RuntimeEngine, store: Store, at: BlockRef) => T): T {
    const { header, hash } = block;
    const engine = this.#engines.after(header.number);
    const at = { number: header.number, hash };
    if (header.number === this.state.head) return this.state.dryRun(() => ask(engine, this.state, at));
    return ask(engine, new Overlay(this.state.at(header.number)), at);
  }

  /** Check a transaction and put it into the pool. @throws RpcError */
  #enter(hash: Hex, bytes: Uint8Array): Added {
    const validity = this.#validate(bytes);
    if (!validity.ok) throw poolError.invalid(validity.invalidity);
    return this.pool.add(hash, bytes, validity, this.head.header.number);
  }

  /** Transactions of before a change of branch or rules: those that were in a block first, for others build on them. */
  #enterAgain(waiting: readonly Bytes[], retracted: readonly Bytes[] = []): void {
    for (const { hash, bytes } of [...retracted, ...waiting]) {
      try {
        this.#enter(hash, bytes);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        this.#watchers.tell(hash, "invalid");
      }
    }
    const ready = new Set(this.pool.ready().map(({ hash }) => hash));
    for (const { hash } of retracted) if (ready.has(hash)) this.#watchers.tell(hash, "ready");
    for (const hash of ready) this.onSubmitted.emit(hash);
  }

  /** What users sent in the blocks behind `number`, oldest first. */
  #transactionsAfter(number: BlockNumber): Bytes[] {
    const found: Bytes[] = [];
    for (let next = number + 1; next <= this.head.header.number; next++) {
      const { extrinsics, extrinsicHashes, inherents } = this.blocks.byNumber(next)!;
      for (let i = inherents; i < extrinsics.length; i++)
        found.push({ hash: extrinsicHashes[i]!, bytes: extrinsics[i]! });
    }
    return found;
  }

  *#changedAfter(number: BlockNumber): Iterable<StateKey> {
    for (let next = number + 1; next <= this.state.head; next++) yield* this.state.changedIn(next);
  }

  #cutAfter(number: BlockNumber): void {
    const rules = this.engine;
    this.view.retract(number);
    this.state.revertTo(number);
    this.blocks.revertTo(number);
    this.#engines.revertTo(number);
    if (this.engine !== rules) this.onUpgraded.emit(this.engine.version());
  }

  #validate(bytes: Uint8Array) {
    try {
      return this.#queryAfter(this.head, (engine, store, at) => engine.validate(store, bytes, at));
    } catch (error) {
      if (error instanceof UndecodableExtrinsic) throw poolError.verification(error.message);
      if (error instanceof RpcError) throw error;
      this.#logger.error("validation-crashed", { reason: String(error) });
      throw poolError.verification(`Runtime error: ${String(error)}`);
    }
  }

  #append(
    ready: readonly PooledTransaction[],
    refused: PooledTransaction[],
    change?: (store: Store) => void,
  ): Block {
    const { engine, state, head: parent } = this;
    const nowMs = this.#nextTimeMs();
    this.#lastTimeMs = nowMs;
    const block = state.block(() =>
      buildBlock({ engine, state, parent, nowMs, ready, refused, change }, this.#logger),
    );
    this.blocks.append(block);
    return block;
  }
}

function blockOf(header: Header, extrinsics: readonly Uint8Array[], inherents: number): Block {
  const extrinsicHashes = extrinsics.map((bytes) => bytesToHex(blake2b256(bytes)));
  return { hash: headerHash(header), header, extrinsics, extrinsicHashes, inherents };
}
