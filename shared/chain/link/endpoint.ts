import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import type { Hex } from "../../types.ts";
import type { BlockHead } from "../chain.ts";
import { type ChainMeter, endpointName } from "../chain-meter.ts";
import { backOffMs } from "./back-off.ts";
import { BEST_SCORE, type EndpointDeed, rescore } from "./endpoint-score.ts";
import { askIsSyncing, followChain, introduce } from "./follow-chain.ts";
import { RequestBudget } from "./request-budget.ts";
import {
  EndpointFailure,
  type FailureKind,
  openRpcSocket,
  RpcRefusal,
  type RpcSocket,
} from "./rpc-socket.ts";
import { watchConnection } from "./watch-connection.ts";

/** A connection that held so long was a good one: the next loss starts with a short pause again. */
const STEADY_MS = 60_000;

/** A connection that was opened while the other side is deaf stays deaf: it is given up long before a question would be. */
const INTRODUCTION_MS = 5_000;

/** `foreign`: it serves another chain. `syncing`: it has not caught up with its own chain. */
export type EndpointState = "connecting" | "ready" | "syncing" | "foreign" | "down";

export type EndpointDeps = {
  timeoutMs: number;
  /** No new block for so long makes an endpoint suspect. Asked each time: the slot is known later. */
  stallMs: () => number;
  budget: { perSecond: number; burst: number };
  /** Undefined until it is known. */
  genesis: () => Hex | undefined;
  /** Something that decides which endpoint is best has changed. */
  onChange: (endpoint: Endpoint) => void;
  clock: Clock;
  /** 0..1. */
  random: () => number;
  logger: Logger;
  meter?: ChainMeter | undefined;
  signal: AbortSignal;
};

/**
 * One address: connects, connects again after every loss, and knows at any time whether it may be used. There is at
 * most one socket, and on each new one exactly one subscription of each kind.
 */
export class Endpoint {
  readonly url: string;
  state: EndpointState = "connecting";
  /** Why it cannot be used, in words. */
  reason = "it did not answer yet";
  score = BEST_SCORE;
  genesis: Hex | undefined;
  best: BlockHead | undefined;
  finalized: BlockHead | undefined;
  specVersion: number | undefined;
  /** No block came for too long. */
  isSuspect = false;
  /** Resolves when the first connection stands or has failed. */
  readonly tried: Promise<void>;
  readonly #deps: EndpointDeps;
  readonly #budget: RequestBudget;
  #socket: RpcSocket | undefined;
  #progressAtMs = 0;
  /** Told once; behind a name there may be another machine tomorrow, so it is looked at again. */
  #isForeign = false;
  #onTried = (): void => {};

  constructor(url: string, deps: EndpointDeps) {
    this.url = url;
    this.#deps = deps;
    this.#budget = new RequestBudget(deps.budget, deps.clock.nowMs());
    this.tried = new Promise((resolve) => {
      this.#onTried = resolve;
    });
  }

  /** Goes on until the signal aborts. */
  async run(): Promise<void> {
    const { clock, signal, random, logger } = this.#deps;
    let attempt = 0;
    while (!signal.aborted) {
      const sinceMs = clock.nowMs();
      let failure: EndpointFailure;
      try {
        failure = await this.#live();
      } catch (error) {
        failure = toFailure(error);
      }
      if (signal.aborted) break;
      if (clock.nowMs() - sinceMs >= STEADY_MS) attempt = 0;
      attempt++;
      const wasUp = this.state === "ready" || this.state === "syncing";
      this.#onLoss(failure);
      if (wasUp || attempt === 1)
        logger.warn("chain.disconnected", { endpoint: this.url, reason: this.reason });
      this.#onTried();
      await clock.sleep(backOffMs(attempt, random(), failure.retryAfterMs), signal);
    }
    this.#socket?.end(new EndpointFailure("closed", "the chain was closed"));
    this.#onTried();
  }

  /** @throws RpcRefusal, EndpointFailure */
  async ask(method: string, params: readonly unknown[], timeoutMs: number): Promise<unknown> {
    const startMs = Date.now();
    await this.#waitForBudget(method, timeoutMs);
    try {
      const answer = await this.#connected().ask(method, params, timeoutMs - (Date.now() - startMs));
      this.#note("answered");
      this.#measure(method, startMs, undefined);
      return answer;
    } catch (error) {
      const failure = isRateLimit(error) ? new EndpointFailure("throttled", error.message) : error;
      this.#note(failure instanceof RpcRefusal ? "answered" : toFailure(failure).kind);
      this.#measure(method, startMs, failure instanceof RpcRefusal ? "refused" : toFailure(failure).kind);
      throw failure;
    }
  }

  /**
   * A subscription that ends with the connection: nobody restores it.
   *
   * @param onLost - The connection ended; called at most once.
   */
  async subscribe(
    names: readonly [string, string],
    params: readonly unknown[],
    onResult: (result: unknown) => void,
    onLost: (failure: EndpointFailure) => void,
  ): Promise<() => void> {
    const { timeoutMs } = this.#deps;
    await this.#waitForBudget(names[0], timeoutMs);
    const socket = this.#connected();
    const stop = await socket.subscribe(names, params, timeoutMs, onResult);
    let live = true;
    void socket.ended.then((failure) => {
      if (live) onLost(failure);
    });
    return () => {
      live = false;
      stop();
    };
  }

  /** It answered before the genesis was known, and turned out to serve another chain. */
  disown(expected: Hex): void {
    const failure = this.#onForeign(expected);
    this.#socket?.end(failure);
  }

  /** One connection, from its opening to its end. */
  async #live(): Promise<EndpointFailure> {
    const { signal, logger } = this.#deps;
    const timeoutMs = Math.min(this.#deps.timeoutMs, INTRODUCTION_MS);
    if (!this.#isForeign) this.#set("connecting", this.reason);
    const socket = await openRpcSocket(this.url, timeoutMs, signal);
    this.#socket = socket;
    const stop = () => socket.end(new EndpointFailure("closed", "the chain was closed"));
    signal.addEventListener("abort", stop, { once: true });
    try {
      this.#budget.take(this.#deps.clock.nowMs());
      const { genesis, isSyncing } = await introduce(socket, timeoutMs);
      this.genesis = genesis;
      const expected = this.#deps.genesis();
      if (expected !== undefined && this.genesis !== expected) {
        return this.#onForeign(expected);
      }
      this.#isForeign = false;
      this.#progressAtMs = this.#deps.clock.nowMs();
      this.isSuspect = false;
      await followChain(socket, timeoutMs, {
        onBest: (head) => this.#onBest(head),
        onFinalized: (head) => this.#onFinalized(head),
        onVersion: (specVersion) => this.#onVersion(specVersion),
      });
      this.#set(isSyncing ? "syncing" : "ready", isSyncing ? "it is syncing" : "");
      logger.info("chain.connected", { endpoint: this.url, block: this.best?.number, syncing: isSyncing });
      this.#onTried();
      void this.#watch(socket).catch((error: unknown) => socket.end(toFailure(error)));
      return await socket.ended;
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  #watch(socket: RpcSocket): Promise<void> {
    const { clock, signal, logger, timeoutMs, stallMs } = this.#deps;
    return watchConnection(socket, {
      ...{ clock, signal, timeoutMs, stallMs },
      progress: () => ({ best: this.best?.number ?? 0, atMs: this.#progressAtMs }),
      onLook: async () => {
        if (this.state === "syncing" && !(await askIsSyncing(socket, timeoutMs))) this.#set("ready", "");
      },
      onStill: (silentMs) => {
        if (!this.isSuspect) {
          logger.warn("chain.stalled", { endpoint: this.url, block: this.best?.number, silentMs });
        }
        this.isSuspect = true;
        this.#deps.onChange(this);
      },
    });
  }

  #onBest(head: BlockHead): void {
    if (this.best === undefined || head.number > this.best.number) {
      this.#progressAtMs = this.#deps.clock.nowMs();
      this.isSuspect = false;
    }
    this.best = head;
    this.#deps.onChange(this);
  }

  #onFinalized(head: BlockHead): void {
    this.finalized = head;
    this.#deps.onChange(this);
  }

  #onVersion(specVersion: number): void {
    this.specVersion = specVersion;
    this.#deps.onChange(this);
  }

  #onForeign(expected: Hex): EndpointFailure {
    const { logger } = this.#deps;
    if (!this.#isForeign) {
      logger.error("chain.wrong-genesis", { endpoint: this.url, expected, actual: this.genesis });
    }
    this.#isForeign = true;
    this.#set("foreign", `it serves the chain ${this.genesis}`);
    return new EndpointFailure("unreachable", this.reason);
  }

  #onLoss(failure: EndpointFailure): void {
    this.#socket = undefined;
    this.best = undefined;
    this.#note(failure.kind);
    if (this.state !== "foreign") this.#set("down", failure.message);
  }

  #note(deed: EndpointDeed): void {
    const before = this.score;
    this.score = rescore(before, deed);
    if (deed === "throttled") this.#budget.refused(this.#deps.clock.nowMs());
    if (this.score !== before) this.#deps.onChange(this);
  }

  #measure(method: string, startMs: number, failure: FailureKind | "refused" | undefined): void {
    const { meter } = this.#deps;
    if (!meter) return;
    meter.asked({ endpoint: endpointName(this.url), method, seconds: (Date.now() - startMs) / 1e3, failure });
  }

  #set(state: EndpointState, reason: string): void {
    this.state = state;
    this.reason = reason;
    this.#deps.onChange(this);
  }

  #connected(): RpcSocket {
    if (this.#socket && (this.state === "ready" || this.state === "syncing")) return this.#socket;
    throw new EndpointFailure("closed", this.reason || "the connection is lost");
  }

  async #waitForBudget(method: string, timeoutMs: number): Promise<void> {
    const { clock, signal } = this.#deps;
    const waitMs = this.#budget.take(clock.nowMs());
    if (waitMs === 0) return;
    if (waitMs > timeoutMs) {
      this.#budget.giveBack();
      throw new EndpointFailure("busy", `its budget of requests leaves no room for ${method} now`);
    }
    await clock.sleep(waitMs, signal);
  }
}

function toFailure(error: unknown): EndpointFailure {
  if (error instanceof EndpointFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  return error instanceof RpcRefusal
    ? new EndpointFailure("unreachable", `it refused to introduce itself: ${text}`)
    : new EndpointFailure("closed", text);
}

/** Some gateways say inside JSON-RPC what others say by HTTP 429. */
function isRateLimit(error: unknown): error is RpcRefusal {
  return error instanceof RpcRefusal && /too many requests|rate limit exceeded/i.test(error.message);
}
