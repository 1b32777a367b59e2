import { access, constants, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { ChainStatus } from "../shared/chain/chain.ts";
import type { Clock } from "../shared/clock.ts";
import type { Health } from "../shared/metrics/metrics-server.ts";
import type { QueueStats } from "../shared/queue/queue-stats.ts";
import type { BlockNumber } from "../shared/types.ts";

/** A chain whose best block is older is not fresh. Subtensor's take 12 s. */
const FRESH_MS = 60_000;

/** Work that waits and does not move for so long is stuck. */
const QUEUE_STUCK_MS = 60_000;

/** The journal needs room for an epoch. */
const FREE_BYTES = 16 * 1024 * 1024;

/** Block times of which the typical one is taken. */
const KEPT_TIMES = 16;

export type PulseDeps = {
  chain(): ChainStatus;
  queue(): Promise<QueueStats>;
  /** Worker processes that run now. */
  workers(): number;
  journalPath: string;
  /** Does the thread that watches the main loop look? True where there is none. */
  isWatched(): boolean;
  clock: Clock;
};

/**
 * How a validator is doing, judged by progress: blocks that come, looks at them that end, jobs that move. Metrics, health
 * pages and status lines read the same figures.
 */
export class Pulse {
  chain: ChainStatus;
  /** Undefined when Redis did not answer the last look. */
  queue: QueueStats | undefined;
  bestBlock: BlockNumber | undefined;
  /** Typical time between two blocks, undefined before two came. */
  blockMs: number | undefined;
  readonly #deps: PulseDeps;
  readonly #times: number[] = [];
  #blockAtMs: number;
  /** Undefined while the validator is not started: another planner may have its turn. */
  #plannerAtMs: number | undefined;
  #plannerBlock: BlockNumber | undefined;

  constructor(deps: PulseDeps) {
    this.#deps = deps;
    this.chain = deps.chain();
    this.bestBlock = this.chain.best;
    this.#blockAtMs = deps.clock.nowMs();
  }

  /** Since the best block became a higher one. */
  get blockAgeMs(): number {
    return this.#deps.clock.nowMs() - this.#blockAtMs;
  }

  /** Is there a block that the planner did not finish looking at? */
  get isPlannerBehind(): boolean {
    return this.bestBlock !== undefined && this.bestBlock !== this.#plannerBlock;
  }

  /** Since the planner finished looking at a block, or was started. */
  get plannerAgeMs(): number {
    return this.#plannerAtMs === undefined ? 0 : this.#deps.clock.nowMs() - this.#plannerAtMs;
  }

  get workers(): number {
    return this.#deps.workers();
  }

  /** The planner was started, or finished looking at a block. */
  plannerLooked(): void {
    this.#lookAtChain();
    this.#plannerAtMs = this.#deps.clock.nowMs();
    this.#plannerBlock = this.bestBlock;
  }

  /** Looks at everything that can be known now. Never throws. */
  async look(): Promise<void> {
    this.#lookAtChain();
    this.queue = await this.#deps.queue().catch(() => undefined);
  }

  /** The main loop turns, or nobody would answer; and whoever watches it is there. */
  async live(): Promise<Health> {
    const isWatched = this.#deps.isWatched();
    const checks = { loop: "turns", watch: isWatched ? "looks" : "the watching thread is gone" };
    return { ok: isWatched, checks };
  }

  async ready(): Promise<Health> {
    await this.look();
    const journal = await this.#journalTrouble();
    const troubles = { chain: this.chainTrouble(), queue: this.queueTrouble(), journal };
    const checks = Object.fromEntries(
      Object.entries(troubles).map(([what, trouble]) => [what, trouble ?? "ok"]),
    );
    return { ok: Object.values(troubles).every((trouble) => trouble === undefined), checks };
  }

  /** What is wrong with the link to the chain, in words; undefined when nothing is. */
  chainTrouble(): string | undefined {
    if (this.chain.best === undefined) return "the chain: no endpoint can be used";
    if (this.blockAgeMs > FRESH_MS)
      return `a new block: block ${this.bestBlock} is ${seconds(this.blockAgeMs)} old`;
    return undefined;
  }

  queueTrouble(): string | undefined {
    if (this.#plannerAtMs === undefined) return "its turn: it does not plan yet";
    if (!this.queue) return "Redis: it does not answer";
    const { jobs, progressAgeMs } = this.queue;
    if (jobs.waiting === 0 || progressAgeMs < QUEUE_STUCK_MS) return undefined;
    return `workers: ${jobs.waiting} jobs wait and none moved for ${seconds(progressAgeMs)}`;
  }

  async #journalTrouble(): Promise<string | undefined> {
    const { journalPath } = this.#deps;
    try {
      await access(journalPath, constants.W_OK);
      const { bavail, bsize } = await statfs(dirname(journalPath));
      return bavail * bsize < FREE_BYTES ? "room on the journal's disk: there is less than 16 MB" : undefined;
    } catch (error) {
      return `the journal: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #lookAtChain(): void {
    this.chain = this.#deps.chain();
    const { best } = this.chain;
    if (best === undefined || best <= (this.bestBlock ?? -1)) return;
    const nowMs = this.#deps.clock.nowMs();
    if (this.bestBlock !== undefined) {
      this.#times.push((nowMs - this.#blockAtMs) / (best - this.bestBlock));
      if (this.#times.length > KEPT_TIMES) this.#times.shift();
      this.blockMs = [...this.#times].sort((a, b) => a - b)[Math.floor(this.#times.length / 2)];
    }
    this.bestBlock = best;
    this.#blockAtMs = nowMs;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}
