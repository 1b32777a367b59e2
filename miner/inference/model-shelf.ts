import type { Clock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import type { Device } from "./device.ts";
import type { ModelInfo } from "./model-guard.ts";
import { samePorts } from "./model-ports.ts";
import { watchModel } from "./model-watcher.ts";
import type { RecycleReason } from "./places.ts";
import { InferencePool, type PoolMeter, type PoolOptions } from "./pool.ts";
import type { PoolStats } from "./pool-stats.ts";
import { isModelName, type ServedModel } from "./served-model.ts";

export type ModelEntry = { name: string; path: string };

export type ShelfOptions = Omit<PoolOptions, "modelPath" | "sha256"> & {
  /** Look after the files and replace a model whose file changed. Default: only `replace` does. */
  watch?: boolean;
};

/** Told of every run, and of every place that was left; `replaced`: its model got a new file. */
export type ShelfMeter = {
  batch(run: { model: string; rows: number; waitSeconds: number; runSeconds: number }): void;
  sessionRecycled(model: string, reason: RecycleReason | "replaced"): void;
};

export type ShelfDeps = {
  logger: Logger;
  clock: Clock;
  /** Gives up while the models are loaded. */
  signal?: AbortSignal | undefined;
  meter?: ShelfMeter | undefined;
};

/** The models of one miner, each with its own pool. A file is replaced without a request noticing. */
export class ModelShelf {
  readonly #models: Map<string, ShelvedModel>;
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>[] = [];

  /**
   * Loads all models, in their order. Resolves when every one of them has answered a first request.
   *
   * @throws SubforgeError MINER_MODEL_NAME, and what `InferencePool.start` throws
   */
  static async start(
    entries: readonly ModelEntry[],
    options: ShelfOptions,
    deps: ShelfDeps,
  ): Promise<ModelShelf> {
    checkNames(entries);
    const models = new Map<string, ShelvedModel>();
    try {
      for (const { name, path } of entries) {
        models.set(name, await ShelvedModel.open(name, path, options, deps));
      }
    } catch (error) {
      await Promise.all(Array.from(models.values(), (model) => model.close()));
      throw error;
    }
    return new ModelShelf(models, options, deps);
  }

  private constructor(models: Map<string, ShelvedModel>, { watch }: ShelfOptions, deps: ShelfDeps) {
    this.#models = models;
    if (!watch) return;
    for (const model of models.values()) {
      const replace = () => model.replace();
      const { signal } = this.#closing;
      this.#watching.push(watchModel(() => model.path, replace, { ...deps, signal }));
    }
  }

  /** Without a name: the first one. */
  get(name?: string): ServedModel | undefined {
    return name === undefined ? this.all[0] : this.#models.get(name);
  }

  /** The first model and where its file lies. */
  get first(): ServedModel & { path: string } {
    return this.#models.values().next().value!;
  }

  get all(): readonly ServedModel[] {
    return [...this.#models.values()];
  }

  /**
   * Serves what the file, or another one, holds now. It is inspected, loaded and warmed up in new places before the
   * switch; whoever waits for the old model is answered by it. When anything is wrong with the file, the old one stays.
   *
   * @throws SubforgeError MINER_MODEL_NAME for a name that is not served, MINER_MODEL_INVALID also when the new model
   * takes or gives other tensors, and what `InferencePool.start` throws
   */
  async replace(name: string, path?: string): Promise<void> {
    const model = this.#models.get(name);
    if (!model) throw new SubforgeError("MINER_MODEL_NAME", { name, problem: "there is no such model" });
    await model.replace(path);
  }

  get stats(): ({ model: string; sha256: string; isReady: boolean } & PoolStats)[] {
    return Array.from(this.#models.values(), ({ name, sha256, isReady, stats }) => {
      return { model: name, sha256, isReady, ...stats };
    });
  }

  /** Ends all places; whoever waits is rejected. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...Array.from(this.#models.values(), (model) => model.close()), ...this.#watching]);
  }
}

class ShelvedModel implements ServedModel {
  readonly name: string;
  path: string;
  readonly #options: ShelfOptions;
  readonly #deps: ShelfDeps;
  readonly #closing = new AbortController();
  #pool: InferencePool;
  /** Replacements happen one after the other. */
  #turn: Promise<void> = Promise.resolve();
  readonly #leaving = new Set<Promise<void>>();

  static async open(
    name: string,
    path: string,
    options: ShelfOptions,
    deps: ShelfDeps,
  ): Promise<ShelvedModel> {
    const { meter, ...rest } = deps;
    const pool = await InferencePool.start(
      { ...options, modelPath: path },
      { ...rest, ...meterOf(name, meter) },
    );
    return new ShelvedModel(name, path, pool, options, deps);
  }

  private constructor(
    name: string,
    path: string,
    pool: InferencePool,
    options: ShelfOptions,
    deps: ShelfDeps,
  ) {
    this.name = name;
    this.path = path;
    this.#pool = pool;
    this.#options = options;
    this.#deps = deps;
  }

  get sha256(): string {
    return this.#pool.sha256;
  }

  get info(): ModelInfo {
    return this.#pool.info;
  }

  get device(): Device | undefined {
    return this.#pool.device;
  }

  get isReady(): boolean {
    return this.#pool.isReady;
  }

  get waiting(): number {
    return this.#pool.waiting;
  }

  get stats(): PoolStats {
    return this.#pool.stats;
  }

  infer(feeds: Tensors, signal: AbortSignal, share?: number): Promise<Tensors> {
    return this.#pool.infer(feeds, signal, share);
  }

  async replace(path = this.path): Promise<void> {
    const turn = this.#turn.then(() => this.#replaceNow(path));
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#turn;
    await Promise.all([this.#pool.close(), ...this.#leaving]);
  }

  async #replaceNow(path: string): Promise<void> {
    const { logger, clock, meter } = this.#deps;
    const { name } = this;
    const { signal } = this.#closing;
    if (signal.aborted) throw new SubforgeError("INFERENCE_STOPPED", {});
    const next = await InferencePool.start(
      { ...this.#options, modelPath: path },
      { logger, clock, signal, ...meterOf(name, meter) },
    );
    const problem = signal.aborted ? "the miner stops" : samePorts(this.info, next.info);
    if (problem !== undefined) {
      await next.close();
      throw new SubforgeError("MINER_MODEL_INVALID", { path, problem });
    }
    const old = this.#pool;
    this.#pool = next;
    this.path = path;
    logger.info("model.replaced", { model: name, path, from: old.sha256, to: next.sha256 });
    meter?.sessionRecycled(name, "replaced");
    const leaving = this.#endAfterItsRequests(old).finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  async #endAfterItsRequests(pool: InferencePool): Promise<void> {
    const { signal } = this.#closing;
    const onAbort = () => void pool.close();
    signal.addEventListener("abort", onAbort);
    await pool.drained();
    signal.removeEventListener("abort", onAbort);
    await pool.close();
  }
}

function checkNames(entries: readonly ModelEntry[]): void {
  const seen = new Set<string>();
  if (entries.length === 0)
    throw new SubforgeError("MINER_MODEL_NAME", { name: "", problem: "no model is given" });
  for (const { name } of entries) {
    if (!isModelName(name)) throw new SubforgeError("MINER_MODEL_NAME", { name, problem: "that is no name" });
    if (seen.has(name))
      throw new SubforgeError("MINER_MODEL_NAME", { name, problem: "another model has that name" });
    seen.add(name);
  }
}

function meterOf(model: string, meter: ShelfMeter | undefined): { meter?: PoolMeter } {
  if (!meter) return {};
  return {
    meter: {
      batch: (run) => meter.batch({ model, ...run }),
      recycled: (reason) => meter.sessionRecycled(model, reason),
    },
  };
}
