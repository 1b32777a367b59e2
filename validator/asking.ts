import type { Pool } from "undici";
import type { Failure } from "../shared/reasons.ts";
import type { Hotkey } from "../shared/types.ts";
import type { V10Synapse } from "../shared/v10-synapse.ts";
import { type AddressPolicy, checkAddress } from "../shared/wire/address-policy.ts";
import type { WireHeaders } from "../shared/wire/btauth.ts";
import { type Exchanged, exchange, type RequestToSend } from "./exchange.ts";
import { LoopWatch } from "./loop-watch.ts";
import { QuestionTime } from "./question-time.ts";
import { Sockets } from "./sockets.ts";
import { Turns } from "./turns.ts";

/*
 * What every way of asking miners has in common, whatever convention signs the question: which addresses are called,
 * how many sockets a miner holds of us, what bounds an answer in time and size, and what is worth another try.
 */

const FIRST_BACKOFF_MS = 200;

/** Where a miner listens, as the chain says. */
export type Target = { hotkey: Hotkey; ip: string; port: number };

export type Question = {
  /** Request target: path as it travels. */
  route: string;
  /** The very bytes to send. Shared between targets where the question is the same. */
  body: Uint8Array;
  /** From the first sending, over retries, to the last byte. */
  timeoutMs: number;
  /** Unix ms from which on nobody waits for the answer. */
  untilMs: number;
  maxResponseBytes: number;
  /** How v10 miners are asked the same. */
  v10?: V10Synapse | undefined;
};

/**
 * What came back. A miner that misbehaves is data. `latencyMs` counts from the moment the question was first sent to the
 * last byte of its answer: neither our signing nor the opening of a connection is in it.
 */
export type Reply =
  | { ok: true; body: Uint8Array; latencyMs: number }
  | { ok: false; reason: Failure; latencyMs: number };

/** Conventions in which miners can be asked. */
export type AskProtocol = "btauth/1" | "v10";

/** A way to ask miners. Replies are kept in one form: the binary frame of a message. */
export type Asker = {
  /** @returns undefined when `untilMs` came before the miner had its full time: that says nothing about the miner. */
  ask(target: Target, question: Question): Promise<Reply | undefined>;
  close(): Promise<void>;
};

/** One try: an answer, a failure for good, or one that another try may mend. */
export type Attempt =
  | { kind: "answer"; body: Uint8Array }
  | { kind: "failed"; reason: Failure }
  | { kind: "again"; reason: Failure; afterMs: number; limited: boolean };

/** Where a try goes. Two tries with the same slot of one address are never on the way at the same time. */
export type Place = { pool: Pool; slot: number; ip: string; port: number; time: QuestionTime };

/**
 * Never follows a redirect, reads no proxy settings, sends to no address that the policy refuses, and reads no more
 * than the question allows.
 */
export class Asking {
  readonly #policy: AddressPolicy;
  readonly #sockets: Sockets;
  readonly #turns = new Turns();
  readonly #loop = new LoopWatch();

  /** @param maxSockets - To all miners together. */
  constructor(policy: AddressPolicy, maxSockets?: number) {
    this.#policy = policy;
    this.#sockets = new Sockets(maxSockets);
  }

  /** @param attempt - One try; it never rejects. */
  async ask(
    target: Target,
    question: Pick<Question, "timeoutMs" | "untilMs">,
    attempt: (place: Place) => Promise<Attempt>,
  ): Promise<Reply | undefined> {
    const { ip, port } = target;
    const address = checkAddress(ip, port, this.#policy);
    if (!address.ok) return { ok: false, reason: "address-refused", latencyMs: 0 };
    const socket = await this.#sockets.take(address.origin, question.untilMs);
    if (!socket) return undefined;
    // The deadline begins with a free socket: how busy we are is not the miner's fault.
    const time = new QuestionTime(question.timeoutMs, question.untilMs - Date.now(), this.#loop);
    try {
      const { pool, slot } = socket;
      const outcome = await tryUntilDone(() => attempt({ pool, slot, ip, port, time }), time);
      const latencyMs = time.latencyMs();
      if (outcome.kind === "answer") return { ok: true, body: outcome.body, latencyMs };
      if (time.isOver && !time.wasFull) return undefined;
      return { ok: false, reason: outcome.reason, latencyMs };
    } finally {
      time.stop();
      socket.give();
    }
  }

  /**
   * Makes the request and sends it at once, when it is this one's turn: no signature waits for another, and the loop is
   * never kept by all of them.
   */
  send(place: Pick<Place, "pool" | "time">, make: () => RequestToSend): Promise<Exchanged> {
    return this.#turns.run(() => exchange(place.pool, make(), place.time));
  }

  /** Looks at an answer when it is this one's turn; it was timed before. */
  inTurn<T>(look: () => T): Promise<T> {
    return this.#turns.run(look);
  }

  close(): Promise<void> {
    this.#loop.stop();
    return this.#sockets.close();
  }
}

/** What it means that no answer came. */
export function fromBroken({
  reason,
  isWorthAnotherTry,
}: Extract<Exchanged, { ok: false }>): Exclude<Attempt, { kind: "answer" }> {
  return isWorthAnotherTry
    ? { kind: "again", reason, afterMs: 0, limited: true }
    : { kind: "failed", reason };
}

/** What a status other than 200 means, in conventions that tell no more. */
export function fromStatus(status: number, headers: WireHeaders): Attempt {
  const retryAfter = Number(headers["retry-after"] ?? 0) * 1_000;
  const afterMs = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : 0;
  switch (status) {
    case 429:
      return { kind: "again", reason: "rate-limited", afterMs, limited: false };
    case 503:
      return { kind: "again", reason: "refused", afterMs, limited: false };
    case 408:
      return { kind: "again", reason: "timeout", afterMs, limited: false };
    case 504:
      return { kind: "failed", reason: "timeout" };
    default:
      return { kind: "failed", reason: "refused" };
  }
}

async function tryUntilDone(
  attempt: () => Promise<Attempt>,
  time: QuestionTime,
): Promise<Exclude<Attempt, { kind: "again" }>> {
  let limitedRetries = 1;
  for (let tries = 0; ; tries++) {
    const outcome = await attempt();
    if (outcome.kind !== "again") return outcome;
    if (outcome.limited && limitedRetries-- === 0) return { kind: "failed", reason: outcome.reason };
    await time.sleep(Math.max(outcome.afterMs, FIRST_BACKOFF_MS * 2 ** Math.min(tries, 6)));
    if (time.isOver) return { kind: "failed", reason: outcome.reason };
  }
}
