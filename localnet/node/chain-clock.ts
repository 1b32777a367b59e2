import type { Clock } from "../../shared/clock.ts";

/**
 * The chain's own time. On a timer it is the machine's clock, moved by time travel; on demand each block is one slot
 * after the last, so it runs ahead of the machine's clock when many blocks are made.
 */
export class ChainClock {
  readonly #clock: Clock;
  readonly #slotMs: number;
  readonly #minStepMs: number;
  #followsClock: () => boolean = () => false;
  #offsetMs = 0;
  #lastMs: number | undefined;

  /** @param minStepMs - Least time between two blocks: a real runtime takes one block per slot. */
  constructor(clock: Clock, slotMs: number, minStepMs = 1) {
    this.#clock = clock;
    this.#slotMs = slotMs;
    this.#minStepMs = minStepMs;
  }

  /** Which kind of time it is may change while the chain runs. */
  followWhen(followsClock: () => boolean): void {
    this.#followsClock = followsClock;
  }

  /** Time of the next block, Unix milliseconds; each call is the next block. */
  next(): bigint {
    const wallMs = this.#clock.nowMs() + this.#offsetMs;
    const following = this.#lastMs === undefined || this.#followsClock();
    const nowMs = following
      ? Math.max(wallMs, (this.#lastMs ?? 0) + this.#minStepMs)
      : this.#lastMs! + this.#slotMs;
    this.#lastMs = nowMs;
    return BigInt(Math.floor(nowMs));
  }

  /** Go on from another chain's last block. Time never goes back, so a chain from the future stays ahead. */
  resumeAfter(unixMs: number): void {
    this.#offsetMs = Math.max(0, unixMs - this.#clock.nowMs());
    this.#lastMs = unixMs;
  }

  /** Let the next block have this time, and time go on from there. */
  travelTo(unixMs: number): void {
    this.#offsetMs = unixMs - this.#clock.nowMs();
    this.#lastMs = unixMs - this.#slotMs;
  }
}
