import type { Clock } from "../../shared/clock.ts";
import { isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import { type ChildOptions, InferenceChild } from "./child.ts";
import { DEFAULT_CUDA } from "./device.ts";
import { Seat } from "./seat.ts";

export type PlacesOptions = ChildOptions & {
  /** Places that run the model; each holds it once. */
  processes: number;
  /** Cards of which each place takes one in turn. Default: that of `cuda`. */
  deviceIds?: readonly number[] | undefined;
  /** A process that holds more memory is replaced between batches by a new, warm one. Processes only. */
  maxRssBytes?: number | undefined;
  /** The same for memory on cards, which only somebody outside can see: `GpuSampler.vramOf`. */
  maxVram?: { bytes: number; of(pid: number): Promise<number | undefined> } | undefined;
};

/** Why a place was left: `memory` before it failed, the others after. */
export type RecycleReason = "memory" | "hung" | "crashed";

export type PlacesDeps = { logger: Logger; clock: Clock; onRecycle(reason: RecycleReason): void };

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 10_000;
/** A limit below what a warm process needs would recycle for ever: this much growth is always allowed. */
const MIN_GROWTH = 1.25;

/** Keeps the places where a model runs: a lost one is started again, one that grew too large is replaced. */
export class Places {
  readonly seats = new Set<Seat>();
  /** Of the bytes that run, the same in every place from the first start on. */
  readonly sha256: string;
  readonly #options: PlacesOptions;
  readonly #deps: PlacesDeps;
  /** A place was opened or lost. */
  readonly #onChange: () => void;
  readonly #closing = new AbortController();
  readonly #keeping = new Set<Promise<void>>();
  readonly #recycling = new WeakSet<Seat>();
  /** Memory on cards when a place was first looked at, bytes. */
  readonly #warmVram = new WeakMap<Seat, number>();

  /**
   * Loads the model in the places that `Places` will keep. All of them hold the same bytes.
   *
   * @throws SubforgeError what `InferenceChild.start` throws; CONFIG_INVALID
   */
  static async load(
    options: PlacesOptions,
    { logger, signal }: { logger: Logger; signal?: AbortSignal | undefined },
  ): Promise<InferenceChild[]> {
    const isLimited = options.maxRssBytes !== undefined || options.maxVram !== undefined;
    if (isLimited && (options.isolation ?? "process") !== "process") {
      const problems = [`a limit of memory needs processes, not isolation ${options.isolation}`];
      throw new SubforgeError("CONFIG_INVALID", { what: "the inference pool", problems });
    }
    const starts = Array.from({ length: options.processes }, (_, place) =>
      InferenceChild.start(optionsAt(options, place), logger, signal),
    );
    const started = await Promise.allSettled(starts);
    const children = started.flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
    try {
      for (const start of started) if (start.status === "rejected") throw start.reason;
      const expected = children[0]!.sha256;
      const other = children.find(({ sha256 }) => sha256 !== expected);
      if (other) {
        const found = other.sha256;
        throw new SubforgeError("MINER_MODEL_CHANGED", { path: options.modelPath, expected, found });
      }
      return children;
    } catch (error) {
      for (const child of children) child.kill("another place failed to start");
      throw error;
    }
  }

  constructor(
    children: readonly InferenceChild[],
    options: PlacesOptions,
    deps: PlacesDeps,
    onChange: () => void,
  ) {
    this.sha256 = children[0]!.sha256;
    this.#options = { ...options, sha256: this.sha256 };
    this.#deps = deps;
    this.#onChange = onChange;
    for (const [place, child] of children.entries()) this.#keep(place, child);
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** To be called between batches: replaces a place that holds too much memory, and ends one that was replaced. */
  lookAfter(seat: Seat): void {
    if (seat.isLeaving) {
      if (seat.inFlight === 0) seat.child.kill("was replaced");
      return;
    }
    const { maxRssBytes = Number.POSITIVE_INFINITY, maxVram } = this.#options;
    const { rss } = seat.child;
    if (rss && rss.bytes > Math.max(maxRssBytes, rss.warmBytes * MIN_GROWTH)) this.#recycle(seat);
    else if (maxVram) this.#track(this.#lookAtVram(seat, maxVram));
  }

  #recycle(seat: Seat): void {
    if (this.#recycling.has(seat)) return;
    this.#recycling.add(seat);
    this.#track(this.#replace(seat));
  }

  async #lookAtVram(seat: Seat, { bytes: limit, of }: NonNullable<PlacesOptions["maxVram"]>): Promise<void> {
    const bytes = await of(seat.child.pid);
    if (bytes === undefined || seat.isLeaving || this.isClosing) return;
    const warmBytes = this.#warmVram.get(seat) ?? bytes;
    this.#warmVram.set(seat, warmBytes);
    if (bytes > Math.max(limit, warmBytes * MIN_GROWTH)) this.#recycle(seat);
  }

  /** Ends every place. Resolves when they are gone. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const { child } of this.seats) child.kill("the pool is closed");
    this.#onChange();
    while (this.#keeping.size > 0) await Promise.all(this.#keeping);
  }

  #keep(place: number, child: InferenceChild): void {
    this.#track(this.#occupy(place, child));
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#keeping.delete(tracked));
    this.#keeping.add(tracked);
  }

  /** One place: a child, and after it ended its successor. */
  async #occupy(place: number, first: InferenceChild): Promise<void> {
    let child: InferenceChild | undefined = first;
    let backoffMs = FIRST_BACKOFF_MS;
    while (child) {
      const seat = new Seat(child, place);
      this.seats.add(seat);
      this.#onChange();
      const { pid, ended }: InferenceChild = child;
      const reason = await ended;
      this.seats.delete(seat);
      this.#onChange();
      if (seat.isLeaving || this.isClosing) return;
      this.#deps.logger.warn("inference.ended", { pid, reason });
      this.#deps.onRecycle(reason === "hung" ? "hung" : "crashed");
      if (seat.hasServed) backoffMs = FIRST_BACKOFF_MS;
      child = await this.#restart(place, backoffMs);
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
    }
  }

  /** @returns undefined when the pool was closed meanwhile. */
  async #restart(place: number, firstBackoffMs: number): Promise<InferenceChild | undefined> {
    const { clock, logger } = this.#deps;
    for (let backoffMs = firstBackoffMs; ; backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)) {
      await clock.sleep(backoffMs, this.#closing.signal);
      if (this.isClosing) return undefined;
      const child = await this.#start(place, "inference.restart-failed");
      if (child) logger.info("inference.restarted", { pid: child.pid, device: child.device });
      if (child || this.isClosing) return child;
    }
  }

  /** Warm first, then the switch, then the end of the old one as soon as it has answered what it was given. */
  async #replace(seat: Seat): Promise<void> {
    const { logger, clock, onRecycle } = this.#deps;
    const { place, child: old } = seat;
    const { pid, rss } = old;
    logger.info("inference.recycling", { pid, rssBytes: rss?.bytes, limit: this.#options.maxRssBytes });
    const child = await this.#start(place, "inference.recycle-failed");
    if (!this.seats.has(seat))
      child?.kill("what it was to replace is gone"); // its own loop starts a successor
    else if (child) {
      seat.isLeaving = true;
      this.#keep(place, child);
      onRecycle("memory");
      this.lookAfter(seat);
    } else {
      await clock.sleep(MAX_BACKOFF_MS, this.#closing.signal);
      this.#recycling.delete(seat);
    }
  }

  async #start(place: number, failure: string): Promise<InferenceChild | undefined> {
    const { logger } = this.#deps;
    try {
      const child = await InferenceChild.start(optionsAt(this.#options, place), logger, this.#closing.signal);
      if (!this.isClosing) return child;
      child.kill("the pool is closed");
      await child.ended;
    } catch (error) {
      const code = isSubforgeError(error) ? error.code : "INTERNAL";
      if (!this.isClosing) logger.error(failure, { code, error: String(error) });
    }
    return undefined;
  }
}

function optionsAt(options: PlacesOptions, place: number): ChildOptions {
  const { deviceIds, cuda = DEFAULT_CUDA } = options;
  if (!deviceIds?.length) return options;
  return { ...options, cuda: { ...cuda, deviceId: deviceIds[place % deviceIds.length]! } };
}
