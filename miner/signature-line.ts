/**
 * Signatures wait here for the end of the event loop's turn: those that came in during it are checked together, so many
 * of them per turn that a flood of wrong ones cannot starve the answers.
 */
export class SignatureLine {
  readonly #perTurn: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #isScheduled = false;

  constructor(limits: { perTurn: number; maxWaiting: number }) {
    this.#perTurn = limits.perTurn;
    this.#maxWaiting = limits.maxWaiting;
  }

  /** Checks that may still wait. */
  get free(): number {
    return this.#maxWaiting - this.#waiting.length;
  }

  /** @param check - Synchronous. @returns What it returned, undefined when too many wait already. */
  take<Verdict>(check: () => Verdict): Promise<Verdict | undefined> {
    if (this.free < 1) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(check());
        } catch (error) {
          reject(error);
        }
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      for (const check of this.#waiting.splice(0, this.#perTurn)) check();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}
