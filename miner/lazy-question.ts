import { setMaxListeners } from "node:events";
import type { VerifiedRequest, WireHeaders } from "../shared/wire/btauth.ts";
import type { Question } from "./route.ts";

/**
 * A question whose signal is made when somebody first asks for it: it costs as much as a small answer, and many answers
 * never look. A class: a literal with a getter is slow to make.
 */
export class LazyQuestion implements Question {
  readonly body: Uint8Array;
  readonly headers: WireHeaders;
  readonly contentType: string;
  readonly target: string;
  readonly verified: VerifiedRequest;
  #controller: AbortController | undefined;
  #isOver = false;

  constructor(asked: Omit<Question, "signal">) {
    this.body = asked.body;
    this.headers = asked.headers;
    this.contentType = asked.contentType;
    this.target = asked.target;
    this.verified = asked.verified;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      setMaxListeners(0, this.#controller.signal); // as many as a route likes
      if (this.#isOver) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Nobody waits for the answer any more. */
  abort(): void {
    this.#isOver = true;
    this.#controller?.abort();
  }
}
