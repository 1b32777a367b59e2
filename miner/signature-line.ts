/**
 * Checks signatures, so many in a turn of the event loop that a flood of wrong ones cannot starve the answers. The rest
 * waits for the turns that follow, in the order in which it came.
 */
export class SignatureLine {
  readonly #perTurn: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  /** Of this turn. */
  #left: number;
  #isTurnWatched = false;

  constructor(limits: { perTurn: number; maxWaiting: number }) {
    this.#perTurn = limits.perTurn;
    this.#maxWaiting = limits.maxWaiting;
    this.#left = limits.perTurn;
  }

  /** Checks that may still wait. */
  get free(): number {
    return this.#maxWaiting - this.#waiting.length;
  }

  /** @param check - Synchronous. @returns What it returned, undefined when too many wait already. */
  async take<Verdict>(check: () => Verdict): Promise<Verdict | undefined> {
    if (this.free < 1) return undefined;
    this.#watchTurn();
    if (this.#left === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#left -= 1;
    return check();
  }

  #watchTurn(): void {
    if (this.#isTurnWatched) return;
    this.#isTurnWatched = true;
    setImmediate(() => {
      this.#isTurnWatched = false;
      const next = this.#waiting.splice(0, this.#perTurn);
      this.#left = this.#perTurn - next.length;
      for (const begin of next) begin();
      if (this.#waiting.length > 0) this.#watchTurn();
    });
  }
}
