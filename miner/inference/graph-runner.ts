import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import { type ChildOptions, InferenceChild } from "./child.ts";

/** A graph of a subnet's own code is operators and sizes; what it computes on is fed. */
const MAX_GRAPH_BYTES = 64 * 2 ** 20;
/** States of a network and the rows of some minibatches. */
const MAX_FEED_BYTES = 512 * 2 ** 20;
/** So many graphs run at a time, and as many stay loaded: starting a process takes some 300 ms. */
const MAX_AT_ONCE = 2;

const DEFAULT_GRAPH_OPTIONS = {
  isolation: "process",
  device: "cpu",
  threads: 1,
  loadTimeoutMs: 60_000,
  runTimeoutMs: 60_000,
  environment: {},
} as const satisfies Partial<ChildOptions>;

export type GraphOptions = Omit<ChildOptions, "modelPath" | "sha256">;

type Place = { sha256: string; child: InferenceChild; isBusy: boolean };

/**
 * Runs graphs that a subnet's code builds, each in a process of its own that stays for the next run of the same graph.
 * Nothing is started before the first run.
 */
export class GraphRunner {
  readonly #options: GraphOptions;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  /** Least recently used first. */
  #places: Place[] = [];
  readonly #waiting: (() => void)[] = [];
  /** Each of them holds a process, or is about to. */
  #running = 0;
  #started = 0;
  #folder: Promise<string> | undefined;

  constructor(options: Partial<GraphOptions>, logger: Logger) {
    this.#options = { ...DEFAULT_GRAPH_OPTIONS, ...options };
    this.#logger = logger;
  }

  /**
   * @param signal - Whoever waits for a turn leaves, and a process that computes is killed.
   * @throws SubforgeError INFERENCE_INPUT for feeds the graph does not take and for what is too large,
   * INFERENCE_STOPPED, INFERENCE_DEADLINE, and what `InferenceChild.start` and `run` throw
   */
  async run(graph: Uint8Array, feeds: Tensors, signal?: AbortSignal): Promise<Tensors> {
    assertSizes(graph, feeds);
    const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    await this.#turn();
    try {
      if (this.#closing.signal.aborted) throw new SubforgeError("INFERENCE_STOPPED", {});
      if (stop.aborted) throw new SubforgeError("INFERENCE_DEADLINE", {});
      return await this.#runNow(graph, feeds, stop);
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** Kills the processes; whoever waits is rejected. */
  async close(): Promise<void> {
    this.#closing.abort();
    const ended = this.#places.map(({ child }) => child.ended);
    for (const { child } of this.#places) child.kill("was closed");
    await Promise.all(ended);
    const folder = await this.#folder?.catch(() => undefined);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  async #turn(): Promise<void> {
    while (this.#running >= MAX_AT_ONCE) await new Promise<void>((begin) => this.#waiting.push(begin));
    this.#running += 1;
  }

  async #runNow(graph: Uint8Array, feeds: Tensors, stop: AbortSignal): Promise<Tensors> {
    const sha256 = createHash("sha256").update(graph).digest("hex");
    const place = await this.#placeOf(sha256, graph, stop);
    const kill = () => place.child.kill("was told to stop");
    stop.addEventListener("abort", kill, { once: true });
    try {
      return await place.child.run([feeds]);
    } catch (error) {
      if (stop.aborted) throw stoppedBy(this.#closing.signal);
      throw error;
    } finally {
      stop.removeEventListener("abort", kill);
      place.isBusy = false;
    }
  }

  /** A process with this graph that nobody else uses; the one that was idle longest goes for it. */
  async #placeOf(sha256: string, graph: Uint8Array, stop: AbortSignal): Promise<Place> {
    const warm = this.#places.find((place) => place.sha256 === sha256 && !place.isBusy);
    if (warm) {
      warm.isBusy = true;
      this.#places = [...this.#places.filter((place) => place !== warm), warm];
      return warm;
    }
    const idle = this.#places.filter(({ isBusy }) => !isBusy);
    const leaving = idle.slice(0, Math.max(0, idle.length + this.#running - MAX_AT_ONCE));
    for (const { child } of leaving) child.kill("made room");
    this.#places = this.#places.filter((place) => !leaving.includes(place));
    const child = await this.#start(sha256, graph, stop);
    const place: Place = { sha256, child, isBusy: true };
    this.#places.push(place);
    void child.ended.then(() => {
      this.#places = this.#places.filter((other) => other !== place);
    });
    return place;
  }

  async #start(sha256: string, graph: Uint8Array, stop: AbortSignal): Promise<InferenceChild> {
    this.#folder ??= mkdtemp(join(tmpdir(), "subforge-graphs-"));
    const modelPath = join(await this.#folder, `${++this.#started}.onnx`);
    try {
      await writeFile(modelPath, graph);
      return await InferenceChild.start({ ...this.#options, modelPath, sha256 }, this.#logger, stop);
    } catch (error) {
      if (stop.aborted) throw stoppedBy(this.#closing.signal);
      throw error;
    } finally {
      await rm(modelPath, { force: true }); // the process has its own copy
    }
  }
}

function assertSizes(graph: Uint8Array, feeds: Tensors): void {
  const bytes = Object.values(feeds).reduce((sum, { data }) => sum + data.byteLength, 0);
  const problem =
    graph.length > MAX_GRAPH_BYTES
      ? `a graph of ${graph.length} bytes; ${MAX_GRAPH_BYTES} at most`
      : bytes > MAX_FEED_BYTES
        ? `feeds of ${bytes} bytes; ${MAX_FEED_BYTES} at most`
        : undefined;
  if (problem !== undefined) throw new SubforgeError("INFERENCE_INPUT", { problem });
}

function stoppedBy(closing: AbortSignal): SubforgeError {
  return closing.aborted
    ? new SubforgeError("INFERENCE_STOPPED", {})
    : new SubforgeError("INFERENCE_DEADLINE", {});
}
