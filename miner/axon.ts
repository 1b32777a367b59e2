import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import { KnownKeyVerifier } from "../shared/keys/sr25519/known-key-verifier.ts";
import { closeNow, listen } from "../shared/listening.ts";
import type { Logger } from "../shared/logger.ts";
import type { Hotkey } from "../shared/types.ts";
import {
  btauth,
  DEFAULT_WINDOW,
  type FreshnessWindow,
  type VerifiedRequest,
  type VerifyRules,
  type WireHeaders,
  type WireSigner,
} from "../shared/wire/btauth.ts";
import { createNonceSource, unixNs } from "../shared/wire/nonce.ts";
import type { Protocol, ProtocolId, VerifySr25519 } from "../shared/wire/protocol.ts";
import type { RefusalCode } from "../shared/wire/refusals.ts";
import type { ReplayClaims } from "../shared/wire/replay-store.ts";
import { signReply } from "../shared/wire/reply.ts";
import { type AxonState, admitHeaders, admitVerified, type ClaimedBody } from "./admission.ts";
import { refusalOf } from "./answering.ts";
import { AnswersInWork } from "./answers-in-work.ts";
import { type AxonLimits, DEFAULT_AXON_LIMITS } from "./axon-limits.ts";
import { addressKey, Budget } from "./budget.ts";
import type { CallerPolicy, CallerView } from "./caller-policy.ts";
import { ConnectionGuard } from "./connection-guard.ts";
import { createHttpServer } from "./http-server.ts";
import { LazyQuestion } from "./lazy-question.ts";
import type { MinerMetrics } from "./metrics.ts";
import { type Body, readBody } from "./read-body.ts";
import { JSON_CONTENT_TYPE, refusalReply } from "./refusal-reply.ts";
import { Room } from "./room.ts";
import type { PublicPage, Reply, SignedRoute } from "./route.ts";
import { RouteTable } from "./route-table.ts";
import { ScratchBuffers } from "./scratch-buffers.ts";
import { send } from "./send.ts";
import { SignatureLine } from "./signature-line.ts";
import { Tally } from "./tally.ts";
import { toWireHeaders } from "./wire-headers.ts";

export type AxonDeps = {
  /** The miner's hotkey; signs the answers. */
  signer: WireSigner;
  /** Default: `KnownKeyVerifier`, which works ahead for hotkeys that come back. */
  verifySr25519?: VerifySr25519;
  policy: CallerPolicy;
  /** The newest view of the chain. */
  view(): CallerView;
  /** The same, asked for again when it is not brand-new. */
  renewedView(): Promise<CallerView>;
  metrics?: MinerMetrics | undefined;
  logger: Logger;
  clock: Clock;
};

/** What it takes to answer, on top of what it takes to refuse. */
export type AxonWork = {
  routes: readonly SignedRoute[];
  pages?: readonly PublicPage[];
  store: Pick<ReplayClaims, "claim">;
  /** Can the model be asked now? */
  isReady(): boolean;
};

export type AxonOptions = {
  host: string;
  /** 0 for any free one. */
  port: number;
  /** Which conventions are taken. Default: btauth/1 alone; the weaker ones are an explicit choice. */
  protocols?: readonly Protocol[] | undefined;
  limits?: Partial<AxonLimits> | undefined;
  window?: FreshnessWindow | undefined;
};

type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  method: string;
  target: string;
  headers: WireHeaders;
  route: SignedRoute;
  /** As soon as all of it is there. */
  body: Body | undefined;
};

type Admitted = { ok: true; verified: VerifiedRequest; bytes: Uint8Array };
type Refused = { ok: false; code: RefusalCode; protocol?: ProtocolId | undefined };

const MAX_BUDGET_KEYS = 10_000;
/** As many hotkeys as a subnet has: 42 MB of tables when all of them call. */
const MAX_KNOWN_KEYS = 256;

/**
 * The miner's HTTP server: signed routes behind the whole admission, public pages, `GET /health/live` and
 * `/health/ready`, and nothing else.
 */
export class Axon {
  readonly tally = new Tally();
  readonly #deps: AxonDeps;
  readonly #limits: AxonLimits;
  readonly #protocols: ReadonlyMap<ProtocolId, Protocol>;
  readonly #rules: VerifyRules;
  readonly #verifier = new KnownKeyVerifier({ maxKeys: MAX_KNOWN_KEYS });
  readonly #server: Server;
  readonly #guard: ConnectionGuard;
  readonly #callers: Budget;
  readonly #failures: Budget;
  readonly #bodies: Room;
  #bodyBytes = new Room({ total: 0, perKey: 0 });
  readonly #bodyMemory = new ScratchBuffers();
  readonly #signatures: SignatureLine;
  readonly #answers: AnswersInWork;
  readonly #nextNonce: () => bigint;
  #work: AxonWork | undefined;
  #routes: RouteTable;
  #isStopping = false;

  /** @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN */
  static async listen(options: AxonOptions, deps: AxonDeps): Promise<Axon> {
    const axon = new Axon(options, deps);
    const { host, port } = options;
    await listen(axon.#server, { host, port });
    return axon;
  }

  private constructor(options: AxonOptions, deps: AxonDeps) {
    this.#deps = deps;
    this.#limits = { ...DEFAULT_AXON_LIMITS, ...options.limits };
    this.#protocols = new Map((options.protocols ?? [btauth]).map((protocol) => [protocol.id, protocol]));
    this.#rules = {
      self: deps.signer.address,
      window: options.window ?? DEFAULT_WINDOW,
      requireReceiver: true,
      trustedScheme: "sr25519",
    };
    const limits = this.#limits;
    const { callerPerSecond, callerBurst, failuresPerSecond, failureBurst } = limits;
    this.#callers = new Budget({ perSecond: callerPerSecond, burst: callerBurst, maxKeys: MAX_BUDGET_KEYS });
    this.#failures = new Budget({
      perSecond: failuresPerSecond,
      burst: failureBurst,
      maxKeys: MAX_BUDGET_KEYS,
    });
    this.#bodies = new Room({
      total: limits.maxUnverifiedBodies,
      perKey: limits.maxUnverifiedBodiesPerAddress,
    });
    this.#signatures = new SignatureLine({
      perTurn: limits.signaturesPerTurn,
      maxWaiting: limits.maxWaitingSignatures,
    });
    this.#answers = new AnswersInWork((count) => deps.metrics?.inflight(count));
    this.#nextNonce = createNonceSource(() => unixNs(deps.clock.nowMs()));
    this.#routes = new RouteTable([], this.#healthPages());
    this.#guard = new ConnectionGuard(limits);
    this.#server = createHttpServer(
      limits,
      (request, response) => this.#take(request, response),
      this.#guard,
    );
  }

  get #state(): AxonState {
    if (this.#isStopping) return "stopping";
    return this.#work?.isReady() ? "serving" : "starting";
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on questions are taken. @throws SubforgeError CONFIG_INVALID when two routes have the same path */
  serve(work: AxonWork): void {
    this.#routes = new RouteTable(work.routes, [...this.#healthPages(), ...(work.pages ?? [])]);
    const { maxUnverifiedBytes, maxUnverifiedBytesPerAddress } = this.#limits;
    const largest = Math.max(0, ...work.routes.map((route) => route.maxRequestBytes));
    this.#bodyBytes = new Room({
      total: Math.max(maxUnverifiedBytes, largest),
      perKey: Math.max(maxUnverifiedBytesPerAddress, largest),
    });
    this.#work = work;
  }

  /** Refuses new questions, lets those in work finish for at most `withinMs`, and closes every connection. */
  async drain(withinMs: number): Promise<void> {
    this.#isStopping = true;
    await this.#answers.idle(withinMs, this.#deps.clock);
    await closeNow(this.#server);
  }

  #healthPages(): PublicPage[] {
    const page = (path: string, isWell: () => boolean): PublicPage => ({
      ...{ method: "GET", path },
      show: () => (isWell() ? WELL : UNWELL),
    });
    return [page("/health/live", () => true), page("/health/ready", () => this.#state === "serving")];
  }

  /** Nothing that goes wrong with one request may reach the process. */
  #take(request: IncomingMessage, response: ServerResponse): void {
    this.#handle(request, response).catch((error) => {
      this.#deps.logger.error("axon.error", { error: String(error) });
      if (response.headersSent) response.destroy();
      else this.#refuse(request, response, { ok: false, code: "AXON_FAILED" });
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = performance.now();
    const { method = "", url: target = "" } = request;
    const page = this.#routes.page(method, target);
    if (page) return send(response, page.show());
    const route = this.#routes.signed(method, target);
    if (!route) {
      const code = this.#work || this.#isStopping ? "AXON_NOT_FOUND" : "AXON_NOT_READY";
      return this.#refuse(request, response, { ok: false, code });
    }
    const headers = toWireHeaders(request.rawHeaders);
    const exchange: Exchange = { request, response, method, target, headers, route, body: undefined };
    const admitted = await this.#admit(exchange, this.#work!);
    const done = admitted.ok
      ? this.#answer(exchange, admitted, startedMs)
      : this.#refuse(request, response, admitted, route);
    exchange.body?.giveBack(); // a route has read it by the time it first waits
    await done;
  }

  async #admit(exchange: Exchange, work: AxonWork): Promise<Admitted | Refused> {
    const { request, response, method, target, headers, route } = exchange;
    const { policy, clock, metrics } = this.#deps;
    const address = addressKey(request.socket.remoteAddress);
    const nowMs = clock.nowMs();
    // One plain literal: a spread costs microseconds here.
    const admission = admitHeaders({
      method,
      target,
      headers,
      policy,
      nowMs,
      state: this.#state,
      maxBodyBytes: route.maxRequestBytes,
      protocols: this.#protocols,
      accepts: route.accepts,
      view: this.#deps.view(),
      rules: this.#rules,
      nowNs: BigInt(nowMs) * 1_000_000n,
      noteAge: (ageNs) => metrics?.requestAgeSeconds(Number(ageNs) / 1e9),
      freeAnswers: this.#limits.maxAnswers - this.#answers.count,
      freeSignatures: this.#signatures.free,
      addressMayFail: this.#failures.has(address, nowMs),
      hasRoomForBody: (bytes) => this.#bodies.has(address) && this.#bodyBytes.has(address, bytes),
    });
    if (!admission.ok) return admission;
    const protocol = admission.protocol.id;
    if (headers.expect !== undefined) response.writeContinue();
    const proven = await this.#prove(exchange, admission, address);
    if (!proven.ok) {
      if (proven.code === "BTAUTH_BAD_SIGNATURE") this.#failures.take(address, nowMs);
      return { ok: false, code: proven.code, protocol };
    }
    const storeMs = performance.now();
    const code = await admitVerified({
      verified: proven.verified,
      policy,
      view: this.#deps.view(),
      renewedView: this.#deps.renewedView,
      nowMs,
      claimNonce: async (verified) => {
        try {
          const key = admission.protocol.replayKey(verified, this.#rules.self);
          return await work.store.claim(key, verified.nonce, verified.protocol);
        } finally {
          metrics?.storeSeconds((performance.now() - storeMs) / 1e3);
        }
      },
      spend: ({ sender }) => this.#callers.take(sender, nowMs),
      enter: () => this.#enter(response),
    });
    if (code) return { ok: false, code, protocol };
    this.#guard.vouch(address, performance.now());
    return proven;
  }

  /** Reads the body and checks the signature over it. */
  async #prove(
    exchange: Exchange,
    { claimed, protocol, bodyBytes }: ClaimedBody,
    address: string,
  ): Promise<Admitted | { ok: false; code: RefusalCode }> {
    const { request, method, target } = exchange;
    this.#bodies.enter(address);
    this.#bodyBytes.enter(address, bodyBytes);
    try {
      const body = await readBody(request, bodyBytes, this.#limits.bodyTimeoutMs, this.#bodyMemory);
      if (body === undefined) return { ok: false, code: "BTAUTH_BODY_TIMEOUT" };
      const { bytes } = body;
      exchange.body = body;
      const verified = await this.#signatures.take(() => {
        const startedMs = performance.now();
        const verdict = protocol.verify(
          claimed,
          { method, target, body: bytes },
          this.#rules.self,
          this.#verifierFor(claimed.sender),
        );
        this.#deps.metrics?.verifySeconds((performance.now() - startedMs) / 1e3);
        return verdict;
      });
      if (!verified) return { ok: false, code: "AXON_OVERLOADED" };
      return verified.ok ? { ok: true, verified, bytes } : verified;
    } finally {
      this.#bodies.leave(address);
      this.#bodyBytes.leave(address, bodyBytes);
    }
  }

  /**
   * On the serving loop: a known caller's signature takes 30 microseconds, about as much as handing it to a thread.
   * Only who is on the chain is prepared for.
   */
  #verifierFor(sender: Hotkey): VerifySr25519 {
    const isRegistered = this.#deps.view().hotkeys.has(sender);
    return (
      this.#deps.verifySr25519 ??
      ((message, signature, publicKey) => this.#verifier.verify(message, signature, publicKey, isRegistered))
    );
  }

  /** In one step with the look whether there is room: whoever entered is waited for when the axon stops. */
  #enter(response: ServerResponse): RefusalCode | undefined {
    if (this.#isStopping) return "AXON_STOPPING";
    if (this.#answers.count >= this.#limits.maxAnswers) return "AXON_OVERLOADED";
    this.#answers.enter(response);
    return undefined;
  }

  async #answer(exchange: Exchange, { verified, bytes }: Admitted, startedMs: number): Promise<void> {
    const { request, response, headers, target, route } = exchange;
    const { logger, metrics } = this.#deps;
    const { "content-type": type = "" } = headers;
    const contentType = typeof type === "string" ? type : type.join();
    const question = new LazyQuestion({ body: bytes, headers, contentType, target, verified });
    try {
      const reply = await withinDeadline(route, question, response);
      if (!reply) return void response.destroy(); // this behaviour gives no answer
      if (reply.body.length > route.maxResponseBytes) {
        throw new Error(`an answer of ${reply.body.length} bytes`);
      }
      send(response, this.#signed(reply, verified));
      const ms = performance.now() - startedMs;
      this.tally.answered(ms);
      metrics?.requestAnswered({ route: route.path, protocol: verified.protocol, seconds: ms / 1e3 });
      logger.debug("axon.answered", { route: route.path, caller: verified.sender, ms: Math.round(ms) });
    } catch (error) {
      const code = refusalOf(error);
      if (code === "AXON_FAILED") logger.warn("axon.failed", { route: route.path, error: String(error) });
      this.#refuse(request, response, { ok: false, code, protocol: verified.protocol }, route);
    }
  }

  #signed(reply: Reply, request: VerifiedRequest): Reply {
    if (request.protocol !== "btauth/1") return reply;
    const { status, contentType, body } = reply;
    const { signer } = this.#deps;
    const signed = signReply({ status, contentType, body, signer, request, nonce: this.#nextNonce() });
    const headers = reply.headers ? { ...reply.headers, ...signed } : signed;
    return { status, contentType, headers, body };
  }

  #refuse(request: IncomingMessage, response: ServerResponse, refused: Refused, route?: SignedRoute): void {
    const { code, protocol } = refused;
    this.tally.refused(code);
    this.#deps.metrics?.refused(code, protocol);
    this.#deps.logger.debug("axon.refused", { code, address: request.socket.remoteAddress });
    // The body may be unread, and whoever is refused should not keep a connection.
    send(response, route?.refusal?.(code) ?? refusalReply(code), true);
  }
}

const health = (status: number, ok: boolean): Reply => ({
  ...{ status, contentType: JSON_CONTENT_TYPE },
  body: Buffer.from(JSON.stringify({ ok })),
});
const [WELL, UNWELL] = [health(200, true), health(503, false)];

/** Work that does not listen to its signal must not keep the caller waiting. */
function withinDeadline(
  route: SignedRoute,
  question: LazyQuestion,
  response: ServerResponse,
): Promise<Reply | undefined> {
  return new Promise<Reply | undefined>((resolve, reject) => {
    let isSilent = false;
    const settle = () => {
      clearTimeout(timer);
      response.off("close", end);
    };
    const end = () => {
      settle();
      question.abort();
      if (isSilent) resolve(undefined);
      else reject(new SubforgeError("INFERENCE_DEADLINE", {}));
    };
    const timer = setTimeout(end, route.timeoutMs);
    response.once("close", end);
    route.answer(question).then(
      (reply) => {
        isSilent = reply === undefined; // who says nothing lets the caller wait
        if (isSilent) return;
        settle();
        resolve(reply);
      },
      (error: unknown) => {
        settle();
        reject(error);
      },
    );
  });
}
