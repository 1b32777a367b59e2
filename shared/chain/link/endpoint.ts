import { z } from "zod";
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../logger.ts";
import type { Hex } from "../../types.ts";
import type { BlockHead } from "../chain.ts";
import { backOffMs } from "./back-off.ts";
import { parseHeader } from "./block-header.ts";
import { BEST_SCORE, type EndpointDeed, rescore } from "./endpoint-score.ts";
import { RequestBudget } from "./request-budget.ts";
import { EndpointFailure, openRpcSocket, RpcRefusal, type RpcSocket } from "./rpc-socket.ts";

/** A connection that held so long was a good one: the next loss starts with a short pause again. */
const STEADY_MS = 60_000;

/** Between two looks at a connection. */
const LOOK_MS = 5_000;

/** Looks without a single frame, pongs included, after which a connection is given up. */
const SILENT_LOOKS = 2;

/** Looks at an unmoving chain after which a new connection is tried: there may be another node behind the address. */
const STILL_LOOKS = 3;

/** Subscriptions of every connection: what tells us that an endpoint lives, and which blocks it has. */
const NEW_HEADS = ["chain_subscribeNewHeads", "chain_unsubscribeNewHeads"] as const;
const FINALIZED_HEADS = ["chain_subscribeFinalizedHeads", "chain_unsubscribeFinalizedHeads"] as const;
const RUNTIME = ["state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion"] as const;

const healthSchema = z.object({ isSyncing: z.boolean() });
const versionSchema = z.object({ specVersion: z.number().int().nonnegative() });

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
      return answer;
    } catch (error) {
      const failure = isRateLimit(error) ? new EndpointFailure("throttled", error.message) : error;
      this.#note(failure instanceof RpcRefusal ? "answered" : toFailure(failure).kind);
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
    const { timeoutMs, signal, logger } = this.#deps;
    if (!this.#isForeign) this.#set("connecting", this.reason);
    const socket = await openRpcSocket(this.url, timeoutMs, signal);
    this.#socket = socket;
    const stop = () => socket.end(new EndpointFailure("closed", "the chain was closed"));
    signal.addEventListener("abort", stop, { once: true });
    try {
      const isSyncing = await this.#introduce(socket);
      const expected = this.#deps.genesis();
      if (expected !== undefined && this.genesis !== expected) {
        return this.#onForeign(expected);
      }
      this.#isForeign = false;
      await this.#follow(socket);
      this.#set(isSyncing ? "syncing" : "ready", isSyncing ? "it is syncing" : "");
      logger.info("chain.connected", { endpoint: this.url, block: this.best?.number, syncing: isSyncing });
      this.#onTried();
      void this.#look(socket).catch((error: unknown) => socket.end(toFailure(error)));
      return await socket.ended;
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  async #introduce(socket: RpcSocket): Promise<boolean> {
    const { timeoutMs } = this.#deps;
    this.#budget.take(this.#deps.clock.nowMs());
    const [genesis, health] = await Promise.all([
      socket.ask("chain_getBlockHash", [0], timeoutMs),
      socket.ask("system_health", [], timeoutMs),
    ]);
    if (typeof genesis !== "string" || !/^0x[0-9a-f]{64}$/.test(genesis)) throw malformed("its genesis hash");
    this.genesis = genesis as Hex;
    const parsed = healthSchema.safeParse(health);
    if (!parsed.success) throw malformed("its health");
    return parsed.data.isSyncing;
  }

  /** Resolves when the first block and the runtime's version came. */
  async #follow(socket: RpcSocket): Promise<void> {
    const { timeoutMs, clock } = this.#deps;
    this.#progressAtMs = clock.nowMs();
    this.isSuspect = false;
    this.best = undefined;
    const header = (result: unknown): BlockHead => {
      const head = parseHeader(result);
      if (head) return head;
      socket.end(malformed("a block header"));
      throw malformed("a block header");
    };
    await Promise.all([
      socket.subscribe(
        NEW_HEADS,
        [],
        timeoutMs,
        guarded(header, (head) => this.#onBest(head)),
      ),
      socket.subscribe(
        FINALIZED_HEADS,
        [],
        timeoutMs,
        guarded(header, (head) => this.#onFinalized(head)),
      ),
      socket.subscribe(RUNTIME, [], timeoutMs, (result) => this.#onVersion(socket, result)),
    ]);
    // Every node tells the present state at once; one that does not is asked.
    if (!this.best) this.#onBest(header(await socket.ask("chain_getHeader", [], timeoutMs)));
    if (this.specVersion === undefined) {
      this.#onVersion(socket, await socket.ask("state_getRuntimeVersion", [], timeoutMs));
    }
  }

  /** Is the connection alive, and does the chain move? */
  async #look(socket: RpcSocket): Promise<void> {
    const { clock, signal, logger, timeoutMs } = this.#deps;
    const over = new AbortController();
    void socket.ended.then(() => over.abort());
    const until = AbortSignal.any([signal, over.signal]);
    let seen = socket.framesSeen;
    let silent = 0;
    let still = 0;
    while (!until.aborted) {
      await clock.sleep(LOOK_MS, until);
      if (until.aborted) return;
      silent = socket.framesSeen === seen ? silent + 1 : 0;
      seen = socket.framesSeen;
      if (silent >= SILENT_LOOKS) {
        return socket.end(new EndpointFailure("late", "the connection stands, but nothing comes"));
      }
      socket.ping();
      if (this.state === "syncing") await this.#lookAtSync(socket);
      const waitedMs = clock.nowMs() - this.#progressAtMs;
      if (waitedMs < this.#deps.stallMs() * (still + 1)) {
        if (!this.isSuspect) still = 0;
        continue;
      }
      const known = this.best?.number ?? 0;
      const head = parseHeader(await socket.ask("chain_getHeader", [], timeoutMs));
      if (!head) return socket.end(malformed("a block header"));
      if (head.number > known) {
        return socket.end(new EndpointFailure("late", "it has new blocks and did not tell"));
      }
      still++;
      if (!this.isSuspect) {
        logger.warn("chain.stalled", { endpoint: this.url, block: known, silentMs: waitedMs });
      }
      this.isSuspect = true;
      this.#deps.onChange(this);
      if (still >= STILL_LOOKS) {
        return socket.end(new EndpointFailure("late", `it has no block after ${known}`));
      }
    }
  }

  async #lookAtSync(socket: RpcSocket): Promise<void> {
    const health = healthSchema.safeParse(await socket.ask("system_health", [], this.#deps.timeoutMs));
    if (health.success && !health.data.isSyncing) this.#set("ready", "");
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

  #onVersion(socket: RpcSocket, result: unknown): void {
    const version = versionSchema.safeParse(result);
    if (version.success) {
      this.specVersion = version.data.specVersion;
      this.#deps.onChange(this);
    } else socket.end(malformed("a runtime version"));
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

function malformed(what: string): EndpointFailure {
  return new EndpointFailure("malformed", `${what} has a shape we do not know`);
}

/** A notification that cannot be read ends the connection; there is nobody to throw to. */
function guarded(read: (result: unknown) => BlockHead, use: (head: BlockHead) => void) {
  return (result: unknown) => {
    let head: BlockHead;
    try {
      head = read(result);
    } catch {
      return;
    }
    use(head);
  };
}
