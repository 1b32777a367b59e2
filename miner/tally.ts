import type { RefusalCode } from "../shared/wire/refusals.ts";

/** Durations kept for the percentiles of one report. */
const MAX_SAMPLES = 4_096;

export type Report = { answered: number; p50Ms: number; p99Ms: number; refused: Record<string, number> };

/** Counts what an axon did since the last report. */
export class Tally {
  #durations: number[] = [];
  #answered = 0;
  #refused: Record<string, number> = {};

  answered(durationMs: number): void {
    this.#durations[this.#answered % MAX_SAMPLES] = durationMs;
    this.#answered += 1;
  }

  refused(code: RefusalCode): void {
    this.#refused[code] = (this.#refused[code] ?? 0) + 1;
  }

  /** Milliseconds are rounded; both are 0 when nothing was answered. */
  takeReport(): Report {
    const sorted = this.#durations.sort((a, b) => a - b);
    const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
    const report = { answered: this.#answered, p50Ms: at(0.5), p99Ms: at(0.99), refused: this.#refused };
    this.#durations = [];
    this.#answered = 0;
    this.#refused = {};
    return report;
  }
}
