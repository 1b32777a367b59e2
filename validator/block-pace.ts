import type { Clock } from "../shared/clock.ts";
import type { BlockNumber } from "../shared/types.ts";

/** Where block times are not known yet: Subtensor's. */
const DEFAULT_BLOCK_MS = 12_000;

/** Answers are worth waiting for until their stage ends, and a little longer: blocks come when they come. */
const SLACK_MS = 500;

/** How fast blocks come, by those that were seen. */
export class BlockPace {
  readonly #clock: Clock;
  #first: { number: BlockNumber; atMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  seen(number: BlockNumber): void {
    this.#first ??= { number, atMs: this.#clock.nowMs() };
  }

  /** About when a block that is still to come will have come, Unix ms. */
  timeOf(block: BlockNumber, now: BlockNumber): number {
    const nowMs = this.#clock.nowMs();
    const passed = this.#first ? now - this.#first.number : 0;
    const blockMs = passed > 0 ? (nowMs - this.#first!.atMs) / passed : DEFAULT_BLOCK_MS;
    return nowMs + Math.max(0, block - now) * blockMs + SLACK_MS;
  }
}
