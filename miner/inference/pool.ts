import type { Clock } from "../../shared/clock.ts";
import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import { type BatchLimits, nextBatch } from "../batcher.ts";
import type { InferenceChild } from "./child.ts";
import { CrashBook } from "./crash-book.ts";
import type { Device } from "./device.ts";
import { checkFeeds, hasOneRowKey, rowKey, rowsPerRun, shareRows, zeroRow } from "./feeds.ts";
import type { ModelInfo } from "./model-guard.ts";
import { Pending } from "./pending.ts";
import { Places, type PlacesOptions, type RecycleReason } from "./places.ts";
import { PoolCounts, type PoolStats } from "./pool-stats.ts";
import type { Flight, Seat } from "./seat.ts";
import { Unfinished } from "./unfinished.ts";
import { forget, whenAborted } from "./when-aborted.ts";

export type PoolOptions = PlacesOptions &
  BatchLimits & {
    /** Requests that may wait, counted after those with too many rows were cut; one more is refused. */
    maxWaiting: number;
  };

export const DEFAULT_POOL_OPTIONS = {
  isolation: "process",
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

/** What is told of every run and every lost place as it happens. */
export type PoolMeter = {
  batch(run: { rows: number; waitSeconds: number; runSeconds: number }): void;
  recycled(reason: RecycleReason): void;
};

export type PoolDeps = { logger: Logger; clock: Clock; signal?: AbortSignal | undefined; meter?: PoolMeter };

/**
 * Feeds batches to the places where a model runs, and sets inputs aside that crash them. While one batch computes the
 * next is on its way. A request ends with its outputs, with an error of its own, or when its signal aborts; never with
 * a crash of ours.
 */
export class InferencePool {
  readonly info: ModelInfo;
  readonly #options: PoolOptions;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #places: Places;
  readonly #counts: PoolCounts;
  readonly #crashBook = new CrashBook();
  readonly #unfinished = new Unfinished();
  /** That of every request; undefined when requests may differ. */
  readonly #key: string | undefined;
  #arrivals = 0;
  #queue: Pending[] = [];
  #sharesRuns: boolean;
  #maxRows: number;
  #isProbed = false;
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #onIdle: () => void = () => {};

  /**
   * Starts the places, and resolves when a first request of zeros came back the way every request goes.
   * `deps.signal` gives up waiting; `close` ends the pool.
   *
   * @throws SubforgeError MINER_MODEL_MISSING, MINER_MODEL_INVALID, MINER_MODEL_CHANGED, MINER_NO_CUDA,
   * INFERENCE_CRASHED, BUILD_MISSING, CONFIG_INVALID
   */
  static async start(options: PoolOptions, deps: PoolDeps): Promise<InferencePool> {
    const pool = new InferencePool(await Places.load(options, deps), options, deps);
    try {
      await pool.#probe(deps.signal);
      return pool;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  private constructor(children: readonly InferenceChild[], options: PoolOptions, deps: PoolDeps) {
    this.info = children[0]!.info;
    this.#options = options;
    this.#logger = deps.logger;
    this.#clock = deps.clock;
    const rows = rowsPerRun(this.info);
    this.#sharesRuns = rows !== undefined;
    this.#maxRows = Math.min(options.maxRows, rows ?? Number.POSITIVE_INFINITY);
    this.#key = hasOneRowKey(this.info) ? "" : undefined;
    this.#counts = new PoolCounts(deps.meter);
    const { logger, clock } = deps;
    this.#places = new Places(
      children,
      options,
      { logger, clock, onRecycle: (reason) => this.#counts.recycled(reason) },
      () => this.#schedule(),
    );
  }

  /** It has answered, and at least one place has the model loaded. */
  get isReady(): boolean {
    return this.#isProbed && this.#seats.length > 0 && !this.#places.isClosing;
  }

  /** Where the model runs, undefined while no place has it loaded. */
  get device(): Device | undefined {
    return this.#seats[0]?.child.device;
  }

  /** Of the bytes that run. See `ModelDigest`. */
  get sha256(): string {
    return this.#places.sha256;
  }

  /** Requests that wait for a run. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Process ids, for whoever wants to look at them. */
  get pids(): number[] {
    return this.#seats.map(({ child }) => child.pid);
  }

  get stats(): PoolStats {
    return this.#counts.stats(this.#places.seats, { waiting: this.waiting, maxRows: this.#maxRows });
  }

  /**
   * Rows through the model, in company of other requests' rows.
   *
   * @param feeds - One tensor per input of the model; the first dimension counts rows.
   * @param share - Part of the queue that may be taken once this is in it, 0..1.
   * @throws SubforgeError INFERENCE_INPUT, INFERENCE_OVERLOADED, INFERENCE_QUARANTINED, INFERENCE_STOPPED;
   * INFERENCE_DEADLINE when the signal aborts
   */
  infer(feeds: Tensors, signal: AbortSignal, share = 1): Promise<Tensors> {
    return new Promise<Tensors>((resolve, reject) => {
      const rows = checkFeeds(feeds, this.info);
      if (this.#places.isClosing) throw new SubforgeError("INFERENCE_STOPPED", {});
      if (signal.aborted) throw new SubforgeError("INFERENCE_DEADLINE", {});
      this.#assertRoom(rows, share);
      const giveUp = () => {
        whole.reject(new SubforgeError("INFERENCE_DEADLINE", {}));
        this.#queue = this.#queue.filter(({ isSettled }) => !isSettled);
      };
      const ended = () => {
        forget(signal, giveUp);
        this.#unfinished.delete(whole);
        if (this.#unfinished.size === 0) this.#onIdle();
      };
      const alone = !this.#sharesRuns || this.#crashBook.verdict(feeds) !== "unknown";
      const arrivedMs = this.#clock.nowMs();
      const whole = new Pending(
        { feeds, rows, alone, arrivedMs, key: this.#key ?? rowKey(feeds), order: this.#arrivals++ },
        { resolve, reject, ended },
      );
      this.#unfinished.add(whole);
      whenAborted(signal, giveUp);
      if (this.#sharesRuns && rows > this.#maxRows) this.#queue.push(...whole.cut(this.#maxRows));
      else this.#queue.push(whole);
      this.#schedule();
    });
  }

  /** Resolves when nobody waits any more. Whoever calls it sends no new requests. */
  async drained(): Promise<void> {
    if (this.#unfinished.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Kills the places; whoever waits is rejected. */
  async close(): Promise<void> {
    const gone = this.#places.close();
    this.#queue = [];
    for (const pending of this.#unfinished.all) pending.reject(new SubforgeError("INFERENCE_STOPPED", {}));
    clearTimeout(this.#timer);
    await gone;
  }

  get #seats(): Seat[] {
    return [...this.#places.seats].filter(({ isLeaving }) => !isLeaving);
  }

  /** A row of zeros, which goes the way of every request: what answers it answers the others. */
  async #probe(signal?: AbortSignal): Promise<void> {
    const feeds = zeroRow(this.info);
    if (feeds) {
      const late = AbortSignal.timeout(this.#options.loadTimeoutMs);
      await this.infer(feeds, signal ? AbortSignal.any([signal, late]) : late);
    }
    this.#isProbed = true;
  }

  #assertRoom(rows: number, share: number): void {
    const maxWaiting = Math.floor(this.#options.maxWaiting * share);
    const parts = this.#sharesRuns ? Math.ceil(rows / this.#maxRows) : 1;
    if (parts > maxWaiting) {
      const problem = `${rows} rows; at most ${maxWaiting * this.#maxRows} are taken at once`;
      throw new SubforgeError("INFERENCE_INPUT", { problem });
    }
    if (this.#queue.length + parts > maxWaiting) {
      throw new SubforgeError("INFERENCE_OVERLOADED", { waiting: this.#queue.length });
    }
  }

  #cut(pending: Pending): Pending[] {
    return this.#sharesRuns ? pending.cut(this.#maxRows) : [pending];
  }

  /** In the next turn of the loop: what arrives in one turn shares a batch. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#sendBatches();
    });
  }

  #sendBatches(): void {
    clearTimeout(this.#timer);
    this.#refuseQuarantined();
    while (this.#queue.length > 0 && !this.#places.isClosing) {
      const limits = { maxRows: this.#maxRows, maxWaitMs: this.#options.maxWaitMs };
      const { batch, waitMs } = nextBatch(this.#queue, limits, this.#clock.nowMs());
      const rows = batch.reduce((sum, pending) => sum + pending.rows, 0);
      const isFull = rows >= this.#maxRows || batch[0]?.alone === true;
      const { seat, roomMs } = this.#nextSeat(isFull);
      const delayMs = Math.max(waitMs, roomMs);
      if (!seat || delayMs > 0) {
        if (seat && Number.isFinite(delayMs))
          this.#timer = setTimeout(() => this.#schedule(), delayMs).unref();
        return;
      }
      this.#takeFromQueue(batch);
      void this.#run(seat, batch, rows);
    }
  }

  /** The place that can take a batch first. */
  #nextSeat(isFull: boolean): { seat: Seat | undefined; roomMs: number } {
    let first: Seat | undefined;
    let roomMs = Number.POSITIVE_INFINITY;
    for (const seat of this.#places.seats) {
      const ms = seat.roomMs(isFull);
      const isFreer = ms === roomMs && first !== undefined && seat.inFlight < first.inFlight;
      if (ms < roomMs || isFreer) [first, roomMs] = [seat, ms];
    }
    return { seat: first, roomMs };
  }

  #takeFromQueue(batch: readonly Pending[]): void {
    if (batch.every((pending, i) => pending === this.#queue[i])) {
      this.#queue.splice(0, batch.length);
      return;
    }
    const taken = new Set(batch);
    this.#queue = this.#queue.filter((pending) => !taken.has(pending));
  }

  /** Also those that were quarantined while they waited: many equal inputs crash a process twice, not each twice. */
  #refuseQuarantined(): void {
    if (this.#crashBook.isEmpty) return;
    for (const pending of this.#queue) {
      if (!pending.alone || this.#crashBook.verdict(pending.feeds) !== "quarantined") continue;
      this.#logger.error("inference.quarantined", { rows: pending.rows, key: pending.key });
      pending.reject(new SubforgeError("INFERENCE_QUARANTINED", {}));
    }
    this.#queue = this.#queue.filter(({ isSettled }) => !isSettled);
  }

  async #run(seat: Seat, batch: Pending[], rows: number): Promise<void> {
    const flight: Flight = { rows, beganMs: undefined };
    const waitMs = this.#clock.nowMs() - batch[0]!.arrivedMs;
    try {
      const { outputs, runMs } = await seat.run(
        batch.map(({ feeds }) => feeds),
        flight,
      );
      this.#counts.batch({ rows, waitMs, runMs });
      this.#handOut(batch, outputs);
    } catch (error) {
      if (isSubforgeError(error, "INFERENCE_CRASHED")) this.#tryAgain(batch, flight);
      else if (isSubforgeError(error, "INFERENCE_NO_MEMORY")) this.#shrink(batch, rows);
      else if (batch.length === 1) batch[0]!.reject(error as Error);
      else this.#requeue(batch, { alone: true }); // one of them is not to the model's liking
    }
    this.#places.lookAfter(seat);
    this.#schedule();
  }

  #handOut(batch: Pending[], outputs: Tensors): void {
    if (!this.#crashBook.isEmpty) for (const { feeds } of batch) this.#crashBook.survived(feeds);
    if (batch.length === 1) {
      batch[0]!.resolve(outputs);
      return;
    }
    const rows = batch.reduce((sum, pending) => sum + pending.rows, 0);
    if (Object.values(outputs).some(({ shape }) => shape[0] !== rows)) {
      this.#sharesRuns = false; // the file promised rows and the model mixes them
      this.#logger.warn("inference.not-batchable", { rows });
      this.#requeue(batch, { alone: true });
      return;
    }
    const shares = shareRows(
      outputs,
      batch.map((pending) => pending.rows),
    );
    for (const pending of batch) pending.resolve(shares.next().value as Tensors);
  }

  /**
   * The place died with this batch on its way: whoever was in it is tried again alone. Only one whose turn had come can
   * have been the cause, and it is not tried a third time.
   */
  #tryAgain(batch: Pending[], { beganMs }: Flight): void {
    if (this.#places.isClosing) return;
    if (beganMs !== undefined) {
      for (const { feeds } of batch) this.#crashBook.crashed(feeds, batch.length === 1);
    }
    this.#requeue(batch, { alone: true });
  }

  /** Too large for the memory there is: half of it from now on, down to a single row. */
  #shrink(batch: Pending[], rows: number): void {
    if (rows <= 1 || !this.#sharesRuns) {
      for (const pending of batch) {
        pending.reject(new SubforgeError("INFERENCE_OVERLOADED", { waiting: this.#queue.length }));
      }
      return;
    }
    this.#maxRows = Math.min(this.#maxRows, Math.floor(rows / 2));
    this.#logger.warn("inference.batch-halved", { rows, maxRows: this.#maxRows });
    this.#requeue(batch, { alone: false });
  }

  /** Back to where they were in the order of arrival. */
  #requeue(batch: Pending[], { alone }: { alone: boolean }): void {
    const again = batch.filter(({ isSettled }) => !isSettled).flatMap((pending) => this.#cut(pending));
    for (const pending of again) if (alone) pending.alone = true;
    this.#queue = [...again, ...this.#queue].sort((a, b) => a.order - b.order);
  }
}
