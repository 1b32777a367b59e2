import { Pool } from "undici";
import { systemClock } from "../shared/clock.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Failure } from "../shared/reasons.ts";
import type { Hotkey } from "../shared/types.ts";
import { type AddressPolicy, checkAddress } from "../shared/wire/address-policy.ts";
import { signRequest, type WireHeaders } from "../shared/wire/btauth.ts";
import { decodeMessage, encodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import { createNonceSource } from "../shared/wire/nonce.ts";
import { isRefusalCode, type RefusalCode } from "../shared/wire/refusals.ts";
import { verifyReply } from "../shared/wire/reply.ts";

/** Sockets to one address: a slow miner must not hold more of us. */
const SOCKETS_PER_HOST = 2;

/** Addresses whose sockets are kept for the next question. */
const MAX_HOSTS = 1_024;

const MAX_HEADER_BYTES = 16_384;
const MAX_REFUSAL_BYTES = 1_024;
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
};

/** What came back. A miner that misbehaves is data. `latencyMs` counts from the first sending. */
export type Reply =
  | { ok: true; body: Uint8Array; latencyMs: number }
  | { ok: false; reason: Failure; latencyMs: number };

/** One try: an answer, a failure for good, or one that another try may mend. */
type Attempt =
  | { kind: "answer"; body: Uint8Array }
  | { kind: "failed"; reason: Failure }
  | { kind: "again"; reason: Failure; afterMs: number; limited: boolean };

type Host = { pool: Pool; free: number; waiting: (() => void)[] };

/**
 * Asks miners, signed, and believes only signed replies. Never follows a redirect, reads no proxy settings, sends to
 * no address that the policy refuses, and reads no more than the question allows.
 */
export class Dendrite {
  readonly #signer: Keypair;
  readonly #policy: AddressPolicy;
  readonly #nextNonce = createNonceSource();
  /** Least recently used first. */
  readonly #hosts = new Map<string, Host>();

  constructor(signer: Keypair, policy: AddressPolicy) {
    this.#signer = signer;
    this.#policy = policy;
  }

  /** @returns undefined when `untilMs` came before the miner had its full time: that says nothing about the miner. */
  async ask(target: Target, question: Question): Promise<Reply | undefined> {
    const address = checkAddress(target.ip, target.port, this.#policy);
    if (!address.ok) return { ok: false, reason: "address-refused", latencyMs: 0 };
    const host = this.#host(address.origin);
    if (!(await take(host, question.untilMs))) return undefined;
    // Latency and deadline begin with a free socket: how busy we are is not the miner's fault.
    const startMs = performance.now();
    const leftMs = question.untilMs - Date.now();
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), Math.max(0, Math.min(question.timeoutMs, leftMs)));
    try {
      const outcome = await this.#tryUntilDone(host.pool, target.hotkey, question, abort.signal);
      const latencyMs = performance.now() - startMs;
      if (outcome.kind === "answer") return { ok: true, body: outcome.body, latencyMs };
      if (abort.signal.aborted && leftMs < question.timeoutMs) return undefined;
      return { ok: false, reason: outcome.reason, latencyMs };
    } finally {
      clearTimeout(timer);
      give(host);
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#hosts.values()].map((host) => host.pool);
    this.#hosts.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  async #tryUntilDone(
    pool: Pool,
    miner: Hotkey,
    question: Question,
    signal: AbortSignal,
  ): Promise<Exclude<Attempt, { kind: "again" }>> {
    let limitedRetries = 1;
    for (let tries = 0; ; tries++) {
      const attempt = await this.#attempt(pool, miner, question, signal).catch((error: unknown) =>
        failedAttempt(error, signal),
      );
      if (attempt.kind !== "again") return attempt;
      if (attempt.limited && limitedRetries-- === 0) return { kind: "failed", reason: attempt.reason };
      await systemClock.sleep(Math.max(attempt.afterMs, FIRST_BACKOFF_MS * 2 ** Math.min(tries, 6)), signal);
      if (signal.aborted) return { kind: "failed", reason: attempt.reason };
    }
  }

  /** Each attempt has a nonce and a signature of its own, made as late as possible. */
  async #attempt(pool: Pool, miner: Hotkey, question: Question, signal: AbortSignal): Promise<Attempt> {
    const { route, body } = question;
    const request = { method: "POST", target: route, body };
    const nonce = this.#nextNonce();
    const headers = signRequest({ ...request, signer: this.#signer, receiver: miner, nonce });
    const response = await pool.request({
      method: "POST",
      path: route,
      headers: { ...headers, "content-type": MESSAGE_CONTENT_TYPE, accept: MESSAGE_CONTENT_TYPE },
      body,
      signal,
    });
    const { statusCode: status } = response;
    const limit = status === 200 ? question.maxResponseBytes : MAX_REFUSAL_BYTES;
    const bytes = await readBody(response.body, limit);
    if (status !== 200) {
      return fromRefusal(status, bytes === undefined ? undefined : refusalCode(bytes), response.headers);
    }
    if (bytes === undefined) return { kind: "failed", reason: "answer-too-large" };
    const contentType = response.headers["content-type"];
    if (typeof contentType !== "string") return { kind: "failed", reason: "wrong-shape" };
    const reply = { status, contentType, headers: response.headers as WireHeaders, body: bytes };
    if (!verifyReply(reply, { ...request, headers }, miner))
      return { kind: "failed", reason: "bad-signature" };
    return asMessageFrame(bytes, contentType, question.maxResponseBytes);
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
      if (host.free < SOCKETS_PER_HOST) continue; // in use
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
    const host: Host = { pool, free: SOCKETS_PER_HOST, waiting: [] };
    this.#hosts.set(origin, host);
    return host;
  }
}

/** @returns false when no socket became free in time. */
async function take(host: Host, untilMs: number): Promise<boolean> {
  if (host.free > 0) {
    host.free--;
    return true;
  }
  return new Promise((resolve) => {
    const waiter = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(
      () => {
        host.waiting.splice(host.waiting.indexOf(waiter), 1);
        resolve(false);
      },
      Math.max(0, untilMs - Date.now()),
    );
    host.waiting.push(waiter);
  });
}

function give(host: Host): void {
  const next = host.waiting.shift();
  if (next) next();
  else host.free++;
}

/** @returns undefined when there is more than the limit; the connection is closed then. */
async function readBody(
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

/** Replies are kept in one form: the binary frame. */
function asMessageFrame(bytes: Uint8Array, contentType: string, maxBytes: number): Attempt {
  const isFrame = contentType.split(";")[0]!.trim().toLowerCase() === MESSAGE_CONTENT_TYPE;
  if (isFrame) return { kind: "answer", body: bytes };
  try {
    return { kind: "answer", body: encodeMessage(decodeMessage(bytes, contentType, { maxBytes })) };
  } catch {
    return { kind: "failed", reason: "wrong-shape" };
  }
}

function fromRefusal(status: number, code: RefusalCode | undefined, headers: WireHeaders): Attempt {
  if (status === 401 && (code === "BTAUTH_STALE" || code === "BTAUTH_REPLAYED")) {
    return { kind: "again", reason: "refused", afterMs: 0, limited: true };
  }
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

function refusalCode(bytes: Uint8Array): RefusalCode | undefined {
  try {
    const { code } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { code?: unknown };
    return isRefusalCode(code) ? code : undefined;
  } catch {
    return undefined;
  }
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
