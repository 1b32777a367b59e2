import { setMaxListeners } from "node:events";

/**
 * An abort signal that is made when somebody first asks for it: it costs as much as a small answer, and many answers
 * never look.
 */
export class LazySignal {
  #controller: AbortController | undefined;
  #isAborted = false;

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // one per use of the model, as many as a route likes
      if (this.#isAborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}
