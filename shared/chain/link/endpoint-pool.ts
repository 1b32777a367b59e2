import type { Clock } from "../../clock.ts";
import { within } from "../../deadline.ts";
import { SubforgeError } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { BlockNumber, Hex } from "../../types.ts";
import type { BlockHead } from "../chain.ts";
import type { ChainMeter } from "../chain-meter.ts";
import { parseHeader } from "./block-header.ts";
import { isMissingState, toChainError } from "./chain-error.ts";
import { inOrder, isWritable } from "./choose-endpoint.ts";
import { Endpoint } from "./endpoint.ts";
import { budgetFor } from "./request-budget.ts";
import { EndpointFailure, RpcRefusal } from "./rpc-socket.ts";

/** With no genesis pinned, an earlier one in the list has so long to answer after a later one did. */
const GRACE_MS = 2_000;

/** Of what is left of the deadline, for an endpoint that is not the last one to be asked, or not for the last time. */
const BESIDE_OTHERS = 1 / 2;
const ALONE = 1 / 3;

/** Blocks that finality may be behind. Subtensor's is two or three. */
const FINALITY_LAG = 10;

export type PoolOptions = {
  endpoints: readonly string[];
  timeoutMs: number;
  genesis?: Hex | undefined;
  /** Sustained requests a second to one endpoint. Default: 1 for others' machines, no limit for this one. */
  requestsPerSecond?: number | undefined;
  /** Least silence that makes an endpoint suspect; three slots of the chain when that is longer. */
  stallMs?: number | undefined;
};

export type PoolDeps = { clock: Clock; random: () => number; logger: Logger; meter?: ChainMeter | undefined };

/** What an endpoint is good for at the moment. */
export type EndpointStatus = {
  endpoint: string;
  state: string;
  reason: string;
  score: number;
  block: BlockNumber | undefined;
  writable: boolean;
};

/**
 * The endpoints of one chain as one: asks the best of them, goes on with the next when it fails, and never gives a
 * transaction to one that is out of step. All share one genesis.
 */
export class EndpointPool {
  /** Blocks below which finality stalls, told once each way. */
  isFinalityStalled = false;
  /** Three slots of the chain, once its slot is known. */
  slotMs = 0;
  readonly #endpoints: Endpoint[];
  readonly #options: PoolOptions;
  readonly #logger: Logger;
  readonly #meter: ChainMeter | undefined;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #genesis: Hex | undefined;
  #present: Endpoint | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: PoolOptions, { clock, random, logger, meter }: PoolDeps) {
    this.#options = options;
    this.#logger = logger;
    this.#meter = meter;
    this.#genesis = options.genesis;
    this.#endpoints = options.endpoints.map(
      (url) =>
        new Endpoint(url, {
          timeoutMs: options.timeoutMs,
          stallMs: () => Math.max(3 * this.slotMs, options.stallMs ?? 15_000),
          budget: budgetFor(url, options.requestsPerSecond),
          genesis: () => this.#genesis,
          onChange: () => this.#onChange(),
          clock,
          random,
          logger,
          meter,
          signal: this.#stop.signal,
        }),
    );
  }

  get genesis(): Hex {
    return this.#genesis!;
  }

  /** The best block and the last final one, as the present endpoint told them. No question is asked. */
  get best(): BlockHead | undefined {
    return this.#present?.best;
  }

  get finalized(): BlockHead | undefined {
    return this.#present?.finalized;
  }

  get specVersion(): number | undefined {
    return this.#present?.specVersion;
  }

  /** @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_WRONG_GENESIS */
  async open(): Promise<void> {
    this.#running = Promise.all(this.#endpoints.map((endpoint) => endpoint.run()));
    await Promise.race([Promise.all(this.#endpoints.map(({ tried }) => tried)), this.#firstUp()]);
    this.#genesis ??= this.#endpoints.find(({ state }) => state === "ready" || state === "syncing")?.genesis;
    for (const endpoint of this.#endpoints) {
      if (this.#genesis && endpoint.genesis && endpoint.genesis !== this.#genesis)
        endpoint.disown(this.#genesis);
    }
    this.#onChange();
    if (!this.#present) throw this.#nobody();
  }

  /**
   * Ask the best endpoint, and the next ones when it fails; one alone once more when it does not answer. For questions that
   * change nothing.
   *
   * @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_TIMEOUT, CHAIN_STATE_PRUNED, CHAIN_BAD_ANSWER when it was refused
   */
  async ask(method: string, params: readonly unknown[] = []): Promise<unknown> {
    const startMs = Date.now();
    const { timeoutMs } = this.#options;
    let last: unknown;
    const candidates = inOrder(this.#endpoints, this.#present);
    // One alone gets a second turn: an answer can be lost on a connection that stands.
    const isAlone = candidates.length === 1;
    const turns = isAlone ? [...candidates, ...candidates] : candidates;
    for (const [turn, endpoint] of turns.entries()) {
      const leftMs = timeoutMs - (Date.now() - startMs);
      if (leftMs <= 0) break;
      const share = turn === turns.length - 1 ? 1 : isAlone ? ALONE : BESIDE_OTHERS;
      try {
        return await endpoint.ask(method, params, leftMs * share);
      } catch (error) {
        last = worse(last, error);
        if (isAlone ? !isLate(error) : !isElsewhere(error)) break;
      }
    }
    throw last === undefined ? this.#nobody() : this.#translate(method, last);
  }

  /** The endpoint that gets transactions: ready, and in step with the others. @throws SubforgeError CHAIN_UNREACHABLE */
  writer(): Endpoint {
    const writable = inOrder(this.#endpoints, this.#present).find((one) => isWritable(one, this.#endpoints));
    if (writable) return writable;
    throw this.#nobody();
  }

  /** Ask the endpoint that gets transactions, and nobody else: what its pool holds, the others may not know. */
  async askWriter(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.writer().ask(method, params, this.#options.timeoutMs);
    } catch (error) {
      throw this.#translate(method, error);
    }
  }

  /**
   * Ask a second endpoint the same question, to have its word as well.
   *
   * @returns undefined when there is no second one in step, or it did not answer.
   */
  async askAnother(method: string, params: readonly unknown[]): Promise<{ answer: unknown } | undefined> {
    const [, second] = inOrder(this.#endpoints, this.#present).filter((one) =>
      isWritable(one, this.#endpoints),
    );
    if (!second) return undefined;
    try {
      return { answer: await second.ask(method, params, this.#options.timeoutMs) };
    } catch {
      return undefined; // it failed: its score says so, and there is one opinion less
    }
  }

  /** The best block, asked now: what was included before this call is in it. */
  async head(): Promise<BlockHead> {
    return this.#toHead(await this.ask("chain_getHeader"));
  }

  async headOf(hash: Hex): Promise<BlockHead> {
    return this.#toHead(await this.ask("chain_getHeader", [hash]));
  }

  /** Called after each change of best block, final block, runtime or present endpoint. @returns how to stop */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): EndpointStatus[] {
    return this.#endpoints.map((endpoint) => ({
      endpoint: endpoint.url,
      state: endpoint.state,
      reason: endpoint.reason,
      score: endpoint.score,
      block: endpoint.best?.number,
      writable: isWritable(endpoint, this.#endpoints),
    }));
  }

  get isClosed(): boolean {
    return this.#stop.signal.aborted;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#onChange(); // who waits for something stops waiting
    this.#listeners.clear();
    // Each ends at once by its signal; the bound is for a socket that would not.
    await within(this.#running, this.#options.timeoutMs, () => new Error("closing")).catch(() => undefined);
  }

  /** Which of several chains is meant is the first one's word, unless it was told: so it gets a little more time. */
  async #firstUp(): Promise<void> {
    await Promise.any(
      this.#endpoints.map(async (endpoint) => {
        await endpoint.tried;
        if (endpoint.state !== "ready" && endpoint.state !== "syncing") throw new Error("not up");
      }),
    ).catch(() => undefined);
    if (!this.#options.genesis) await new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref());
  }

  #onChange(): void {
    const [first] = inOrder(this.#endpoints, this.#present);
    if (first !== this.#present) {
      if (first && this.#present) {
        this.#logger.info("chain.switched", { from: this.#present.url, to: first.url });
        this.#meter?.switched();
      }
      this.#present = first;
    }
    this.#lookAtFinality();
    for (const listener of [...this.#listeners]) listener();
  }

  #lookAtFinality(): void {
    const { best, finalized } = this;
    if (!best || !finalized) return;
    const behind = best.number - finalized.number;
    const stalled = behind > (this.isFinalityStalled ? FINALITY_LAG / 2 : FINALITY_LAG);
    if (stalled === this.isFinalityStalled) return;
    this.isFinalityStalled = stalled;
    const facts = { block: best.number, finalized: finalized.number, behind };
    if (stalled) this.#logger.warn("chain.finality-stalled", facts);
    else this.#logger.info("chain.finality-resumed", facts);
  }

  #toHead(answer: unknown): BlockHead {
    const head = parseHeader(answer);
    if (head) return head;
    throw new SubforgeError("CHAIN_BAD_ANSWER", { what: "a block header", problem: "it is no header" });
  }

  #translate(method: string, error: unknown): SubforgeError {
    return (
      toChainError(method, error, this.#options.timeoutMs) ??
      this.#nobody(error instanceof Error ? error.message : String(error))
    );
  }

  #nobody(reason?: string): SubforgeError {
    const endpoint = this.#endpoints.map(({ url }) => url).join(", ");
    const foreign = this.#endpoints.find(({ state }) => state === "foreign");
    if (foreign?.genesis && this.#genesis && this.#endpoints.every(({ state }) => state === "foreign")) {
      const facts = { endpoint: foreign.url, expected: this.#genesis, actual: foreign.genesis };
      return new SubforgeError("CHAIN_WRONG_GENESIS", facts);
    }
    const why = this.#endpoints.map((one) =>
      this.#endpoints.length === 1 ? one.reason : `${one.url}: ${one.reason || one.state}`,
    );
    return new SubforgeError("CHAIN_UNREACHABLE", { endpoint, reason: reason || why.join("; ") || "closed" });
  }
}

function isLate(error: unknown): boolean {
  return error instanceof EndpointFailure && error.kind === "late";
}

/** Is it about the endpoint, so that another one may do better? */
function isElsewhere(error: unknown): boolean {
  return error instanceof EndpointFailure || isMissingState(error);
}

/** The error that says most: a refusal is about the question, a failure only about the endpoint. */
function worse(a: unknown, b: unknown): unknown {
  return a instanceof RpcRefusal ? a : b;
}
