import type { Logger } from "../shared/logger.ts";
import type { Workshop, WorkTools } from "../shared/template.ts";

/** Work that waits for the one that runs. A validator of a subnet asks for one or two an epoch. */
const MAX_WAITING = 4;
/** Finished work that is kept: what was asked for an epoch or two ago may still be asked about. */
const MAX_FINISHED = 8;
const MAX_KEY_CHARS = 256;
const MAX_PROBLEM_CHARS = 300;

type Entry = {
  key: string;
  work: (tools: WorkTools) => Promise<unknown>;
  now: NonNullable<ReturnType<Workshop["look"]>>;
};

/**
 * Does one thing after the other while the miner answers. What was done is kept until room is needed, also how it
 * failed. Nothing of it outlives the process: a miner that starts again is asked again.
 */
export class MinerWorkshop implements Workshop {
  readonly #tools: WorkTools;
  readonly #logger: Logger;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  #doing: Promise<void> | undefined;

  constructor(tools: WorkTools, logger: Logger) {
    this.#tools = tools;
    this.#logger = logger;
  }

  start(key: string, work: (tools: WorkTools) => Promise<unknown>): "there" | "started" | "full" {
    if (this.#entries.has(key)) return "there";
    const isFull = this.#inState("waiting").length >= MAX_WAITING;
    if (isFull || key.length > MAX_KEY_CHARS || this.#tools.signal.aborted) return "full";
    this.#entries.set(key, { key, work, now: { state: "waiting" } });
    this.#doing ??= this.#doAll();
    return "started";
  }

  look(key: string): ReturnType<Workshop["look"]> {
    return this.#entries.get(key)?.now;
  }

  /** Resolves when nothing is under way, soon after the signal for work that listens to it. */
  async settled(): Promise<void> {
    await this.#doing;
  }

  async #doAll(): Promise<void> {
    await Promise.resolve(); // whoever starts work is answered before it begins
    for (let [next] = this.#inState("waiting"); next; [next] = this.#inState("waiting")) await this.#do(next);
    this.#doing = undefined;
  }

  async #do(entry: Entry): Promise<void> {
    const { signal } = this.#tools;
    const startMs = performance.now();
    entry.now = { state: "running" };
    try {
      signal.throwIfAborted();
      entry.now = { state: "done", value: await untilAborted(entry.work(this.#tools), signal) };
    } catch (error) {
      entry.now = { state: "failed", problem: String(error).slice(0, MAX_PROBLEM_CHARS) };
    }
    const problem = entry.now.state === "failed" ? entry.now.problem : undefined;
    const told = { key: entry.key, seconds: Math.round(performance.now() - startMs) / 1_000 };
    if (problem === undefined) this.#logger.info("workshop.done", told);
    else if (!signal.aborted) this.#logger.warn("workshop.failed", { ...told, problem });
    const finished = [...this.#inState("done"), ...this.#inState("failed")];
    const keys = new Set(finished.map(({ key }) => key));
    for (const key of this.#entries.keys()) {
      if (keys.size <= MAX_FINISHED) break;
      if (keys.delete(key)) this.#entries.delete(key);
    }
  }

  #inState(state: Entry["now"]["state"]): Entry[] {
    return [...this.#entries.values()].filter(({ now }) => now.state === state);
  }
}

/** Work that does not hear its signal is left alone. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
