import type { LoopWatch } from "./loop-watch.ts";

/** Timers come a little early. */
const EARLY_MS = 1;

/**
 * The time of one question: from the moment its bytes first went to a connected socket to the moment its last byte was
 * read, over retries, and no longer than its deadline. How long we took to sign, to connect or to verify is not in it,
 * so that it is the same for the first miner asked and for the last; nor is the time in which we did not listen.
 */
export class QuestionTime {
  readonly #limitMs: number;
  readonly #leftMs: number;
  readonly #loop: Pick<LoopWatch, "stillMs">;
  readonly #started: Moment;
  readonly #cancels = new Set<() => void>();
  #timer: NodeJS.Timeout;
  #sent: Moment | undefined;
  #arrived: Moment | undefined;
  #isOver = false;
  #wasFull = false;

  /**
   * @param limitMs - From now to the deadline, while we listen.
   * @param leftMs - From now to when nobody waits for the answer any more, whether we listen or not.
   */
  constructor(limitMs: number, leftMs: number, loop: Pick<LoopWatch, "stillMs">) {
    this.#limitMs = limitMs;
    this.#leftMs = leftMs;
    this.#loop = loop;
    this.#started = this.#now();
    this.#timer = setTimeout(() => this.#look(), Math.max(0, Math.min(limitMs, leftMs)));
  }

  /** Did the deadline come? */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Had the miner all of its time when the deadline came? */
  get wasFull(): boolean {
    return this.#wasFull;
  }

  /** The first call counts: a retry was the miner's doing. */
  sent(): void {
    this.#sent ??= this.#now();
  }

  /** The last call counts. */
  arrived(): void {
    this.#arrived = this.#now();
  }

  latencyMs(): number {
    return Math.max(0, listenedMs(this.#sent ?? this.#started, this.#arrived ?? this.#now()));
  }

  /** Calls back at the deadline. @returns A function that takes this back. */
  atEnd(cancel: () => void): () => void {
    this.#cancels.add(cancel);
    return () => this.#cancels.delete(cancel);
  }

  /** Resolves after `ms`, or at the deadline. */
  sleep(ms: number): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const forget = this.atEnd(done);
      function done(): void {
        clearTimeout(timer);
        forget();
        resolve();
      }
    });
  }

  /** Nobody waits any longer. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#cancels.clear();
  }

  /** What came while we stood still is read only after the timers: a miner gets the time back that we slept. */
  #look(): void {
    const now = this.#now();
    const missingMs = this.#limitMs - listenedMs(this.#started, now);
    const leftMs = this.#leftMs - (now.atMs - this.#started.atMs);
    const waitMs = Math.min(missingMs, leftMs);
    this.#wasFull = missingMs <= EARLY_MS;
    if (waitMs <= EARLY_MS) this.#end();
    else this.#timer = setTimeout(() => this.#look(), waitMs);
  }

  #now(): Moment {
    return { atMs: performance.now(), stillMs: this.#loop.stillMs() };
  }

  #end(): void {
    this.#isOver = true;
    for (const cancel of [...this.#cancels]) cancel();
  }
}

/** And how long we had not listened by then. */
type Moment = { atMs: number; stillMs: number };

function listenedMs(from: Moment, to: Moment): number {
  return to.atMs - from.atMs - (to.stillMs - from.stillMs);
}
