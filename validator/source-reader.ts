import { type EpochRecords, SOURCE } from "../shared/journal/epoch-records.ts";
import type { EpochKey, JobRecord } from "../shared/journal/epoch-rows.ts";
import type { Logger } from "../shared/logger.ts";
import type {
  Answer,
  ChainValue,
  EarlierAnswers,
  FeedPoint,
  GraphRequest,
  GraphRun,
  Message,
  ModelRequest,
  ModelRun,
  Source,
  SubnetTemplate,
} from "../shared/template.ts";
import type { Hotkey, Json, Netuid } from "../shared/types.ts";
import { encodeMessage } from "../shared/wire/message.ts";
import { TruthPending } from "./truth/truth-pending.ts";

/** Fetches a truth that no miner knows. Must end when the signal aborts. */
export type FetchTruth = (task: Json, signal: AbortSignal) => Promise<Message>;

/** By the name a template gives its source. */
export type Sources = Readonly<Record<string, FetchTruth>>;

/** Runs a committed model again. See `ModelAuditor`. */
export type RerunModel = (netuid: Netuid, request: ModelRequest, signal: AbortSignal) => Promise<ModelRun>;

/** Runs a graph that the template built, away from the hotkey. */
export type RunGraph = (request: GraphRequest, signal: AbortSignal) => Promise<GraphRun>;

/** Reads a value of the chain. See `readChainTruth`. */
export type ReadChain = (value: ChainValue) => Promise<Message>;

/** Reads a point of a signed feed. See `readFeed`. */
export type ReadFeed = (point: FeedPoint, signal: AbortSignal) => Promise<Message>;

/** Models and graphs that are run at the same time: each takes a process, and memory of its own. */
const MAX_RUNS = 2;

const NO_ANSWERS: ReadonlyMap<string, Answer<Message>> = new Map();

export type SourceReaderDeps = {
  template: Pick<SubnetTemplate, "sources">;
  epochs: EpochRecords;
  sources: Sources;
  /** For sources that say which model to run again. Undefined: those fail. */
  rerunModel?: RerunModel | undefined;
  /** For sources that build a graph. Undefined: the template computes by its own arithmetic, where it can. */
  runGraph?: RunGraph | undefined;
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
  /** Runs wait for each other: their time begins when they do. */
  readonly #lines: Promise<unknown>[] = Array.from({ length: MAX_RUNS }, () => Promise.resolve());
  #nextLine = 0;

  constructor(deps: SourceReaderDeps) {
    this.#deps = deps;
  }

  /**
   * Starts what is missing and not on its way.
   *
   * @param earlier - What miners answered in other stages.
   */
  read(
    key: EpochKey,
    jobs: readonly JobRecord[],
    earlier: ReadonlyMap<Hotkey, ReadonlyMap<string, Answer<Message>>> = new Map(),
  ): void {
    const answersOf: EarlierAnswers = (hotkey) => earlier.get(hotkey) ?? NO_ANSWERS;
    for (const { job } of jobs) {
      const place = `${key.epoch}/${key.mechanism}/${job.taskId}`;
      if (job.to !== "source" || this.#running.has(place)) continue;
      this.#running.add(place);
      const read = () => this.#readOne(key, job, answersOf);
      const { rerun, execute, compute } = this.#deps.template.sources![job.synapse]!;
      const isRun = (rerun ?? execute ?? compute) !== undefined;
      void (isRun ? this.#inLine(read) : read()).finally(() => this.#running.delete(place));
    }
  }

  #inLine(read: () => Promise<void>): Promise<void> {
    const line = this.#nextLine++ % MAX_RUNS;
    const turn = this.#lines[line]!.then(read);
    this.#lines[line] = turn;
    return turn;
  }

  async #readOne(
    key: EpochKey,
    { taskId, synapse: name, task }: JobRecord["job"],
    earlier: EarlierAnswers,
  ): Promise<void> {
    const { template, epochs, logger, signal } = this.#deps;
    if (signal.aborted) return;
    const source = template.sources![name]!;
    const fetchTruth = this.#fetcherOf(key.netuid, name, source, earlier);
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

  #fetcherOf(netuid: Netuid, name: string, source: Source, earlier: EarlierAnswers): FetchTruth | undefined {
    const { rerun, execute, compute, chain, feed } = source;
    const { sources, rerunModel, runGraph, readChain, readFeed } = this.#deps;
    if (Object.hasOwn(sources, name)) return sources[name];
    if (chain && readChain) return (task) => readChain(chain(task));
    if (feed && readFeed) return (task, signal) => readFeed(feed(task), signal);
    if (rerun && rerunModel) return (task, signal) => rerunModel(netuid, rerun(task), signal);
    if (execute && runGraph) return (task, signal) => runGraph(execute(task, earlier), signal);
    return compute && (async (task) => compute(task, earlier));
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
