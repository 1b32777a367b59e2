import { type EpochRecords, SOURCE } from "../shared/journal/epoch-records.ts";
import type { EpochKey, JobRecord } from "../shared/journal/epoch-rows.ts";
import type { Logger } from "../shared/logger.ts";
import type {
  ChainValue,
  FeedPoint,
  Message,
  ModelRequest,
  ModelRun,
  Source,
  SubnetTemplate,
} from "../shared/template.ts";
import type { Json, Netuid } from "../shared/types.ts";
import { encodeMessage } from "../shared/wire/message.ts";
import { TruthPending } from "./truth/truth-pending.ts";

/** Fetches a truth that no miner knows. Must end when the signal aborts. */
export type FetchTruth = (task: Json, signal: AbortSignal) => Promise<Message>;

/** By the name a template gives its source. */
export type Sources = Readonly<Record<string, FetchTruth>>;

/** Runs a committed model again. See `ModelAuditor`. */
export type RerunModel = (netuid: Netuid, request: ModelRequest, signal: AbortSignal) => Promise<ModelRun>;

/** Reads a value of the chain. See `readChainTruth`. */
export type ReadChain = (value: ChainValue) => Promise<Message>;

/** Reads a point of a signed feed. See `readFeed`. */
export type ReadFeed = (point: FeedPoint, signal: AbortSignal) => Promise<Message>;

/** Models that are fetched and run at the same time: each takes a process, and memory of its own. */
const MAX_RERUNS = 2;

export type SourceReaderDeps = {
  template: Pick<SubnetTemplate, "sources">;
  epochs: EpochRecords;
  sources: Sources;
  /** For sources that say which model to run again. Undefined: those fail. */
  rerunModel?: RerunModel | undefined;
  readChain?: ReadChain | undefined;
  /** For sources that name a feed. Undefined: those fail. */
  readFeed?: ReadFeed | undefined;
  logger: Logger;
  signal: AbortSignal;
};

/** Asks the sources of truth, in the background. What fails is asked again at the next block, until its epoch ends. */
export class SourceReader {
  readonly #deps: SourceReaderDeps;
  readonly #running = new Set<string>();
  /** Reruns wait for each other: their time begins when they do. */
  readonly #lines: Promise<unknown>[] = Array.from({ length: MAX_RERUNS }, () => Promise.resolve());
  #nextLine = 0;

  constructor(deps: SourceReaderDeps) {
    this.#deps = deps;
  }

  /** Starts what is missing and not on its way. */
  read(key: EpochKey, jobs: readonly JobRecord[]): void {
    for (const { job } of jobs) {
      const place = `${key.epoch}/${key.mechanism}/${job.taskId}`;
      if (job.to !== "source" || this.#running.has(place)) continue;
      this.#running.add(place);
      const read = () => this.#readOne(key, job.taskId, job.synapse, job.task);
      const isRerun = this.#deps.template.sources![job.synapse]!.rerun !== undefined;
      void (isRerun ? this.#inLine(read) : read()).finally(() => this.#running.delete(place));
    }
  }

  #inLine(read: () => Promise<void>): Promise<void> {
    const line = this.#nextLine++ % MAX_RERUNS;
    const turn = this.#lines[line]!.then(read);
    this.#lines[line] = turn;
    return turn;
  }

  async #readOne(key: EpochKey, taskId: string, name: string, task: Json): Promise<void> {
    const { template, epochs, logger, signal } = this.#deps;
    if (signal.aborted) return;
    const source = template.sources![name]!;
    const fetchTruth = this.#fetcherOf(key.netuid, name, source);
    const startMs = performance.now();
    try {
      if (!fetchTruth) throw new Error(`nobody handed in the source ${name}`);
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(source.timeoutMs)]);
      const message = await withDeadline(fetchTruth(task, deadline), deadline);
      source.parseTruth(message, task);
      const latencyMs = performance.now() - startMs;
      epochs.record(key, taskId, [{ hotkey: SOURCE, reason: "ok", latencyMs, body: encodeMessage(message) }]);
    } catch (error) {
      if (signal.aborted) return;
      const told = { epoch: key.epoch, taskId, reason: String(error) };
      if (error instanceof TruthPending) logger.debug("source.pending", told);
      else logger.warn("source.failed", told);
    }
  }

  #fetcherOf(netuid: Netuid, name: string, { rerun, chain, feed }: Source): FetchTruth | undefined {
    const { sources, rerunModel, readChain, readFeed } = this.#deps;
    if (Object.hasOwn(sources, name)) return sources[name];
    if (chain && readChain) return (task) => readChain(chain(task));
    if (feed && readFeed) return (task, signal) => readFeed(feed(task), signal);
    if (!rerun || !rerunModel) return undefined;
    return (task, signal) => rerunModel(netuid, rerun(task), signal);
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
