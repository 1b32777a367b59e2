import type { Tensors } from "../../shared/tensor.ts";
import type { InferenceChild } from "./child.ts";

/** Batches on their way to one place: one computes, and the next is there when it ends. */
const MAX_IN_FLIGHT = 2;
/** The next batch leaves this long before the run before it should end: early enough to arrive, late to have company. */
const AHEAD_MS = 2;

/** A batch on its way. */
export type Flight = {
  rows: number;
  /** Since when it computes, `performance.now()`; undefined before its turn. */
  beganMs: number | undefined;
};

/** A place where batches run, how many are on their way to it, and when it can take another one. */
export class Seat {
  readonly child: InferenceChild;
  /** Which of the pool's places: its successor sits there too, on the same card. */
  readonly place: number;
  /** Takes no batch any more: its successor does. */
  isLeaving = false;
  /** It has answered. */
  hasServed = false;
  readonly #flights: Flight[] = [];
  /** Duration of the last run with 1, 2 to 3, 4 to 7, ... rows. */
  readonly #runMs: number[] = [];

  constructor(child: InferenceChild, place: number) {
    this.child = child;
    this.place = place;
  }

  get inFlight(): number {
    return this.#flights.length;
  }

  /** How long the batch that computes has taken so far; undefined when none does. */
  runningMs(nowMs = performance.now()): number | undefined {
    const [first] = this.#flights;
    return first?.beganMs === undefined ? undefined : nowMs - first.beganMs;
  }

  /**
   * @param isFull - Would the batch gain nothing by waiting for company?
   * @returns Milliseconds until it should be handed over; Infinity: not before a run ends.
   */
  roomMs(isFull: boolean, nowMs = performance.now()): number {
    if (this.isLeaving || this.inFlight >= MAX_IN_FLIGHT) return Number.POSITIVE_INFINITY;
    const [running] = this.#flights;
    if (!running || isFull) return 0;
    const endsMs = (running.beganMs ?? nowMs) + this.#expectedMs(running.rows);
    return Math.max(0, endsMs - AHEAD_MS - nowMs);
  }

  /** One run of the parts' rows. @throws what `InferenceChild.run` throws */
  async run(parts: readonly Tensors[], flight: Flight): Promise<{ outputs: Tensors; runMs: number }> {
    this.#flights.push(flight);
    try {
      const outputs = await this.child.run(parts, () => {
        flight.beganMs = performance.now();
      });
      const runMs = performance.now() - flight.beganMs!;
      this.#runMs[sizeClass(flight.rows)] = runMs;
      this.hasServed = true;
      return { outputs, runMs };
    } finally {
      this.#flights.splice(this.#flights.indexOf(flight), 1);
    }
  }

  /** As the last run of a like size, or of the next smaller one; Infinity when there was none. */
  #expectedMs(rows: number): number {
    for (let size = sizeClass(rows); size >= 0; size -= 1) {
      const runMs = this.#runMs[size];
      if (runMs !== undefined) return runMs;
    }
    return Number.POSITIVE_INFINITY;
  }
}

function sizeClass(rows: number): number {
  return Math.floor(Math.log2(Math.max(rows, 1)));
}
