import type { Dispatcher, Pool } from "undici";
import type { Failure } from "../shared/reasons.ts";
import type { WireHeaders } from "../shared/wire/btauth.ts";
import type { QuestionTime } from "./question-time.ts";

/** Heads of status 1xx that may come before the real one: each is read, and there could be any number. */
const MAX_EARLY_HEADS = 2;

/** Memory before anything arrived: what a head promises is only a promise. */
const FIRST_BYTES = 4_096;

export type RequestToSend = {
  path: string;
  headers: Record<string, string>;
  body: Uint8Array;
  /** Bytes that are read of an answer with this status. */
  limitFor(status: number): number;
};

/** What came back over the wire. `body` is undefined when there was more of it than the limit: nobody read the rest. */
export type Exchanged =
  | { ok: true; status: number; headers: WireHeaders; body: Uint8Array | undefined }
  | { ok: false; reason: Failure; isWorthAnotherTry: boolean };

/**
 * Sends one request and reads its answer, as far as it is one that we take: no redirect, nothing compressed, no status
 * between good and bad, no more bytes than the limit and no longer than the question's time. Whatever else comes closes
 * the connection. Never throws and never rejects.
 */
export function exchange(pool: Pool, request: RequestToSend, time: QuestionTime): Promise<Exchanged> {
  return new Promise((resolve) => {
    const reading = new Reading(request, time, resolve);
    const { path, headers, body } = request;
    try {
      pool.dispatch({ method: "POST", path, headers, body }, reading);
    } catch (error) {
      reading.onResponseError(undefined, error as Error);
    }
  });
}

class Reading implements Dispatcher.DispatchHandler {
  readonly #request: RequestToSend;
  readonly #time: QuestionTime;
  readonly #resolve: (exchanged: Exchanged) => void;
  readonly #forget: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #isDone = false;
  #earlyHeads = 0;
  #head: { status: number; headers: WireHeaders } | undefined;
  #limit = 0;
  #promised: number | undefined;
  #bytes = new Uint8Array(0);
  #length = 0;

  constructor(request: RequestToSend, time: QuestionTime, resolve: (exchanged: Exchanged) => void) {
    this.#request = request;
    this.#time = time;
    this.#resolve = resolve;
    this.#forget = time.atEnd(() => this.#fail(this.#head ? "answer-too-slow" : "timeout"));
    if (time.isOver) this.#fail("timeout");
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isDone) controller.abort(new Error("nobody waits any more"));
    else this.#time.sent();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: WireHeaders): void {
    if (this.#isDone) return;
    if (status < 200) {
      if (++this.#earlyHeads > MAX_EARLY_HEADS) this.#fail("header-too-large");
      return;
    }
    this.#head = { status, headers };
    this.#limit = this.#request.limitFor(status);
    const length = headers["content-length"];
    this.#promised = typeof length === "string" ? Number(length) : undefined;
    const refusal = refusalOf(status, headers);
    if (refusal) this.#fail(refusal);
    else if (this.#promised !== undefined && this.#promised > this.#limit) this.#finish(undefined);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isDone) return;
    const length = this.#length + chunk.length;
    if (length > this.#limit) {
      this.#finish(undefined);
      return;
    }
    // Copied, so that many tiny chunks hold no more memory than their bytes, and tensors in the answer are aligned.
    if (length > this.#bytes.length) this.#grow(length);
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  onResponseEnd(): void {
    const { length } = this.#bytes;
    this.#finish(length === this.#length ? this.#bytes : this.#bytes.slice(0, this.#length));
  }

  /** A connection that broke before any answer may be a miner's restart, or a kept socket that it closed. */
  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    const { code = "", name } = error as { code?: string; name: string };
    if (code === "UND_ERR_HEADERS_OVERFLOW") this.#fail("header-too-large");
    else if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH") this.#fail("wrong-length");
    else if (name === "HTTPParserError") this.#fail("not-http");
    else if (this.#head)
      this.#fail("wrong-length"); // its end never came
    else this.#fail("connect-failed", true);
  }

  #grow(needed: number): void {
    const wanted = Math.max(needed, 2 * this.#bytes.length, FIRST_BYTES);
    const grown = new Uint8Array(Math.max(needed, Math.min(wanted, this.#promised ?? this.#limit)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  #finish(body: Uint8Array | undefined): void {
    if (this.#head) this.#end({ ok: true, ...this.#head, body });
    if (body === undefined) this.#abort();
  }

  #fail(reason: Failure, isWorthAnotherTry = false): void {
    this.#end({ ok: false, reason, isWorthAnotherTry });
    this.#abort();
  }

  #end(exchanged: Exchanged): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#time.arrived();
    this.#forget();
    this.#resolve(exchanged);
  }

  #abort(): void {
    const controller = this.#controller;
    if (controller && !controller.aborted) controller.abort(new Error("the answer is not wanted"));
  }
}

/** Heads of answers that nobody reads further, whatever stands in them. */
function refusalOf(status: number, headers: WireHeaders): Failure | undefined {
  if (status >= 300 && status < 400) return "redirected";
  if (status !== 200 && status < 300) return "wrong-status";
  const encoding = headers["content-encoding"];
  return encoding === undefined || encoding === "identity" ? undefined : "answer-compressed";
}
