/** Longest piece of work in one turn of the event loop. Sockets are looked at between two pieces. */
const BUDGET_MS = 4;

/**
 * Work that must not hold up the sockets, such as signatures for hundreds of miners: done in order, a few milliseconds
 * of it in each turn of the event loop. What arrives meanwhile is read, and its time is taken, when it arrives.
 */
export class Turns {
  #line: (() => void)[] = [];
  #isScheduled = false;

  /** Resolves, or rejects, with what the work gives. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#line.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error as Error);
        }
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    const untilMs = performance.now() + BUDGET_MS;
    const line = this.#line;
    let done = 0;
    while (done < line.length && (done === 0 || performance.now() < untilMs)) line[done++]!();
    this.#line = line.slice(done);
    this.#isScheduled = false;
    if (this.#line.length > 0) this.#schedule();
  }
}
