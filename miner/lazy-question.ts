import type { VerifiedRequest, WireHeaders } from "../shared/wire/btauth.ts";
import type { LazySignal } from "./lazy-signal.ts";
import type { Question } from "./route.ts";

/** A question whose signal is made when somebody asks for it. A class: a literal with a getter is slow to make. */
export class LazyQuestion implements Question {
  readonly body: Uint8Array;
  readonly headers: WireHeaders;
  readonly contentType: string;
  readonly target: string;
  readonly verified: VerifiedRequest;
  readonly #over: LazySignal;

  constructor(asked: Omit<Question, "signal">, over: LazySignal) {
    this.body = asked.body;
    this.headers = asked.headers;
    this.contentType = asked.contentType;
    this.target = asked.target;
    this.verified = asked.verified;
    this.#over = over;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }
}
