import type { BlockNumber, Hex } from "../../shared/types.ts";
import type { State } from "../state/state.ts";
import type { StateKey } from "../state/store.ts";
import type { Block, BlockStore } from "./block-store.ts";
import { Listeners } from "./listeners.ts";
import type { TransactionStatus, TransactionWatchers } from "./transaction-watchers.ts";

/** Blocks after which waiting for finality is given up, as Substrate's pool does. */
const MAX_FINALITY_WAIT = 512;

/** What a transaction can hear about the block it is in. */
type BlockStatus = "inBlock" | "retracted" | "finalized" | "finalityTimeout";

/** When a block is final: at once, some blocks later as on a real chain, or not until this changes. */
export type Finality = { kind: "instant" } | { kind: "behind"; blocks: number } | { kind: "stalled" };

/** How far what clients are told lies behind the chain: so many blocks, or it stands still where it is. */
export type Lag = { kind: "none" } | { kind: "behind"; blocks: number } | { kind: "frozen" };

/**
 * What clients are told of the chain: its best block, its finalized one, and what happens to transactions. Usually
 * both are the last block made; a lag or a stall of finality keeps them back until it ends.
 */
export class ChainView {
  /** Told in this order for each block. The last says which keys it changed. */
  readonly onHead = new Listeners<Block>();
  readonly onFinalized = new Listeners<Block>();
  readonly onStorage = new Listeners<{ block: Block; changed: ReadonlySet<StateKey> }>();
  readonly #blocks: BlockStore;
  readonly #state: State;
  readonly #watchers: TransactionWatchers;
  #finality: Finality = { kind: "instant" };
  #lag: Lag = { kind: "none" };
  #best: BlockNumber = 0;
  #final: BlockNumber = 0;
  /** Last block that was announced: a lag that begins takes `#best` behind it. */
  #told: BlockNumber = 0;
  /** What retracted blocks had changed, and nobody was told yet. */
  readonly #undone = new Set<StateKey>();

  constructor(blocks: BlockStore, state: State, watchers: TransactionWatchers) {
    this.#blocks = blocks;
    this.#state = state;
    this.#watchers = watchers;
  }

  get best(): Block {
    return this.#blocks.byNumber(this.#best)!;
  }

  get finalizedHash(): Hex {
    return this.#blocks.hashOf(this.finalizedNumber)!;
  }

  /** What clients are told is final: a node that lags may know of more. */
  get finalizedNumber(): BlockNumber {
    return Math.min(this.#final, this.#best);
  }

  /** What is final whether clients see it now or not. */
  get settledNumber(): BlockNumber {
    return this.#final;
  }

  setFinality(finality: Finality): void {
    this.#finality = finality;
    this.#announceFinal(this.#finalize());
  }

  /** Clients see an older best block at once; when the lag ends they are told of each block they do not know. */
  setLag(lag: Lag): void {
    this.#lag = lag;
    this.#best = Math.min(this.#best, this.#targetBest());
    this.advance();
  }

  /** Tell what may be told by now: call it when a block was made. */
  advance(): void {
    for (const target = this.#targetBest(); this.#best < target; ) {
      this.#best++;
      const block = this.#best > this.#told ? this.#blocks.byNumber(this.#best) : undefined;
      if (block === undefined) continue; // told before, or hidden for so long that it is not kept any more
      this.#announce(block, () => this.#changedIn([block]));
      this.#giveUpWaiting();
    }
  }

  /** The blocks behind `number` will be gone: whoever was told of them hears it. Call it before they are. */
  retract(number: BlockNumber): void {
    for (let gone = this.#told; gone > Math.max(number, this.#final); gone--) {
      const block = this.#blocks.byNumber(gone);
      if (block !== undefined) this.#tell([block], "retracted");
    }
    this.#best = Math.min(this.#best, number);
    this.#final = Math.min(this.#final, number);
    this.#told = Math.min(this.#told, number);
  }

  /**
   * Another branch has become the best one: its last block is announced, as a node does that changes branch. One that
   * lags tells of each block when it comes to it.
   */
  switchTo(branch: readonly Block[], undone: ReadonlySet<StateKey>): void {
    const last = branch.at(-1)!;
    for (const key of undone) this.#undone.add(key);
    if (this.#lag.kind === "none") {
      this.#best = last.header.number;
      this.#announce(last, () => this.#changedIn(branch));
    } else {
      this.advance();
    }
  }

  /** The chain has become another: its last block is final and announced. */
  restart(): void {
    const { number } = this.#blocks.head.header;
    this.#best = number;
    this.#final = number - 1;
    this.#announce(this.best, () => this.#state.keys("0x"));
    this.#final = number;
  }

  /** Number of the last block that clients were told of. */
  get toldNumber(): BlockNumber {
    return this.#told;
  }

  #announce(block: Block, changed: () => Iterable<StateKey>): void {
    this.#told = block.header.number;
    this.onHead.emit(block);
    const finalized = this.#finalize();
    for (const one of finalized) this.onFinalized.emit(one);
    if (this.onStorage.size > 0)
      this.onStorage.emit({ block, changed: new Set([...this.#undone, ...changed()]) });
    this.#undone.clear();
    this.#tell([block], "inBlock");
    this.#tell(finalized, "finalized");
  }

  #announceFinal(finalized: readonly Block[]): void {
    for (const block of finalized) this.onFinalized.emit(block);
    this.#tell(finalized, "finalized");
  }

  /** @returns the blocks that are final now and were not before */
  #finalize(): Block[] {
    const finalized: Block[] = [];
    for (const target = this.#targetFinal(); this.#final < target; ) {
      this.#final++;
      const block = this.#blocks.byNumber(this.#final);
      if (block !== undefined) finalized.push(block);
    }
    return finalized;
  }

  #giveUpWaiting(): void {
    const overdue = this.#best - MAX_FINALITY_WAIT;
    const block = overdue > this.#final ? this.#blocks.byNumber(overdue) : undefined;
    if (block !== undefined) this.#tell([block], "finalityTimeout");
  }

  #tell(blocks: readonly Block[], status: BlockStatus): void {
    for (const { hash, extrinsicHashes } of blocks) {
      const news = { [status]: hash } as TransactionStatus;
      for (const extrinsic of extrinsicHashes) this.#watchers.tell(extrinsic, news);
    }
  }

  *#changedIn(blocks: readonly Block[]): Iterable<StateKey> {
    for (const { header } of blocks)
      if (header.number >= this.#state.oldest) yield* this.#state.changedIn(header.number);
  }

  #targetFinal(): BlockNumber {
    const finality = this.#finality;
    if (finality.kind === "stalled") return this.#final;
    return finality.kind === "instant" ? this.#best : this.#best - finality.blocks;
  }

  #targetBest(): BlockNumber {
    const { number } = this.#blocks.head.header;
    if (this.#lag.kind === "none") return number;
    const wanted = this.#lag.kind === "frozen" ? this.#best : number - this.#lag.blocks;
    return Math.max(0, wanted, number - this.#blocks.keep + 1);
  }
}
