import type { Clock } from "../shared/clock.ts";
import type { BlockNumber } from "../shared/types.ts";

/** Where block times are not known yet: Subtensor's. */
const DEFAULT_BLOCK_MS = 12_000;

/** Answers are worth waiting for until their stage ends, and a little longer: blocks come when they come. */
const SLACK_MS = 500;

/** A block that took longer says more about this machine's clock, or about a chain that stood still. */
const LONGEST_BLOCK_MS = 120_000;

type Seen = { number: BlockNumber; atMs: number };

/** How fast blocks come, by those that were seen. */
export class BlockPace {
  readonly #clock: Clock;
  #first: Seen | undefined;
  #last: Seen | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  seen(number: BlockNumber): void {
    const seen = { number, atMs: this.#clock.nowMs() };
    if (this.#last && wasSet(this.#last, seen)) this.#first = undefined;
    this.#first ??= seen;
    this.#last = seen;
  }

  /** About when a block that is still to come will have come, Unix ms. */
  timeOf(block: BlockNumber, now: BlockNumber): number {
    const nowMs = this.#clock.nowMs();
    const passed = this.#first ? now - this.#first.number : 0;
    const tookMs = this.#first ? nowMs - this.#first.atMs : 0;
    const blockMs = passed > 0 && tookMs > 0 ? tookMs / passed : DEFAULT_BLOCK_MS;
    return nowMs + Math.max(0, block - now) * blockMs + SLACK_MS;
  }
}

/** Was the clock set between two blocks? What was measured before it means nothing after it. */
function wasSet(last: Seen, next: Seen): boolean {
  const tookMs = next.atMs - last.atMs;
  return tookMs < 0 || tookMs > Math.max(1, next.number - last.number) * LONGEST_BLOCK_MS;
}
