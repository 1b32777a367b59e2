import type { Clock } from "../shared/clock.ts";

/** Answers that a server works on now: how many, and when the last one is done. */
export class AnswersInWork {
  readonly #onChange: (count: number) => void;
  #count = 0;
  #whenIdle: (() => void) | undefined;

  /** @param onChange - Is told the new count. */
  constructor(onChange: (count: number) => void = () => {}) {
    this.#onChange = onChange;
  }

  get count(): number {
    return this.#count;
  }

  /** @param response - Its answer is in work until the last byte is sent, or the caller is gone. */
  enter(response: { destroyed: boolean; once(event: "close", listener: () => void): unknown }): void {
    this.#change(1);
    const leave = () => {
      this.#change(-1);
      if (this.#count === 0) this.#whenIdle?.();
    };
    if (response.destroyed) leave();
    else response.once("close", leave);
  }

  /** Waits until nothing is in work, but no longer than `withinMs`. */
  async idle(withinMs: number, clock: Clock): Promise<void> {
    if (this.#count === 0) return;
    const deadline = new AbortController();
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    await Promise.race([idle, clock.sleep(withinMs, deadline.signal)]);
    deadline.abort();
  }

  #change(by: number): void {
    this.#count += by;
    this.#onChange(this.#count);
  }
}
