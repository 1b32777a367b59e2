/**
 * The time of one question: from the moment its bytes first went to a connected socket to the moment its last byte was
 * read, over retries, and no longer than its deadline. How long we took to sign, to connect or to verify is not in it,
 * so that it is the same for the first miner asked and for the last.
 */
export class QuestionTime {
  readonly #startedMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #cancels = new Set<() => void>();
  #sentMs: number | undefined;
  #arrivedMs: number | undefined;
  #isOver = false;

  /** @param limitMs - From now to the deadline. */
  constructor(limitMs: number) {
    this.#timer = setTimeout(() => this.#end(), Math.max(0, limitMs));
  }

  /** Did the deadline come? */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The first call counts: a retry was the miner's doing. */
  sent(): void {
    this.#sentMs ??= performance.now();
  }

  /** The last call counts. */
  arrived(): void {
    this.#arrivedMs = performance.now();
  }

  latencyMs(): number {
    const sentMs = this.#sentMs ?? this.#startedMs;
    return Math.max(0, (this.#arrivedMs ?? performance.now()) - sentMs);
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

  #end(): void {
    this.#isOver = true;
    for (const cancel of [...this.#cancels]) cancel();
  }
}
