import { createHash } from "node:crypto";
import { DelayedError, type Job, Queue, UnrecoverableError, Worker } from "bullmq";
import type { z } from "zod";
import { systemClock } from "../clock.ts";
import { isSubforgeError } from "../errors.ts";
import { failPoint } from "../fail-point.ts";
import { type ConnectOptions, connectRedis, type RedisLink, within } from "./connection.ts";
import { KEY_PREFIX } from "./job-ids.ts";
import { QueueMeter, type QueueStats } from "./queue-stats.ts";
import { openJob, sealJob } from "./sealed-job.ts";
import { isStuck, WATCH_INTERVAL_MS } from "./watchdog.ts";

/** A command to Redis ends within this, whatever state Redis is in. */
const COMMAND_TIMEOUT_MS = 2_000;

/** A killed worker's jobs are taken over after about 4 s; BullMQ's own values take a minute. */
const LOCK_MS = 5_000;
const STALLED_INTERVAL_MS = 2_000;

/** A job that took so many workers down with it is not given to another one. */
const MAX_STALLED = 3;

/** Tries of a job whose handler failed, before it is a dead letter. */
const ATTEMPTS = 3;

const KEEP_FINISHED = 16;
const KEEP_DEAD = 1_000;

/** A job that no worker here understands waits so long for one that does. */
const HAND_BACK_MS = 1_000;
const GIVE_UP_HANDING_BACK_MS = 600_000;

/** How long a stop waits for running jobs before it leaves them to another worker. */
const STOP_TIMEOUT_MS = 6_000;

/** A job that is not tried again. */
export type DeadLetter = { id: string; reason: string; payloadHash: string };

export type TaskQueueOptions<Schema extends z.ZodType> = {
  name: string;
  schema: Schema;
  /** 32 bytes, derived from the validator's hotkey: tags every payload. */
  key: Uint8Array;
  connect: ConnectOptions;
};

/**
 * Work on its way to whoever takes it. At least once, in no order; an id that is waiting is not added twice. Payloads
 * are tagged, and a payload whose tag is not ours is never handed out.
 */
export class TaskQueue<Schema extends z.ZodType> {
  readonly name: string;
  readonly #schema: Schema;
  readonly #key: Uint8Array;
  readonly #connect: ConnectOptions;
  readonly #link: RedisLink;
  readonly #queue: Queue;
  readonly #meter: QueueMeter;

  private constructor(options: TaskQueueOptions<Schema>, link: RedisLink) {
    this.name = options.name;
    this.#schema = options.schema;
    this.#key = options.key;
    this.#connect = options.connect;
    this.#link = link;
    this.#queue = new Queue(options.name, { connection: link.redis, prefix: KEY_PREFIX });
    this.#meter = new QueueMeter(link.redis, `${KEY_PREFIX}:${options.name}`);
    this.#queue.on("error", (error) =>
      options.connect.logger.debug("queue.error", { reason: error.message }),
    );
  }

  /** @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS */
  static async open<Schema extends z.ZodType>(options: TaskQueueOptions<Schema>): Promise<TaskQueue<Schema>> {
    const link = await connectRedis({ ...options.connect, patient: false });
    return new TaskQueue(options, link);
  }

  /**
   * Adds jobs in one go. An id that is already there is left as it is.
   *
   * @throws SubforgeError QUEUE_UNREACHABLE within two seconds when Redis is away: nothing was decided then
   */
  async add(jobs: readonly { id: string; payload: z.input<Schema> }[]): Promise<void> {
    if (jobs.length === 0) return;
    const options = {
      attempts: ATTEMPTS,
      backoff: { type: "fixed", delay: 500 },
      removeOnComplete: { count: KEEP_FINISHED },
      removeOnFail: { count: KEEP_DEAD },
    };
    failPoint("queue.add.before");
    await this.#ask(
      this.#queue.addBulk(
        jobs.map(({ id, payload }) => ({
          name: "job",
          data: sealJob(payload, this.#key, `${this.name}/${id}`),
          opts: { ...options, jobId: id },
        })),
      ),
    );
    failPoint("queue.add.after");
  }

  /** Will somebody still work on it? @throws SubforgeError QUEUE_UNREACHABLE */
  async isLive(id: string): Promise<boolean> {
    const state = await this.#ask(this.#queue.getJobState(id));
    return state !== "unknown" && state !== "completed" && state !== "failed";
  }

  /** Jobs that nobody has taken yet. @throws SubforgeError QUEUE_UNREACHABLE */
  async waiting(): Promise<number> {
    return this.#ask(this.#queue.getWaitingCount());
  }

  /** Is nothing waiting, in work or put off? @throws SubforgeError QUEUE_UNREACHABLE */
  async isIdle(): Promise<boolean> {
    const counts = await this.#ask(this.#queue.getJobCounts("waiting", "active", "delayed", "prioritized"));
    return Object.values(counts).every((count) => count === 0);
  }

  /** Figures for metrics and status lines; cheap also with a million jobs. @throws SubforgeError QUEUE_UNREACHABLE */
  stats(): Promise<QueueStats> {
    return this.#ask(this.#meter.read());
  }

  /** Newest first. @throws SubforgeError QUEUE_UNREACHABLE */
  async deadLetters(count = 100): Promise<DeadLetter[]> {
    const jobs = await this.#ask(this.#queue.getFailed(0, count - 1));
    return jobs.map((job) => ({
      id: job.id ?? "",
      reason: job.failedReason ?? "",
      payloadHash: createHash("sha256").update(JSON.stringify(job.data)).digest("hex"),
    }));
  }

  /**
   * Takes jobs until the signal aborts, then finishes those it has within seconds. Replaces its connection and itself
   * when it makes no progress. A handler that throws gets the job again, up to three times, unless the error is a
   * SubforgeError that is not retryable.
   */
  async consume(
    handler: (payload: z.output<Schema>, id: string) => Promise<void>,
    options: { concurrency: number; signal: AbortSignal },
  ): Promise<void> {
    const { logger } = this.#connect;
    const { concurrency, signal } = options;
    let running = 0;
    let lastProgressMs = Date.now();
    const process = async (job: Job, token?: string): Promise<void> => {
      running++;
      lastProgressMs = Date.now();
      try {
        await this.#handle(job, token, handler);
      } finally {
        running--;
        lastProgressMs = Date.now();
      }
    };
    let consumer = await this.#startConsumer(process, concurrency);
    while (!signal.aborted) {
      await systemClock.sleep(WATCH_INTERVAL_MS, signal);
      const waiting = await this.waiting().catch(() => undefined);
      if (waiting === undefined) lastProgressMs = Date.now(); // Redis is away: waiting for it is not being stuck
      if (!signal.aborted && isStuck({ lastProgressMs, waiting, running, concurrency }, Date.now())) {
        logger.warn("queue.consumer-replaced", { queue: this.name, waiting });
        const stuck = consumer;
        void stuck.stop(0);
        consumer = await this.#startConsumer(process, concurrency);
        lastProgressMs = Date.now();
      }
    }
    await consumer.stop(STOP_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    await within(this.#queue.close(), COMMAND_TIMEOUT_MS, this.#link.where).catch(() => undefined);
    this.#link.close();
  }

  async #startConsumer(
    process: (job: Job, token?: string) => Promise<void>,
    concurrency: number,
  ): Promise<{ stop(timeoutMs: number): Promise<void> }> {
    const { logger } = this.#connect;
    const link = await connectRedis({ ...this.#connect, patient: true }).catch((error: unknown) => {
      if (isSubforgeError(error, "QUEUE_UNREACHABLE")) return undefined;
      throw error;
    });
    if (!link) return { stop: async () => {} }; // the watchdog tries again
    const worker = new Worker(this.name, process, {
      connection: link.redis,
      prefix: KEY_PREFIX,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: MAX_STALLED,
    });
    worker.on("error", (error) => logger.debug("queue.consumer-error", { reason: error.message }));
    worker.on("failed", (job, error) =>
      logger.warn("queue.job-failed", { queue: this.name, job: job?.id, reason: error.message }),
    );
    return {
      stop: async (timeoutMs) => {
        await within(worker.close(timeoutMs === 0), Math.max(timeoutMs, 1_000), link.where).catch(() =>
          within(worker.close(true), 1_000, link.where).catch(() => undefined),
        );
        link.close();
      },
    };
  }

  async #handle(
    job: Job,
    token: string | undefined,
    handler: (payload: z.output<Schema>, id: string) => Promise<void>,
  ): Promise<void> {
    const id = job.id ?? "";
    try {
      failPoint("queue.take.before");
      await handler(openJob(this.#schema, job.data, this.#key, `${this.name}/${id}`), id);
      failPoint("queue.take.after");
    } catch (error) {
      if (!isSubforgeError(error)) throw error;
      const young = Date.now() - job.timestamp < GIVE_UP_HANDING_BACK_MS;
      if (error.code === "QUEUE_JOB_VERSION" && token && young) {
        await job.moveToDelayed(Date.now() + HAND_BACK_MS, token);
        throw new DelayedError();
      }
      if (!error.retryable || error.code === "QUEUE_JOB_VERSION") {
        throw new UnrecoverableError(`${error.code}: ${error.message}`);
      }
      throw error;
    }
  }

  #ask<T>(work: Promise<T>): Promise<T> {
    return within(work, COMMAND_TIMEOUT_MS, this.#link.where);
  }
}
