import { monitorEventLoopDelay } from "node:perf_hooks";

/** How late this process's event loop is. */
export class LoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: 1 });

  constructor() {
    this.#delays.enable();
  }

  /** Since the last look, milliseconds beyond the one between two looks of the timer. */
  read(): { p99Ms: number; maxMs: number } {
    const toMs = (ns: number) => Math.max(0, ns / 1e6 - 1);
    const read = { p99Ms: toMs(this.#delays.percentile(99)), maxMs: toMs(this.#delays.max) };
    this.#delays.reset();
    return read;
  }
}
