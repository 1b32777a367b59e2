import type { Clock } from "../../shared/clock.ts";
import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import { type BatchLimits, nextBatch, type Waiting } from "../batcher.ts";
import { type ChildOptions, InferenceChild } from "./child.ts";
import { CrashBook } from "./crash-book.ts";
import type { Device } from "./device.ts";
import { checkFeeds, joinRows, rowKey, rowsPerRun, sliceRows } from "./feeds.ts";
import type { ModelInfo } from "./model-guard.ts";

export type PoolOptions = ChildOptions &
  BatchLimits & {
    /** Inference processes; each holds the model once. */
    processes: number;
    /** Requests that may wait; one more is refused. */
    maxWaiting: number;
  };

export const DEFAULT_POOL_OPTIONS = {
  device: "cpu",
  threads: 1,
  processes: 1,
  maxRows: 64,
  maxWaitMs: 0,
  maxWaiting: 256,
  loadTimeoutMs: 60_000,
  runTimeoutMs: 30_000,
  environment: {},
} as const satisfies Partial<PoolOptions>;

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;

type Pending = Waiting & {
  feeds: Tensors;
  resolve(outputs: Tensors): void;
  reject(error: Error): void;
  /** Aborted ones stay in a running batch, and nobody looks at their rows. */
  isSettled: boolean;
};

/**
 * Owns the inference processes: feeds them batches, starts a crashed one again, and sets inputs aside that crash them.
 * A request ends with its outputs, with an error of its own, or when its signal aborts; never with a crash of ours.
 */
export class InferencePool {
  readonly info: ModelInfo;
  readonly #options: PoolOptions;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #children = new Set<InferenceChild>();
  readonly #crashBook = new CrashBook();
  readonly #closing = new AbortController();
  #queue: Pending[] = [];
  #wakeSlots: (() => void)[] = [];
  #slots: Promise<void>[] = [];
  #sharesRuns: boolean;
  readonly #maxRows: number;

  /**
   * Starts the processes and waits until they are warm. `deps.signal` gives up waiting; `close` ends the pool.
   *
   * @throws SubforgeError MINER_MODEL_MISSING, MINER_MODEL_INVALID, MINER_NO_CUDA, INFERENCE_CRASHED, BUILD_MISSING
   */
  static async start(
    options: PoolOptions,
    deps: { logger: Logger; clock: Clock; signal?: AbortSignal },
  ): Promise<InferencePool> {
    const starts = Array.from({ length: options.processes }, () =>
      InferenceChild.start(options, deps.logger, deps.signal),
    );
    const started = await Promise.allSettled(starts);
    const children = started.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    const failed = started.find((start) => start.status === "rejected");
    if (failed) {
      for (const child of children) child.kill("another process failed to start");
      throw failed.reason;
    }
    const pool = new InferencePool(children[0]!.info, options, deps);
    pool.#slots = children.map((child) => pool.#serve(child));
    return pool;
  }

  private constructor(info: ModelInfo, options: PoolOptions, deps: { logger: Logger; clock: Clock }) {
    this.info = info;
    this.#options = options;
    this.#logger = deps.logger;
    this.#clock = deps.clock;
    const rows = rowsPerRun(info);
    this.#sharesRuns = rows !== undefined;
    this.#maxRows = Math.min(options.maxRows, rows ?? Number.POSITIVE_INFINITY);
  }

  /** At least one process has the model loaded. */
  get isReady(): boolean {
    return this.#children.size > 0 && !this.#closing.signal.aborted;
  }

  /** Where the model runs, undefined while no process does. */
  get device(): Device | undefined {
    return this.#children.values().next().value?.device;
  }

  /** Requests that wait for a run. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Process ids, for whoever wants to look at them. */
  get pids(): number[] {
    return [...this.#children].map(({ pid }) => pid);
  }

  /**
   * Rows through the model, in company of other requests' rows.
   *
   * @param feeds - One tensor per input of the model; the first dimension counts rows.
   * @throws SubforgeError INFERENCE_INPUT, INFERENCE_OVERLOADED, INFERENCE_QUARANTINED, INFERENCE_STOPPED;
   * INFERENCE_DEADLINE when the signal aborts
   */
  async infer(feeds: Tensors, signal: AbortSignal): Promise<Tensors> {
    const rows = checkFeeds(feeds, this.info);
    if (this.#closing.signal.aborted) throw new SubforgeError("INFERENCE_STOPPED", {});
    if (signal.aborted) throw new SubforgeError("INFERENCE_DEADLINE", {});
    const parts: Tensors[] = [];
    if (this.#sharesRuns && rows > this.#maxRows) {
      for (let from = 0; from < rows; from += this.#maxRows) {
        parts.push(sliceRows(feeds, from, Math.min(from + this.#maxRows, rows)));
      }
    } else parts.push(feeds);
    if (this.#queue.length + parts.length > this.#options.maxWaiting) {
      throw new SubforgeError("INFERENCE_OVERLOADED", { waiting: this.#queue.length });
    }
    const pendings: Pending[] = [];
    const giveUp = () => this.#drop(pendings);
    signal.addEventListener("abort", giveUp);
    try {
      return joinRows(await Promise.all(parts.map((part) => this.#enqueue(part, pendings))));
    } finally {
      signal.removeEventListener("abort", giveUp);
      this.#drop(pendings); // when one part failed, the others need not run
    }
  }

  /** Kills the processes; whoever waits is rejected. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const pending of this.#queue.splice(0)) pending.reject(new SubforgeError("INFERENCE_STOPPED", {}));
    for (const child of this.#children) child.kill("the pool is closed");
    this.#wake();
    await Promise.all(this.#slots);
  }

  #enqueue(feeds: Tensors, siblings: Pending[]): Promise<Tensors> {
    return new Promise<Tensors>((resolve, reject) => {
      const settle = (action: () => void) => {
        if (!pending.isSettled) action();
        pending.isSettled = true;
      };
      const pending: Pending = {
        feeds,
        rows: Object.values(feeds)[0]?.shape[0] ?? 1,
        key: rowKey(feeds),
        alone: !this.#sharesRuns || this.#crashBook.verdict(feeds) !== "unknown",
        arrivedMs: this.#clock.nowMs(),
        isSettled: false,
        resolve: (outputs) => settle(() => resolve(outputs)),
        reject: (error) => settle(() => reject(error)),
      };
      siblings.push(pending);
      this.#queue.push(pending);
      this.#wake();
    });
  }

  #drop(pendings: Pending[]): void {
    const unfinished = pendings.filter(({ isSettled }) => !isSettled);
    if (unfinished.length === 0) return;
    this.#queue = this.#queue.filter((pending) => !unfinished.includes(pending));
    for (const pending of unfinished) pending.reject(new SubforgeError("INFERENCE_DEADLINE", {}));
  }

  /** One slot: a process, and after it ended its successor. */
  async #serve(first: InferenceChild): Promise<void> {
    let child: InferenceChild | undefined = first;
    let backoffMs = FIRST_BACKOFF_MS;
    while (child) {
      const current = child;
      this.#children.add(current);
      let hasEnded = false;
      const ended = current.ended.then((reason) => {
        hasEnded = true;
        this.#children.delete(current);
        this.#wake();
        return reason;
      });
      while (!hasEnded && !this.#closing.signal.aborted) {
        const batch = this.#takeBatch();
        if (batch.length === 0) await this.#untilWoken();
        else if (await this.#run(current, batch)) backoffMs = FIRST_BACKOFF_MS;
        else await ended; // killed or crashed: its exit is on the way
      }
      const reason = await ended;
      if (!this.#closing.signal.aborted) this.#logger.warn("inference.ended", { pid: current.pid, reason });
      child = await this.#restart(backoffMs);
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
    }
  }

  /** @returns undefined when the pool was closed meanwhile. */
  async #restart(firstBackoffMs: number): Promise<InferenceChild | undefined> {
    for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
      await this.#clock.sleep(backoffMs, this.#closing.signal);
      if (this.#closing.signal.aborted) return undefined;
      try {
        const child = await InferenceChild.start(this.#options, this.#logger, this.#closing.signal);
        if (!this.#closing.signal.aborted) {
          this.#logger.info("inference.restarted", { pid: child.pid, device: child.device });
          return child;
        }
        child.kill("the pool is closed");
        return undefined;
      } catch (error) {
        this.#logger.error("inference.restart-failed", { error: String(error) });
      }
    }
  }

  #takeBatch(): Pending[] {
    this.#refuseQuarantined();
    const { batch, waitMs } = nextBatch(
      this.#queue,
      { maxRows: this.#maxRows, maxWaitMs: this.#options.maxWaitMs },
      this.#clock.nowMs(),
    );
    if (batch.length > 0) this.#queue = this.#queue.filter((pending) => !batch.includes(pending));
    else if (Number.isFinite(waitMs)) setTimeout(() => this.#wake(), waitMs).unref();
    return batch;
  }

  /** Also those that were quarantined while they waited: many equal inputs crash a process twice, not each twice. */
  #refuseQuarantined(): void {
    this.#queue = this.#queue.filter((pending) => {
      if (!pending.alone || this.#crashBook.verdict(pending.feeds) !== "quarantined") return true;
      this.#logger.error("inference.quarantined", { rows: pending.rows, key: pending.key });
      pending.reject(new SubforgeError("INFERENCE_QUARANTINED", {}));
      return false;
    });
  }

  /** @returns false when the process is lost. */
  async #run(child: InferenceChild, batch: Pending[]): Promise<boolean> {
    try {
      const outputs = await child.run(batch.map(({ feeds }) => feeds));
      this.#handOut(batch, outputs);
      return true;
    } catch (error) {
      if (isSubforgeError(error, "INFERENCE_CRASHED")) {
        this.#blame(batch);
        return false;
      }
      if (batch.length === 1) batch[0]!.reject(error as Error);
      else this.#requeueAlone(batch); // one of them is not to the model's liking
      return true;
    }
  }

  #handOut(batch: Pending[], outputs: Tensors): void {
    for (const { feeds } of batch) this.#crashBook.survived(feeds);
    if (batch.length === 1) {
      batch[0]!.resolve(outputs);
      return;
    }
    const rows = batch.reduce((sum, pending) => sum + pending.rows, 0);
    if (Object.values(outputs).some(({ shape }) => shape[0] !== rows)) {
      this.#sharesRuns = false; // the file promised rows and the model mixes them
      this.#logger.warn("inference.not-batchable", { rows });
      this.#requeueAlone(batch);
      return;
    }
    let from = 0;
    for (const pending of batch) {
      pending.resolve(sliceRows(outputs, from, from + pending.rows));
      from += pending.rows;
    }
  }

  /** The process died with this batch: whoever was in it is tried again alone, and not a third time. */
  #blame(batch: Pending[]): void {
    if (this.#closing.signal.aborted) {
      for (const pending of batch) pending.reject(new SubforgeError("INFERENCE_STOPPED", {}));
      return;
    }
    const alone = batch.length === 1;
    for (const { feeds } of batch) this.#crashBook.crashed(feeds, alone);
    this.#requeueAlone(batch);
  }

  #requeueAlone(batch: Pending[]): void {
    const again = batch.filter(({ isSettled }) => !isSettled);
    for (const pending of again) pending.alone = true;
    this.#queue.unshift(...again);
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#wakeSlots.splice(0)) wake();
  }

  #untilWoken(): Promise<void> {
    return new Promise((resolve) => this.#wakeSlots.push(resolve));
  }
}
