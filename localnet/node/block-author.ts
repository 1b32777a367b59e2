import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Block } from "./block-store.ts";
import type { ChainNode } from "./chain-node.ts";

/**
 * When blocks are made: when told to, as soon as a transaction is ready, or on a timer. Only with a timer does the
 * chain's time follow the clock; otherwise each block is one slot after the last.
 */
export type BlockMode = { kind: "manual" } | { kind: "instant" } | { kind: "interval"; ms: number };

/** Makes the blocks of a node, one after the other, until it is stopped. */
export class BlockAuthor {
  readonly #node: ChainNode;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stopListening: () => void;
  #mode: BlockMode;
  #timer: NodeJS.Timeout | undefined;
  #nextAtMs = 0;
  #wanted = false;

  constructor(node: ChainNode, mode: BlockMode, clock: Clock, logger: Logger) {
    this.#node = node;
    this.#mode = mode;
    this.#clock = clock;
    this.#logger = logger;
    this.#stopListening = node.onSubmitted.add(() => this.#onSubmitted());
    this.setMode(mode);
  }

  get mode(): BlockMode {
    return this.#mode;
  }

  setMode(mode: BlockMode): void {
    this.#mode = mode;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (mode.kind === "interval") {
      this.#nextAtMs = this.#clock.nowMs() + mode.ms;
      this.#schedule(mode.ms);
    }
    if (mode.kind === "instant" && this.#node.pool.size > 0) this.#onSubmitted();
  }

  /** Make blocks now, whatever the mode. @returns the last one */
  newBlock(count = 1): Block {
    let block = this.#node.head;
    for (let i = 0; i < count; i++) block = this.#node.newBlock();
    return block;
  }

  stop(): void {
    this.#stopListening();
    this.setMode({ kind: "manual" });
  }

  /** In the next turn, so that the submitter has its answer first and a burst shares one block. */
  #onSubmitted(): void {
    if (this.#mode.kind !== "instant" || this.#wanted) return;
    this.#wanted = true;
    setImmediate(() => {
      this.#wanted = false;
      if (this.#mode.kind === "instant" && this.#node.pool.ready().length > 0) this.#tryBlock();
    });
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      const { ms } = this.#mode as { ms: number };
      this.#tryBlock();
      if (this.#timer === undefined) return; // stopped by what the block set off
      // A machine that was asleep or busy goes on from now: it does not make up for missed blocks.
      const nowMs = this.#clock.nowMs();
      this.#nextAtMs = Math.max(this.#nextAtMs + ms, nowMs);
      this.#schedule(Math.max(0, this.#nextAtMs - nowMs));
    }, delayMs);
  }

  /** Without a caller to tell, a block that cannot be made is logged and tried again the next time. */
  #tryBlock(): void {
    try {
      this.#node.newBlock();
    } catch (error) {
      this.#logger.error("block-failed", {
        number: this.#node.head.header.number + 1,
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  }
}
