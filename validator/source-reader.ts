import { type EpochRecords, SOURCE } from "../shared/journal/epoch-records.ts";
import type { EpochKey, JobRecord } from "../shared/journal/epoch-rows.ts";
import type { Logger } from "../shared/logger.ts";
import type { Message, SubnetTemplate } from "../shared/template.ts";
import type { Json } from "../shared/types.ts";
import { encodeMessage } from "../shared/wire/message.ts";

/** Fetches a truth that no miner knows. Must end when the signal aborts. */
export type FetchTruth = (task: Json, signal: AbortSignal) => Promise<Message>;

/** By the name a template gives its source. */
export type Sources = Readonly<Record<string, FetchTruth>>;

export type SourceReaderDeps = {
  template: Pick<SubnetTemplate, "sources">;
  epochs: EpochRecords;
  sources: Sources;
  logger: Logger;
  signal: AbortSignal;
};

/** Asks the sources of truth, in the background. What fails is asked again at the next block, until its epoch ends. */
export class SourceReader {
  readonly #deps: SourceReaderDeps;
  readonly #running = new Set<string>();

  constructor(deps: SourceReaderDeps) {
    this.#deps = deps;
  }

  /** Starts what is missing and not on its way. */
  read(key: EpochKey, jobs: readonly JobRecord[]): void {
    for (const { job } of jobs) {
      const place = `${key.epoch}/${key.mechanism}/${job.taskId}`;
      if (job.to !== "source" || this.#running.has(place)) continue;
      this.#running.add(place);
      void this.#readOne(key, job.taskId, job.synapse, job.task).finally(() => this.#running.delete(place));
    }
  }

  async #readOne(key: EpochKey, taskId: string, name: string, task: Json): Promise<void> {
    const { template, epochs, sources, logger, signal } = this.#deps;
    const source = template.sources![name]!;
    const fetchTruth = Object.hasOwn(sources, name) ? sources[name]! : undefined;
    const startMs = performance.now();
    try {
      if (!fetchTruth) throw new Error(`nobody handed in the source ${name}`);
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(source.timeoutMs)]);
      const message = await withDeadline(fetchTruth(task, deadline), deadline);
      source.parseTruth(message, task);
      const latencyMs = performance.now() - startMs;
      epochs.record(key, taskId, [{ hotkey: SOURCE, reason: "ok", latencyMs, body: encodeMessage(message) }]);
    } catch (error) {
      if (!signal.aborted) logger.warn("source.failed", { epoch: key.epoch, taskId, reason: String(error) });
    }
  }
}

/** A source that ignores its signal is left alone. */
async function withDeadline<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) =>
      deadline.addEventListener("abort", () => reject(deadline.reason), { once: true }),
    ),
  ]);
}
