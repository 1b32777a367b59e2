/** Between two beats. */
const BEAT_MS = 50;

/** A beat that comes this late is how any timer comes; a later one means that nothing was read meanwhile. */
const TOLERATED_MS = 50;

/**
 * Knows how long this process did not listen: stopped by a signal, starved by its neighbours, or busy in one piece. What
 * came meanwhile lies in the kernel, and its time cannot be known any more.
 */
export class LoopWatch {
  readonly #timer: NodeJS.Timeout;
  #beatMs = performance.now();
  #stillMs = 0;

  constructor() {
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#timer.unref();
  }

  /** All of it since the beginning, ms; only grows. What is lasting still counts, too. */
  stillMs(): number {
    return this.#stillMs + stillIn(performance.now() - this.#beatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    this.#stillMs = this.stillMs();
    this.#beatMs = performance.now();
  }
}

function stillIn(gapMs: number): number {
  return gapMs > BEAT_MS + TOLERATED_MS ? gapMs - BEAT_MS : 0;
}
