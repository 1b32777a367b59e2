import { type BulkJobOptions, Queue, type Telemetry } from "bullmq";
import type { z } from "zod";
import { type Clock, systemClock } from "../clock.ts";
import { SubforgeError } from "../errors.ts";
import { failPoint } from "../fail-point.ts";
import { type ConnectOptions, connectRedis, type RedisLink, within } from "./connection.ts";
import { consumeJobs, DEFAULT_TIMING, type Handler, type Timing } from "./consumer.ts";
import { type DeadLetter, DeadLetters } from "./dead-letters.ts";
import { assertName, KEY_PREFIX, keyName } from "./job-ids.ts";
import { loadTelemetry } from "./load-telemetry.ts";
import { QueueRoom } from "./queue-room.ts";
import { QueueMeter, type QueueStats } from "./queue-stats.ts";
import { moveTime, RedisClock } from "./redis-clock.ts";
import { sealJob } from "./sealed-job.ts";
import { toPriority, type Urgency } from "./urgency.ts";

/** A question to Redis ends within this, whatever state Redis is in. */
const COMMAND_TIMEOUT_MS = 2_000;

/** Who adds decides what becomes of the work, and hears soon that it must. */
const ADD_TIMEOUT_MS = 1_000;

/** Jobs that go to Redis in one piece. */
const MAX_TOGETHER = 500;

/** Tries of a job whose handler failed, before it is a dead letter. */
const ATTEMPTS = 3;

const KEEP_FINISHED = 16;
const KEEP_DEAD = 1_000;

/** Events that Redis remembers of each queue. Nobody reads them; BullMQ keeps ten thousand. */
const KEEP_EVENTS = 100;

/** More would be a week of backlog for a whole subnet, and nobody waits for such answers. */
const DEFAULT_MAX_WAITING = 100_000;

export type TaskQueueOptions<Schema extends z.ZodType> = {
  name: string;
  schema: Schema;
  /** 32 bytes, derived from the validator's hotkey: tags every payload. */
  key: Uint8Array;
  connect: ConnectOptions;
  /**
   * A field of the payload that is a time, Unix ms, after which nobody waits for the job. Each side has it on its own
   * clock; between them it is on the clock of Redis.
   */
  timeField?: keyof z.output<Schema> & string;
  /** With so many jobs waiting, `add` refuses more. Default 100,000. */
  maxWaiting?: number;
  /** Default: locks of 5 s, so that a killed worker's jobs are taken over after about 4 s. */
  timing?: Partial<Timing>;
  clock?: Pick<Clock, "nowMs">;
};

export type NewJob<Payload> = { id: string; payload: Payload; urgency?: Urgency };

/**
 * Work on its way to whoever takes it. At least once; the urgent first, else in the order of adding, where nothing is
 * promised. An id that is waiting is not added twice. Payloads are tagged, and a payload whose tag is not ours is
 * never handed out.
 */
export class TaskQueue<Schema extends z.ZodType> {
  readonly name: string;
  readonly #options: TaskQueueOptions<Schema>;
  readonly #link: RedisLink;
  readonly #queue: Queue;
  readonly #meter: QueueMeter;
  readonly #room: QueueRoom;
  readonly #clock: RedisClock;
  readonly #dead: DeadLetters;
  readonly #telemetry: Telemetry | undefined;

  private constructor(options: TaskQueueOptions<Schema>, link: RedisLink, telemetry: Telemetry | undefined) {
    const { name, clock = systemClock } = options;
    const base = `${KEY_PREFIX}:${keyName(name)}`;
    this.name = name;
    this.#options = options;
    this.#link = link;
    this.#telemetry = telemetry;
    this.#queue = new Queue(keyName(name), {
      connection: link.redis,
      prefix: KEY_PREFIX,
      streams: { events: { maxLen: KEEP_EVENTS } },
      ...(telemetry && { telemetry }),
    });
    this.#meter = new QueueMeter(link.redis, base);
    this.#room = new QueueRoom(link, base, options.maxWaiting ?? DEFAULT_MAX_WAITING);
    this.#clock = new RedisClock(link, `${base}:meta`, () => clock.nowMs());
    this.#dead = new DeadLetters(this.#queue, (work) => this.#ask(work));
    this.#queue.on("error", (error) =>
      options.connect.logger.debug("queue.error", { reason: error.message }),
    );
  }

  /** @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS | QUEUE_TRACE_MISSING */
  static async open<Schema extends z.ZodType>(options: TaskQueueOptions<Schema>): Promise<TaskQueue<Schema>> {
    assertName(options.name);
    const telemetry = options.connect.trace ? await loadTelemetry() : undefined;
    const link = await connectRedis({ ...options.connect, patient: false });
    return new TaskQueue(options, link, telemetry);
  }

  /**
   * Adds jobs, up to 500 in one go. An id that is already there is left as it is.
   *
   * @throws SubforgeError QUEUE_UNREACHABLE within a second when Redis is away; QUEUE_FULL when too much waits. Some may
   * have been added then: adding them again does no harm
   */
  async add(jobs: readonly NewJob<z.input<Schema>>[]): Promise<void> {
    if (jobs.length === 0) return;
    for (const { id } of jobs) assertName(id);
    await this.#room.take(jobs.length);
    const aheadMs = await this.#clock.aheadMs();
    failPoint("queue.add.before");
    for (let from = 0; from < jobs.length; from += MAX_TOGETHER) {
      const part = jobs.slice(from, from + MAX_TOGETHER).map((job) => this.#toBullJob(job, aheadMs));
      await within(this.#queue.addBulk(part), ADD_TIMEOUT_MS, this.#link.where).catch(tellMemory);
    }
    failPoint("queue.add.after");
  }

  /** Will somebody still work on it? @throws SubforgeError QUEUE_UNREACHABLE */
  async isLive(id: string): Promise<boolean> {
    const state = await this.#ask(this.#queue.getJobState(id));
    return state !== "unknown" && state !== "completed" && state !== "failed";
  }

  /** Jobs that nobody has taken yet. @throws SubforgeError QUEUE_UNREACHABLE */
  async waiting(): Promise<number> {
    return (await this.stats()).jobs.waiting;
  }

  /** Is nothing waiting, in work or put off? @throws SubforgeError QUEUE_UNREACHABLE */
  async isIdle(): Promise<boolean> {
    const { waiting, active, delayed } = (await this.stats()).jobs;
    return waiting + active + delayed === 0;
  }

  /** Figures for metrics and status lines; cheap also with a million jobs. @throws SubforgeError QUEUE_UNREACHABLE */
  stats(): Promise<QueueStats> {
    return this.#ask(this.#meter.read());
  }

  /** Newest first, at most 1,000. @throws SubforgeError QUEUE_UNREACHABLE */
  deadLetters(count = 100): Promise<DeadLetter[]> {
    return this.#dead.list(Math.min(count, KEEP_DEAD));
  }

  /** Gives a dead letter all its tries again. @returns Was it one? @throws SubforgeError QUEUE_UNREACHABLE */
  retryDead(id: string): Promise<boolean> {
    return this.#dead.retry(id);
  }

  /** @returns Was it a dead letter? It is gone then. @throws SubforgeError QUEUE_UNREACHABLE */
  dropDead(id: string): Promise<boolean> {
    return this.#dead.drop(id);
  }

  /**
   * Takes jobs until the signal aborts, then finishes those it has within seconds. Replaces its connection and itself
   * when it makes no progress. A handler that throws gets the job again, up to three times, unless the error is a
   * SubforgeError that is not retryable.
   *
   * @param options.rate - At most so many jobs begin in that time, of all consumers of this queue together.
   */
  async consume(
    handler: Handler<z.output<Schema>>,
    options: { concurrency: number; signal: AbortSignal; rate?: { max: number; perMs: number } },
  ): Promise<void> {
    const { schema, key, connect, timeField, timing } = this.#options;
    await consumeJobs(handler, {
      ...options,
      name: this.name,
      ...{ schema, key, connect, timeField, attempts: ATTEMPTS },
      timing: { ...DEFAULT_TIMING, ...timing },
      nowMs: () => (this.#options.clock ?? systemClock).nowMs(),
      telemetry: this.#telemetry,
      aheadMs: () => this.#clock.aheadMs(),
      waiting: () => this.waiting(),
    });
  }

  async close(): Promise<void> {
    await within(this.#queue.close(), COMMAND_TIMEOUT_MS, this.#link.where).catch(() => undefined);
    this.#link.close();
  }

  #toBullJob({ id, payload, urgency }: NewJob<z.input<Schema>>, aheadMs: number) {
    const { key, timeField, clock = systemClock } = this.#options;
    const travelling = timeField === undefined ? payload : moveTime(payload, timeField, aheadMs);
    const opts: BulkJobOptions = {
      jobId: id,
      timestamp: Math.round(clock.nowMs() + aheadMs),
      attempts: ATTEMPTS,
      removeOnComplete: { count: KEEP_FINISHED },
      removeOnFail: { count: KEEP_DEAD },
      stackTraceLimit: 0,
      ...(urgency && { priority: toPriority(urgency) }),
    };
    return { name: "job", data: sealJob(travelling, key, `${this.name}/${id}`), opts };
  }

  #ask<T>(work: Promise<T>): Promise<T> {
    return within(work, COMMAND_TIMEOUT_MS, this.#link.where);
  }
}

/** Redis would rather refuse a job than lose another one. */
function tellMemory(error: SubforgeError<"QUEUE_UNREACHABLE">): never {
  const { where, reason } = error.details;
  if (!reason.startsWith("OOM ")) throw error;
  throw new SubforgeError("QUEUE_FULL", { where, problem: "Redis has used all the memory it may use" });
}
