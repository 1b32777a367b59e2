import type { Logger } from "../../shared/logger.ts";
import type { BlockNumber, Hex } from "../../shared/types.ts";
import { type BlockRef, type RuntimeEngine, UndecodableExtrinsic } from "../engine.ts";
import type { GenesisConfig } from "../runtime/dsl/genesis.ts";
import { blake2b256 } from "../state/hashing.ts";
import { Overlay } from "../state/overlay.ts";
import { State } from "../state/state.ts";
import type { Reader, StateKey, Store } from "../state/store.ts";
import { bytesToHex } from "../types/hex.ts";
import { U64 } from "../types/primitives.ts";
import { DigestItem } from "../types/substrate-types.ts";
import { type Block, BlockStore } from "./block-store.ts";
import { headerHash } from "./header.ts";
import { Listeners } from "./listeners.ts";
import { clientError, poolError, RpcError } from "./rpc-error.ts";
import { type PooledTransaction, TransactionPool } from "./transaction-pool.ts";

const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;
const AURA: Hex = "0x61757261";

/** Refused for lack of room in this block: it stays in the pool for the next one. */
const KEPT = ["ExhaustsResources", "Future"];

/** Transactions in a row that found no room, after which a block counts as full. */
const FULL_AFTER = 16;

/** What became of a submitted transaction, as `author_extrinsicUpdate` says it. */
export type TransactionStatus =
  | "future"
  | "ready"
  | "dropped"
  | "invalid"
  | { inBlock: Hex }
  | { finalized: Hex }
  | { usurped: Hex };

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
  readonly engine: RuntimeEngine;
  readonly state: State;
  readonly blocks: BlockStore;
  readonly pool = new TransactionPool();
  /** Told in this order for each block. The last says which keys it changed. */
  readonly onHead = new Listeners<Block>();
  readonly onFinalized = new Listeners<Block>();
  readonly onStorage = new Listeners<{ block: Block; changed: ReadonlySet<StateKey> }>();
  readonly onSubmitted = new Listeners<Hex>();
  readonly #watchers = new Map<Hex, Listeners<TransactionStatus>>();
  readonly #nextTimeMs: () => bigint;
  readonly #logger: Logger;

  constructor({ engine, genesis, nextTimeMs, keepBlocks }: ChainNodeOptions, logger: Logger) {
    this.engine = engine;
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
    const block = { hash: headerHash(header), header, extrinsics: [], extrinsicHashes: [] };
    this.blocks = new BlockStore(block, keepBlocks);
  }

  get genesisHash(): Hex {
    return this.blocks.genesis.hash;
  }

  get head(): Block {
    return this.blocks.head;
  }

  /** @throws RpcError for a block that does not exist */
  blockAt(hash: Hex | undefined): Block {
    if (hash === undefined) return this.head;
    const block = this.blocks.byHash(hash);
    if (block === undefined) throw clientError(`UnknownBlock: Header was not found in the database: ${hash}`);
    return block;
  }

  /** State after a block, the best one by default. @throws RpcError for one that does not exist or was forgotten */
  stateAt(hash: Hex | undefined): Reader {
    const { header, hash: known } = this.blockAt(hash);
    if (header.number < this.state.oldest)
      throw clientError(`UnknownBlock: State already discarded for ${known}`);
    return this.state.at(header.number);
  }

  /** Ask the engine something about the state after a block. What it writes is dropped. */
  query<T>(hash: Hex | undefined, ask: (store: Store, at: BlockRef) => T): T {
    const { header, hash: known } = this.blockAt(hash);
    const at = { number: header.number, hash: known };
    if (header.number === this.state.head) return this.state.dryRun(() => ask(this.state, at));
    return ask(new Overlay(this.stateAt(known)), at);
  }

  /**
   * Take a transaction into the pool.
   *
   * @param watch - Is told what becomes of it, from now on.
   * @returns its hash
   * @throws RpcError with the codes of the real pool
   */
  submit(bytes: Uint8Array, watch?: (status: TransactionStatus) => void): Hex {
    const hash = bytesToHex(blake2b256(bytes));
    if (this.pool.has(hash)) throw poolError.alreadyImported(hash);
    const validity = this.#validate(bytes);
    if (!validity.ok) throw poolError.invalid(validity.invalidity);
    const { replaced, promoted } = this.pool.add(hash, bytes, validity, this.head.header.number);
    if (watch) this.watch(hash, watch);
    if (replaced) this.#tell(replaced.hash, { usurped: hash });
    if (promoted.length === 0) this.#tell(hash, "future");
    for (const entry of promoted) this.#tell(entry.hash, "ready");
    this.onSubmitted.emit(hash);
    return hash;
  }

  /** @returns how to stop */
  watch(hash: Hex, listener: (status: TransactionStatus) => void): () => void {
    const watchers = this.#watchers.get(hash) ?? new Listeners<TransactionStatus>();
    this.#watchers.set(hash, watchers);
    return watchers.add(listener);
  }

  /**
   * Make a block of what is ready. Throws what a hook of the runtime throws; then there is no block.
   *
   * @param change - What is written besides, before the transactions: for development.
   */
  newBlock(change?: (store: Store) => void): Block {
    const parent = this.head;
    const number = parent.header.number + 1;
    for (const { hash } of this.pool.expire(number)) this.#tell(hash, "invalid");
    const refused: PooledTransaction[] = [];
    const block = this.state.block(() => this.#build(parent, refused, change));
    this.blocks.append(block);
    for (const { hash } of refused) this.pool.remove(hash);
    for (const hash of block.extrinsicHashes) this.pool.include(hash);
    this.#announce(block, new Set(this.state.changedIn(number)), refused);
    return block;
  }

  /** Go back to a block; what waits in the pool is dropped. */
  revertTo(number: BlockNumber): void {
    this.state.revertTo(number);
    this.blocks.revertTo(number);
    for (const { hash } of this.pool.clear()) this.#tell(hash, "dropped");
  }

  #validate(bytes: Uint8Array) {
    try {
      return this.query(undefined, (store, at) => this.engine.validate(store, bytes, at));
    } catch (error) {
      if (error instanceof UndecodableExtrinsic) throw poolError.verification(error.message);
      if (error instanceof RpcError) throw error;
      this.#logger.error("validation-crashed", { reason: String(error) });
      throw poolError.verification(`Runtime error: ${String(error)}`);
    }
  }

  #build(parent: Block, refused: PooledTransaction[], change?: (store: Store) => void): Block {
    const { engine, state } = this;
    const number = parent.header.number + 1;
    const nowMs = this.#nextTimeMs();
    const inherents = engine.inherents(state, nowMs);
    engine.initialize(state, { parentHash: parent.hash, number, digest: [auraDigest(engine, nowMs)] });
    const extrinsics = [...inherents];
    for (const bytes of inherents) {
      const applied = engine.apply(state, bytes);
      if (!applied.ok) throw new Error(`an inherent was refused: ${JSON.stringify(applied.invalidity)}`);
    }
    change?.(state);
    let noRoom = 0;
    for (const entry of this.pool.ready()) {
      const outcome = this.#apply(entry);
      if (outcome === "included") extrinsics.push(entry.bytes);
      if (outcome === "refused") refused.push(entry);
      noRoom = outcome === "kept" ? noRoom + 1 : 0;
      if (noRoom >= FULL_AFTER) break;
    }
    const header = engine.finalize(state, extrinsics);
    const extrinsicHashes = extrinsics.map((bytes) => bytesToHex(blake2b256(bytes)));
    return { hash: headerHash(header), header, extrinsics, extrinsicHashes };
  }

  #apply({ hash, bytes }: PooledTransaction): "included" | "refused" | "kept" {
    try {
      const applied = this.engine.apply(this.state, bytes);
      if (applied.ok) return "included";
      return typeof applied.invalidity === "string" && KEPT.includes(applied.invalidity) ? "kept" : "refused";
    } catch (error) {
      this.#logger.error("transaction-crashed", { hash, reason: String(error) });
      return "refused";
    }
  }

  #announce(block: Block, changed: ReadonlySet<StateKey>, refused: readonly PooledTransaction[]): void {
    this.onHead.emit(block);
    this.onFinalized.emit(block);
    this.onStorage.emit({ block, changed });
    for (const hash of block.extrinsicHashes) {
      this.#tell(hash, { inBlock: block.hash });
      this.#tell(hash, { finalized: block.hash });
    }
    for (const { hash } of refused) this.#tell(hash, "invalid");
  }

  #tell(hash: Hex, status: TransactionStatus): void {
    const watchers = this.#watchers.get(hash);
    if (watchers === undefined) return;
    if (isFinal(status)) this.#watchers.delete(hash);
    watchers.emit(status);
  }
}

function isFinal(status: TransactionStatus): boolean {
  if (typeof status === "object") return !("inBlock" in status);
  return status === "dropped" || status === "invalid";
}

/** Which slot of time the block was made in. */
function auraDigest({ slotMs }: RuntimeEngine, nowMs: bigint): Hex {
  const slot = U64.encode(nowMs / BigInt(slotMs));
  return bytesToHex(DigestItem.encode({ type: "PreRuntime", value: [AURA, slot] }));
}
