import type { Device } from "./device.ts";
import type { RecycleReason } from "./places.ts";
import type { PoolMeter } from "./pool.ts";
import type { Seat } from "./seat.ts";

/** What a pool did so far, and how it stands. Plain JSON. */
export type PoolStats = {
  /** Runs that ended well, and the rows in them. */
  batches: number;
  rows: number;
  /** Sums over all runs: how long the oldest request of each had waited, and how long the model took. */
  waitSeconds: number;
  runSeconds: number;
  /** Places that were left and started again. */
  recycles: Record<RecycleReason, number>;
  waiting: number;
  /** Rows of a batch: what was asked for, or less once the memory did not suffice. */
  maxRows: number;
  places: {
    pid: number;
    device: Device;
    /** As the process said last; undefined where a session has no process of its own. */
    rssBytes: number | undefined;
    /** Batches on their way to it, the one that computes included. */
    inFlight: number;
    /** How long the run that computes has taken so far. */
    runningSeconds: number | undefined;
  }[];
};

export class PoolCounts {
  readonly #meter: PoolMeter | undefined;
  #batches = 0;
  #rows = 0;
  #waitSeconds = 0;
  #runSeconds = 0;
  readonly #recycles: Record<RecycleReason, number> = { memory: 0, hung: 0, crashed: 0 };

  constructor(meter: PoolMeter | undefined) {
    this.#meter = meter;
  }

  batch({ rows, waitMs, runMs }: { rows: number; waitMs: number; runMs: number }): void {
    const [waitSeconds, runSeconds] = [waitMs / 1000, runMs / 1000];
    this.#batches += 1;
    this.#rows += rows;
    this.#waitSeconds += waitSeconds;
    this.#runSeconds += runSeconds;
    this.#meter?.batch({ rows, waitSeconds, runSeconds });
  }

  recycled(reason: RecycleReason): void {
    this.#recycles[reason] += 1;
    this.#meter?.recycled(reason);
  }

  stats(seats: Iterable<Seat>, now: Pick<PoolStats, "waiting" | "maxRows">): PoolStats {
    const places = Array.from(seats, (seat) => {
      const runningMs = seat.runningMs();
      return {
        pid: seat.child.pid,
        device: seat.child.device,
        rssBytes: seat.child.rss?.bytes,
        inFlight: seat.inFlight,
        runningSeconds: runningMs === undefined ? undefined : runningMs / 1000,
      };
    });
    return {
      ...{ batches: this.#batches, rows: this.#rows },
      ...{ waitSeconds: this.#waitSeconds, runSeconds: this.#runSeconds },
      ...{ recycles: { ...this.#recycles }, ...now, places },
    };
  }
}
