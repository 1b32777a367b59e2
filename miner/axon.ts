import { setMaxListeners } from "node:events";
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import { btauth, DEFAULT_WINDOW, type FreshnessWindow, type VerifiedRequest } from "../shared/wire/btauth.ts";
import {
  decodeMessage,
  encodeJsonMessage,
  encodeMessage,
  MESSAGE_CONTENT_TYPE,
} from "../shared/wire/message.ts";
import { createNonceSource, unixNs } from "../shared/wire/nonce.ts";
import { REFUSALS, type RefusalCode, refusalBody } from "../shared/wire/refusals.ts";
import type { ReplayClaims } from "../shared/wire/replay-store.ts";
import { signReply } from "../shared/wire/reply.ts";
import { synapseRoute } from "../shared/wire/route.ts";
import { type AxonState, admitBody, admitHeaders } from "./admission.ts";
import { type Answering, BadRequest, refusalOf } from "./answering.ts";
import { type AxonLimits, DEFAULT_AXON_LIMITS } from "./axon-limits.ts";
import { addressKey, Budget } from "./budget.ts";
import type { CallerPolicy, CallerView } from "./caller-policy.ts";
import { createHttpServer } from "./http-server.ts";
import { readBody } from "./read-body.ts";
import { Tally } from "./tally.ts";

export type AxonDeps = {
  signer: Keypair;
  template: Pick<SubnetTemplate, "id" | "synapses">;
  policy: CallerPolicy;
  /** The newest view of the chain. */
  view(): CallerView;
  /** The same, asked for again when it is not brand-new. */
  renewedView(): Promise<CallerView>;
  logger: Logger;
  clock: Clock;
};

/** What it takes to answer, on top of what it takes to refuse. */
export type AxonWork = {
  answering: Answering;
  store: ReplayClaims;
  /** Can the model be asked now? */
  isReady(): boolean;
};

export type AxonOptions = {
  host: string;
  /** 0 for any free one. */
  port: number;
  limits?: Partial<AxonLimits> | undefined;
  window?: FreshnessWindow | undefined;
};

type Admitted = { verified: VerifiedRequest; body: Uint8Array; work: AxonWork };

const MAX_BUDGET_KEYS = 10_000;
const RETRY_AFTER_SECONDS = "2";
const JSON_CONTENT_TYPE = "application/json; charset=utf-8"; // in full: the server would add what is missing

/**
 * The miner's HTTP server: `POST /<template>/<synapse>` for signed questions, `GET /health/live` and `/health/ready` for
 * everybody, nothing else.
 */
export class Axon {
  readonly tally = new Tally();
  readonly #deps: AxonDeps;
  readonly #options: AxonOptions;
  readonly #limits: AxonLimits;
  readonly #server: ReturnType<typeof createHttpServer>;
  readonly #callers: Budget;
  readonly #failures: Budget;
  readonly #nextNonce: () => bigint;
  #work: AxonWork | undefined;
  #isStopping = false;
  #unverifiedBodies = 0;
  #answers = 0;
  #whenIdle: (() => void) | undefined;

  /** @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN */
  static async listen(options: AxonOptions, deps: AxonDeps): Promise<Axon> {
    const axon = new Axon(options, deps);
    const { host, port } = options;
    try {
      await axon.#server.listen({ host, port });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "EADDRINUSE") throw new SubforgeError("PORT_IN_USE", { host, port });
      throw new SubforgeError("PORT_FORBIDDEN", { host, port, reason: code ?? message });
    }
    return axon;
  }

  private constructor(options: AxonOptions, deps: AxonDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#limits = { ...DEFAULT_AXON_LIMITS, ...options.limits };
    const { callerPerSecond, callerBurst, failuresPerSecond, failureBurst } = this.#limits;
    this.#callers = new Budget({ perSecond: callerPerSecond, burst: callerBurst, maxKeys: MAX_BUDGET_KEYS });
    this.#failures = new Budget({
      perSecond: failuresPerSecond,
      burst: failureBurst,
      maxKeys: MAX_BUDGET_KEYS,
    });
    this.#nextNonce = createNonceSource(() => unixNs(deps.clock.nowMs()));
    this.#server = createHttpServer(this.#limits);
    this.#addRoutes();
  }

  get #state(): AxonState {
    if (this.#isStopping) return "stopping";
    return this.#work?.isReady() ? "serving" : "starting";
  }

  get port(): number {
    const address = this.#server.server.address();
    return typeof address === "object" && address ? address.port : this.#options.port;
  }

  /** From now on questions are taken. */
  serve(work: AxonWork): void {
    this.#work = work;
  }

  /** Refuses new questions, lets those in work finish for at most `withinMs`, and closes every connection. */
  async drain(withinMs: number): Promise<void> {
    this.#isStopping = true;
    const deadline = new AbortController();
    if (this.#answers > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
      await Promise.race([idle, this.#deps.clock.sleep(withinMs, deadline.signal)]);
    }
    deadline.abort();
    await this.#server.close();
  }

  #addRoutes(): void {
    const { template } = this.#deps;
    this.#server.get("/health/live", (_request, reply) => this.#report(reply, true));
    this.#server.get("/health/ready", (_request, reply) => this.#report(reply, this.#state === "serving"));
    for (const name of Object.keys(template.synapses)) {
      this.#server.post(synapseRoute(template.id, name), (request, reply) =>
        this.#handle(name, request, reply),
      );
    }
    this.#server.setNotFoundHandler((_request, reply) => this.#refuse(reply, "AXON_NOT_FOUND"));
    this.#server.setErrorHandler((error, _request, reply) => {
      this.#deps.logger.error("axon.error", { error: String(error) });
      return this.#refuse(reply, "AXON_FAILED");
    });
  }

  #report(reply: FastifyReply, isWell: boolean): FastifyReply {
    return reply
      .code(isWell ? 200 : 503)
      .type(JSON_CONTENT_TYPE)
      .send(JSON.stringify({ ok: isWell }));
  }

  async #handle(name: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const startedMs = performance.now();
    const admitted = await this.#admit(name, request.raw);
    if (!admitted.ok) {
      this.#deps.logger.debug("axon.refused", {
        code: admitted.code,
        address: request.raw.socket.remoteAddress,
      });
      return this.#refuse(reply, admitted.code);
    }
    this.#answers += 1;
    reply.raw.once("close", () => this.#finishAnswer()); // sent to the last byte, or the caller is gone
    try {
      const contentType = request.headers["content-type"] ?? JSON_CONTENT_TYPE;
      const answer = await this.#answer(name, admitted, contentType, reply);
      if (!answer) {
        reply.hijack();
        reply.raw.destroy(); // this behaviour gives no answer
        return reply;
      }
      const ms = performance.now() - startedMs;
      this.tally.answered(ms);
      this.#deps.logger.debug("axon.answered", {
        synapse: name,
        caller: admitted.verified.sender,
        ms: Math.round(ms),
      });
      return reply.headers(answer.headers).type(answer.contentType).send(answer.body);
    } catch (error) {
      const code = refusalOf(error);
      if (code === "AXON_FAILED")
        this.#deps.logger.warn("axon.failed", { synapse: name, error: String(error) });
      return this.#refuse(reply, code);
    }
  }

  #finishAnswer(): void {
    this.#answers -= 1;
    if (this.#answers === 0) this.#whenIdle?.();
  }

  async #admit(
    name: string,
    raw: IncomingMessage,
  ): Promise<({ ok: true } & Admitted) | { ok: false; code: RefusalCode }> {
    const { policy, signer, clock, template } = this.#deps;
    const work = this.#work;
    if (!work) return { ok: false, code: "AXON_NOT_READY" };
    const self = signer.address;
    const address = addressKey(raw.socket.remoteAddress);
    const [method, target] = [raw.method ?? "", raw.url ?? ""];
    const nowMs = clock.nowMs();
    const claimed = admitHeaders({
      target,
      headers: raw.headersDistinct,
      state: this.#state,
      maxBodyBytes: template.synapses[name]!.maxRequestBytes,
      policy,
      view: this.#deps.view(),
      rules: {
        self,
        window: this.#options.window ?? DEFAULT_WINDOW,
        requireReceiver: true,
        trustedScheme: "sr25519",
      },
      nowMs,
      nowNs: BigInt(nowMs) * 1_000_000n,
      freeBodies: this.#limits.maxUnverifiedBodies - this.#unverifiedBodies,
      freeAnswers: this.#limits.maxAnswers - this.#answers,
      addressMayFail: this.#failures.has(address, nowMs),
    });
    if (!claimed.ok) return claimed;
    this.#unverifiedBodies += 1;
    const body = await readBody(raw, claimed.bodyBytes, this.#limits.bodyTimeoutMs);
    this.#unverifiedBodies -= 1;
    if (body === undefined) return { ok: false, code: "BTAUTH_BODY_TIMEOUT" };
    const verified = await admitBody({
      claimed,
      request: { method, target, body },
      self,
      policy,
      view: this.#deps.view(),
      renewedView: this.#deps.renewedView,
      nowMs,
      claimNonce: (verified) =>
        work.store.claim(btauth.replayKey(verified, self), verified.nonce, verified.protocol),
      spend: ({ sender }) => this.#callers.take(sender, nowMs),
      freeAnswers: () => this.#limits.maxAnswers - this.#answers,
    });
    if (verified.ok) return { ok: true, verified, body, work };
    if (verified.code === "BTAUTH_BAD_SIGNATURE") this.#failures.take(address, nowMs);
    return verified;
  }

  /** @returns undefined for no answer at all. */
  async #answer(
    name: string,
    { verified, body, work }: Admitted,
    contentType: string,
    reply: FastifyReply,
  ): Promise<{ headers: Record<string, string>; contentType: string; body: Uint8Array } | undefined> {
    const { template, signer } = this.#deps;
    const { timeoutMs, maxRequestBytes, maxResponseBytes } = template.synapses[name]!;
    const over = new AbortController();
    setMaxListeners(0, over.signal); // one per use of the model, as many as a template likes
    const onGone = () => over.abort();
    const timer = setTimeout(onGone, timeoutMs);
    reply.raw.once("close", onGone);
    try {
      const message = decode(body, contentType, maxRequestBytes);
      const answered = work.answering.answer(name, message, verified.sender, over.signal);
      const response = await withinDeadline(answered, over.signal);
      if (!response) {
        if (!over.signal.aborted)
          await new Promise((resolve) => over.signal.addEventListener("abort", resolve));
        return undefined;
      }
      const isJson = isJsonType(contentType);
      const bytes = isJson ? encodeJsonMessage(response) : encodeMessage(response);
      if (bytes.length > maxResponseBytes) throw new Error(`an answer of ${bytes.length} bytes`);
      const head = { status: 200, contentType: isJson ? JSON_CONTENT_TYPE : MESSAGE_CONTENT_TYPE };
      const headers = signReply({
        ...head,
        body: bytes,
        signer,
        request: verified,
        nonce: this.#nextNonce(),
      });
      return { headers, contentType: head.contentType, body: bytes };
    } finally {
      clearTimeout(timer);
      reply.raw.off("close", onGone);
    }
  }

  #refuse(reply: FastifyReply, code: RefusalCode): FastifyReply {
    this.tally.refused(code);
    const { status } = REFUSALS[code];
    // The body may be unread, and whoever is refused should not keep a connection.
    reply.code(status).header("connection", "close").type(JSON_CONTENT_TYPE);
    if (status === 429 || status === 503) reply.header("retry-after", RETRY_AFTER_SECONDS);
    return reply.send(refusalBody(code));
  }
}

function isJsonType(contentType: string): boolean {
  return contentType.split(";")[0]!.trim().toLowerCase() === "application/json";
}

function decode(body: Uint8Array, contentType: string, maxBytes: number) {
  try {
    return decodeMessage(body, contentType, { maxBytes });
  } catch (error) {
    throw new BadRequest("not a message", { cause: error });
  }
}

/** Work that does not listen to its signal must not keep the caller waiting. */
async function withinDeadline<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let onAbort = () => {};
  const over = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new SubforgeError("INFERENCE_DEADLINE", {}));
    signal.addEventListener("abort", onAbort);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
