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
import { type ChainDump, requireSameRules, rulesOf } from "./state-file.ts";
import { TransactionDesk, type Uprooted } from "./transaction-desk.ts";
import type { PooledTransaction, TransactionPool } from "./transaction-pool.ts";
import type { Watcher } from "./transaction-watchers.ts";

const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;
export type ChainNodeOptions = {
  engine: RuntimeEngine;
  genesis: GenesisConfig;
  /** Time of the next block, Unix milliseconds; the engine moves it forward when it is too close to the last one. */
  nextTimeMs: () => bigint;
  /** Blocks whose content and state can still be read. */
  keepBlocks: number;
};

/** The chain itself: state, blocks and waiting transactions. Everything happens between two turns of the event loop. */
export class ChainNode {
  readonly state: State;
  readonly blocks: BlockStore;
  /** What clients are told: who asks without naming a block means `view.best`. */
  readonly view: ChainView;
  /** Told of each block that was made, after the clients. */
  readonly onBlock = new Listeners<Block>();
  readonly onUpgraded = new Listeners<VersionInfo>();
  readonly #engines: EngineHistory;
  readonly #desk: TransactionDesk;
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
    const validate = (bytes: Uint8Array) => this.#validate(bytes);
    this.#desk = new TransactionDesk({ validate, head: () => this.head.header.number });
    this.view = new ChainView(this.blocks, this.state, this.#desk.watchers);
  }

  get pool(): TransactionPool {
    return this.#desk.pool;
  }

  get onSubmitted(): Listeners<Hex> {
    return this.#desk.onSubmitted;
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

  /** Take a transaction into the pool, as `TransactionDesk.submit`. @throws RpcError */
  submit(bytes: Uint8Array, watch?: Watcher): Hex {
    return this.#desk.submit(bytes, watch);
  }

  /** A watcher does not want to know any more. */
  unwatch(hash: Hex, watch: Watcher): void {
    this.#desk.watchers.remove(hash, watch);
  }

  /** Transactions that somebody waits for. */
  get watched(): number {
    return this.#desk.watchers.size;
  }

  /**
   * Make a block of what is ready. Throws what a hook of the runtime throws; then there is no block.
   *
   * @param change - What is written besides, before the transactions: for development.
   */
  newBlock(change?: (store: Store) => void): Block {
    const { number } = this.head.header;
    for (const { hash } of this.pool.expire(number + 1)) this.#desk.watchers.tell(hash, "invalid");
    const refused: PooledTransaction[] = [];
    const block = this.#append(this.pool.ready(), refused, change);
    for (const { hash } of refused) this.pool.remove(hash);
    for (const hash of block.extrinsicHashes) this.pool.include(hash);
    this.view.advance();
    for (const { hash } of refused) this.#desk.watchers.tell(hash, "invalid");
    this.onBlock.emit(block);
    return block;
  }

  /** Go back to a block; what waits in the pool is dropped. */
  revertTo(number: BlockNumber): void {
    const retracted = this.#transactionsAfter(number);
    this.#cutAfter(number);
    this.#desk.drop(retracted);
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
    const open = number - this.view.settledNumber;
    if (depth > open)
      throw invalidParams(
        `a reorg of ${depth} blocks would undo final ones: ${open} are open; stall finality`,
      );
    const retracted = this.#transactionsAfter(number - depth);
    const changed = new Set(this.#changedAfter(number - depth));
    const waiting = this.#desk.takeWaiting();
    this.#cutAfter(number - depth);
    const branch = Array.from({ length: depth + 1 }, () => this.#append([], []));
    this.view.switchTo(branch, changed);
    for (const { hash } of lose ? retracted : []) this.#desk.watchers.forget(hash);
    this.#desk.enterAgain(lose ? waiting : [...retracted, ...waiting]);
    for (const block of branch) this.onBlock.emit(block);
    return this.head;
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
    requireSameRules(dump, rulesOf(this), name);
    if (dump.hashes.at(-1) !== head.hash)
      throw new SubforgeError("CHAIN_STATE_INVALID", { name, problem: "its last block has another hash" });
    this.state.restore(head.header.number, dump.root, dump.state);
    this.blocks.restore(genesis, dump.hashes, head);
    this.#engines.restart();
    this.#lastTimeMs = dump.timeMs;
    this.#desk.drop();
    this.view.restart();
  }

  /** From the next block on other rules hold. What waits is checked anew. */
  upgrade(engine: RuntimeEngine): void {
    const { number } = this.newBlock().header;
    this.#engines.upgrade(number, engine);
    this.onUpgraded.emit(engine.version());
    this.#desk.enterAgain(this.#desk.takeWaiting());
  }

  #queryAfter<T>(block: Block, ask: (engine: RuntimeEngine, store: Store, at: BlockRef) => T): T {
    const { header, hash } = block;
    const engine = this.#engines.after(header.number);
    const at = { number: header.number, hash };
    if (header.number === this.state.head) return this.state.dryRun(() => ask(engine, this.state, at));
    return ask(engine, new Overlay(this.state.at(header.number)), at);
  }

  /** What users sent in the blocks behind `number`, oldest first. */
  #transactionsAfter(number: BlockNumber): Uprooted[] {
    const found: Uprooted[] = [];
    for (let next = number + 1; next <= this.head.header.number; next++) {
      const { extrinsics, extrinsicHashes, inherents } = this.blocks.byNumber(next)!;
      const told = next > this.view.toldNumber ? "ready" : "retracted";
      for (let i = inherents; i < extrinsics.length; i++)
        found.push({ hash: extrinsicHashes[i]!, bytes: extrinsics[i]!, told });
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
