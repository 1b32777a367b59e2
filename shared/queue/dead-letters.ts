import { createHash } from "node:crypto";
import type { Queue } from "bullmq";

/** A job that is not tried again. */
export type DeadLetter = {
  id: string;
  /** Why the last try failed: one line. */
  reason: string;
  /** Of what stands in Redis, sha256 hex: tells two payloads apart without showing them. */
  payloadHash: string;
  /** How often it was begun. */
  tries: number;
};

/** Jobs that failed for good: kept to be looked at, tried once more, or thrown away. */
export class DeadLetters {
  readonly #queue: Queue;
  readonly #ask: <T>(work: Promise<T>) => Promise<T>;

  /** @param ask - Puts a deadline to a question to Redis. */
  constructor(queue: Queue, ask: <T>(work: Promise<T>) => Promise<T>) {
    this.#queue = queue;
    this.#ask = ask;
  }

  async list(count: number): Promise<DeadLetter[]> {
    const jobs = await this.#ask(this.#queue.getFailed(0, count - 1));
    return jobs.filter(Boolean).map((job) => ({
      id: job.id ?? "",
      reason: job.failedReason ?? "",
      payloadHash: createHash("sha256").update(JSON.stringify(job.data)).digest("hex"),
      tries: job.attemptsMade,
    }));
  }

  async retry(id: string): Promise<boolean> {
    const job = await this.#find(id);
    await (job && this.#ask(job.retry("failed", { resetAttemptsMade: true, resetAttemptsStarted: true })));
    return job !== undefined;
  }

  async drop(id: string): Promise<boolean> {
    const job = await this.#find(id);
    await (job && this.#ask(job.remove()));
    return job !== undefined;
  }

  async #find(id: string) {
    const job = await this.#ask(this.#queue.getJob(id));
    return job && (await this.#ask(job.isFailed())) ? job : undefined;
  }
}
