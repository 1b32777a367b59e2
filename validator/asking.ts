import { Pool } from "undici";
import { systemClock } from "../shared/clock.ts";
import type { Failure } from "../shared/reasons.ts";
import type { Hotkey } from "../shared/types.ts";
import type { V10Synapse } from "../shared/v10-synapse.ts";
import { type AddressPolicy, checkAddress } from "../shared/wire/address-policy.ts";
import type { WireHeaders } from "../shared/wire/btauth.ts";

/*
 * What every way of asking miners has in common, whatever convention signs the question: which addresses are called,
 * how many sockets a miner holds of us, what bounds an answer in time and size, and what is worth another try.
 */

/** Sockets to one address: a slow miner must not hold more of us. */
export const SOCKETS_PER_HOST = 2;

/** Addresses whose sockets are kept for the next question. */
const MAX_HOSTS = 1_024;

const MAX_HEADER_BYTES = 16_384;
const FIRST_BACKOFF_MS = 200;
const CONNECT_TIMEOUT_MS = 5_000;

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

/** What came back. A miner that misbehaves is data. `latencyMs` counts from the first sending. */
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
export type Place = { pool: Pool; slot: number; ip: string; port: number; signal: AbortSignal };

type Host = { pool: Pool; free: number[]; waiting: ((slot: number) => void)[] };

/**
 * Never follows a redirect, reads no proxy settings, sends to no address that the policy refuses, and reads no more
 * than the question allows.
 */
export class Asking {
  readonly #policy: AddressPolicy;
  /** Least recently used first. */
  readonly #hosts = new Map<string, Host>();

  constructor(policy: AddressPolicy) {
    this.#policy = policy;
  }

  /** @param attempt - One try; it may throw what the connection throws. */
  async ask(
    target: Target,
    question: Pick<Question, "timeoutMs" | "untilMs">,
    attempt: (place: Place) => Promise<Attempt>,
  ): Promise<Reply | undefined> {
    const address = checkAddress(target.ip, target.port, this.#policy);
    if (!address.ok) return { ok: false, reason: "address-refused", latencyMs: 0 };
    const host = this.#host(address.origin);
    const slot = await take(host, question.untilMs);
    if (slot === undefined) return undefined;
    // Latency and deadline begin with a free socket: how busy we are is not the miner's fault.
    const startMs = performance.now();
    const leftMs = question.untilMs - Date.now();
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), Math.max(0, Math.min(question.timeoutMs, leftMs)));
    try {
      const place = { pool: host.pool, slot, ip: target.ip, port: target.port, signal: abort.signal };
      const outcome = await tryUntilDone(() => attempt(place), abort.signal);
      const latencyMs = performance.now() - startMs;
      if (outcome.kind === "answer") return { ok: true, body: outcome.body, latencyMs };
      if (abort.signal.aborted && leftMs < question.timeoutMs) return undefined;
      return { ok: false, reason: outcome.reason, latencyMs };
    } finally {
      clearTimeout(timer);
      give(host, slot);
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#hosts.values()].map((host) => host.pool);
    this.#hosts.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #host(origin: string): Host {
    const known = this.#hosts.get(origin);
    if (known) {
      this.#hosts.delete(origin);
      this.#hosts.set(origin, known);
      return known;
    }
    for (const [oldest, host] of this.#hosts) {
      if (this.#hosts.size < MAX_HOSTS) break;
      if (host.free.length < SOCKETS_PER_HOST) continue; // in use
      this.#hosts.delete(oldest);
      void host.pool.destroy();
    }
    const pool = new Pool(origin, {
      connections: SOCKETS_PER_HOST,
      pipelining: 1,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The question's own deadline aborts everything; these only must not be shorter.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: CONNECT_TIMEOUT_MS },
    });
    const host: Host = {
      pool,
      free: Array.from({ length: SOCKETS_PER_HOST }, (_, slot) => slot),
      waiting: [],
    };
    this.#hosts.set(origin, host);
    return host;
  }
}

/** @returns undefined when there is more than the limit; the connection is closed then. */
export async function readAnswer(
  body: AsyncIterable<Buffer> & { destroy(): void },
  limit: number,
): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limit) return undefined; // leaving the loop destroys the stream
    chunks.push(chunk);
  }
  // A copy of its own, so that the tensors in it are aligned.
  return Uint8Array.from(Buffer.concat(chunks, length));
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
  signal: AbortSignal,
): Promise<Exclude<Attempt, { kind: "again" }>> {
  let limitedRetries = 1;
  for (let tries = 0; ; tries++) {
    const outcome = await attempt().catch((error: unknown) => failedAttempt(error, signal));
    if (outcome.kind !== "again") return outcome;
    if (outcome.limited && limitedRetries-- === 0) return { kind: "failed", reason: outcome.reason };
    await systemClock.sleep(Math.max(outcome.afterMs, FIRST_BACKOFF_MS * 2 ** Math.min(tries, 6)), signal);
    if (signal.aborted) return { kind: "failed", reason: outcome.reason };
  }
}

/** @returns The number of a free socket, undefined when none became free in time. */
async function take(host: Host, untilMs: number): Promise<number | undefined> {
  const free = host.free.pop();
  if (free !== undefined) return free;
  return new Promise((resolve) => {
    const waiter = (slot: number): void => {
      clearTimeout(timer);
      resolve(slot);
    };
    const timer = setTimeout(
      () => {
        host.waiting.splice(host.waiting.indexOf(waiter), 1);
        resolve(undefined);
      },
      Math.max(0, untilMs - Date.now()),
    );
    host.waiting.push(waiter);
  });
}

function give(host: Host, slot: number): void {
  const next = host.waiting.shift();
  if (next) next(slot);
  else host.free.push(slot);
}

/** A connection that broke may be a miner's restart, or a kept socket that it closed: worth one more try. */
function failedAttempt(error: unknown, signal: AbortSignal): Attempt {
  if (signal.aborted) return { kind: "failed", reason: "timeout" };
  const { code = "", name = "" } = error as { code?: string; name?: string };
  if (
    name === "HTTPParserError" ||
    code === "UND_ERR_HEADERS_OVERFLOW" ||
    code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"
  ) {
    return { kind: "failed", reason: "wrong-shape" };
  }
  return { kind: "again", reason: "connect-failed", afterMs: 0, limited: true };
}
