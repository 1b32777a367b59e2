import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { TaskQueueOptions } from "./task-queue.ts";

/**
 * BullMQ with the options of a `TaskQueue` and nothing of ours: no tags, schemas, bounds, clocks or watchdog. The peer of
 * `npm run bench -- queue`, here because nobody else may import BullMQ.
 */
export class BareQueue {
  readonly #redis: Redis;
  readonly #queue: Queue;

  constructor(name: string, url: string) {
    this.#redis = new Redis(url, { maxRetriesPerRequest: null });
    this.#queue = new Queue(`{${name}}`, { connection: this.#redis, prefix: "bare" });
  }

  async add(jobs: readonly { id: string; payload: unknown; priority: number }[]): Promise<void> {
    const kept = {
      attempts: 3,
      removeOnComplete: { count: 16 },
      removeOnFail: { count: 1_000 },
      stackTraceLimit: 0,
    };
    await this.#queue.addBulk(
      jobs.map(({ id, payload, priority }) => ({
        name: "job",
        data: payload,
        opts: { ...kept, jobId: id, priority },
      })),
    );
  }

  /** Until the signal aborts. */
  async consume(
    handler: () => Promise<void>,
    options: { concurrency: number; signal: AbortSignal },
  ): Promise<void> {
    const connection = this.#redis.duplicate();
    const worker = new Worker(this.#queue.name, handler, {
      connection,
      prefix: "bare",
      concurrency: options.concurrency,
      lockDuration: 5_000,
      stalledInterval: 2_000,
    });
    await new Promise((resolve) => options.signal.addEventListener("abort", resolve, { once: true }));
    await worker.close();
    connection.disconnect();
  }

  async close(): Promise<void> {
    await this.#queue.close();
    this.#redis.disconnect();
  }
}

/** CPU time the Redis server used so far, ms: what a job costs there. */
export async function redisCpuMs(connect: TaskQueueOptions<never>["connect"]): Promise<number> {
  const redis = new Redis(connect.url);
  const about = await redis.info("cpu");
  redis.disconnect();
  const seconds = [...about.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)];
  return seconds.reduce((sum, [, value]) => sum + Number(value) * 1_000, 0);
}
