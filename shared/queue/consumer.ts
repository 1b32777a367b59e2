import { DelayedError, type Job, type Telemetry, UnrecoverableError, Worker } from "bullmq";
import type { z } from "zod";
import { systemClock } from "../clock.ts";
import { within as endWithin } from "../deadline.ts";
import { isSubforgeError, SubforgeError } from "../errors.ts";
import { failPoint } from "../fail-point.ts";
import { type ConnectOptions, connectRedis, within } from "./connection.ts";
import { KEY_PREFIX, keyName } from "./job-ids.ts";
import { moveTime } from "./redis-clock.ts";
import { openJob } from "./sealed-job.ts";
import { isStuck } from "./watchdog.ts";

/** A job that took so many workers down with it is not given to another one. */
const MAX_STALLED = 3;

/** Between two tries of a job, in the hands that failed: a time in Redis would be read off another host's clock. */
const RETRY_PAUSE_MS = 500;

/** A job that no worker here understands goes to the end of the queue, and so long later to the next worker. */
const HAND_BACK_MS = 500;
const GIVE_UP_HANDING_BACK_MS = 600_000;

/** How long a stop waits for running jobs before it leaves them to another worker. */
const STOP_TIMEOUT_MS = 6_000;

/** How long a consumer without work waits in one go, s. */
const BLOCK_S = 2;

/** Pause after Redis failed. */
const REDIS_RETRY_MS = 1_000;

/** A handler that takes longer hangs. Jobs that name a time get as long after it. */
const HANDLER_TIMEOUT_MS = 60_000;

/** Longest reason that is kept of a failure. */
const MAX_REASON_CHARS = 300;

export type Timing = {
  /** A worker that says nothing for so long has lost its jobs. */
  lockMs: number;
  /** How often lost jobs are looked for. */
  stalledMs: number;
  /** How often a consumer's progress is looked at. */
  watchMs: number;
  /** A consumer that started nothing for so long, with work waiting and hands free, is stuck. */
  stuckMs: number;
};

/** A killed worker's jobs are taken over after about 4 s; BullMQ's own values take a minute. */
export const DEFAULT_TIMING: Timing = { lockMs: 5_000, stalledMs: 2_000, watchMs: 2_000, stuckMs: 5_000 };

export type Handler<Payload> = (payload: Payload, id: string) => Promise<void>;

type ConsumerOptions<Schema extends z.ZodType> = {
  name: string;
  schema: Schema;
  key: Uint8Array;
  connect: ConnectOptions;
  timeField: string | undefined;
  attempts: number;
  timing: Timing;
  concurrency: number;
  rate?: { max: number; perMs: number };
  telemetry: Telemetry | undefined;
  signal: AbortSignal;
  nowMs(): number;
  /** How far the clock of Redis is ahead of `nowMs`. */
  aheadMs(): Promise<number>;
  waiting(): Promise<number>;
};

type RunningConsumer = { stop(timeoutMs: number): Promise<void> };

/** See `TaskQueue.consume`. */
export async function consumeJobs<Schema extends z.ZodType>(
  handler: Handler<z.output<Schema>>,
  options: ConsumerOptions<Schema>,
): Promise<void> {
  const { name, connect, concurrency, signal, timing } = options;
  let running = 0;
  let lastProgressMs = performance.now();
  const process = async (job: Job, token?: string): Promise<void> => {
    running++;
    lastProgressMs = performance.now();
    try {
      await handle(job, token, handler, options);
    } finally {
      running--;
      lastProgressMs = performance.now();
    }
  };
  let consumer = await startConsumer(process, options);
  while (!signal.aborted) {
    await systemClock.sleep(timing.watchMs, signal);
    const waiting = await options.waiting().catch(() => undefined);
    if (waiting === undefined) lastProgressMs = performance.now(); // Redis is away: waiting for it is not being stuck
    const stuckMs = Math.max(timing.stuckMs, 2 * (options.rate?.perMs ?? 0)); // a limit makes it stand still, too
    const progress = { lastProgressMs, waiting, running, concurrency, stuckMs };
    if (signal.aborted) break;
    if (consumer === undefined || isStuck(progress, performance.now())) {
      if (consumer) connect.logger.warn("queue.consumer-replaced", { queue: name, waiting });
      void consumer?.stop(0);
      consumer = await startConsumer(process, options);
      lastProgressMs = performance.now();
    }
  }
  await consumer?.stop(STOP_TIMEOUT_MS);
}

/** @returns undefined when Redis is away. */
async function startConsumer<Schema extends z.ZodType>(
  process: (job: Job, token?: string) => Promise<void>,
  options: ConsumerOptions<Schema>,
): Promise<RunningConsumer | undefined> {
  const { name, connect, concurrency, timing, rate, telemetry } = options;
  const { logger } = connect;
  const link = await connectRedis({ ...connect, patient: true }).catch((error: unknown) => {
    if (isSubforgeError(error, "QUEUE_UNREACHABLE")) return undefined;
    throw error;
  });
  if (!link) return undefined;
  const worker = new Worker(keyName(name), process, {
    connection: link.redis,
    prefix: KEY_PREFIX,
    concurrency,
    lockDuration: timing.lockMs,
    stalledInterval: timing.stalledMs,
    maxStalledCount: MAX_STALLED,
    drainDelay: BLOCK_S,
    runRetryDelay: REDIS_RETRY_MS,
    ...(rate && { limiter: { max: rate.max, duration: rate.perMs } }),
    ...(telemetry && { telemetry }),
  });
  worker.on("error", (error) => logger.debug("queue.consumer-error", { reason: error.message }));
  worker.on("failed", (job, error) =>
    logger.warn("queue.job-failed", { queue: name, job: job?.id, reason: error.message }),
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

async function handle<Schema extends z.ZodType>(
  job: Job,
  token: string | undefined,
  handler: Handler<z.output<Schema>>,
  options: ConsumerOptions<Schema>,
): Promise<void> {
  const { schema, key, name, timeField, signal } = options;
  const id = job.id ?? "";
  const place = `${name}/${id}`;
  const aheadMs = await options.aheadMs();
  try {
    failPoint("queue.take.before");
    const opened = openJob(schema, job.data, key, place);
    const payload = timeField === undefined ? opened : moveTime(opened, timeField, -aheadMs);
    const leftMs =
      timeField === undefined ? 0 : Number((payload as Record<string, unknown>)[timeField]) - options.nowMs();
    const afterMs = Math.max(0, leftMs) + HANDLER_TIMEOUT_MS;
    await endWithin(
      handler(payload, id),
      Math.min(afterMs, 2 ** 31 - 1),
      () => new SubforgeError("QUEUE_JOB_OVERDUE", { place, afterMs: Math.round(afterMs) }),
    );
    failPoint("queue.take.after");
  } catch (error) {
    const reason = reasonOf(error);
    if (isSubforgeError(error, "QUEUE_JOB_VERSION")) {
      const old = options.nowMs() + aheadMs - job.timestamp > GIVE_UP_HANDING_BACK_MS;
      if (old || !token) throw new UnrecoverableError(reason);
      await systemClock.sleep(HAND_BACK_MS, signal);
      await job.moveToDelayed(Date.now() + 1, token);
      throw new DelayedError();
    }
    if (isSubforgeError(error) && !error.retryable) throw new UnrecoverableError(reason);
    if (job.attemptsMade + 1 < options.attempts) await systemClock.sleep(RETRY_PAUSE_MS, signal);
    throw new Error(reason);
  }
}

/** One short line: it is logged, and kept in Redis. */
function reasonOf(error: unknown): string {
  const text = isSubforgeError(error)
    ? `${error.code}: ${error.message}`
    : error instanceof Error
      ? error.message
      : String(error);
  return text.replace(/\s+/g, " ").slice(0, MAX_REASON_CHARS);
}
