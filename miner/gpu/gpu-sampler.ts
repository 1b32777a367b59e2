import type { Clock } from "../../shared/clock.ts";
import type { Gpu, GpuProcess, GpuQuery } from "./nvidia-smi.ts";

/** nvidia-smi takes tens of milliseconds of a core: nobody needs it more often than this. */
const MAX_AGE_MS = 5_000;

/** What the gauges of a miner are set from; `miner/metrics.ts` is one. */
export type GpuGauges = {
  set(name: "sf_vram_bytes" | "sf_gpu_utilization_ratio", value: number, labels: { gpu: string }): void;
  reset(name: "sf_vram_bytes" | "sf_gpu_utilization_ratio"): void;
};

/**
 * The state of the cards, not older than five seconds, however many ask. It never throws and never runs two queries at
 * once; while a card cannot be read, there is nothing to see.
 */
export class GpuSampler {
  readonly #query: () => Promise<GpuQuery>;
  readonly #clock: Clock;
  #sample: { gpus: Gpu[]; processes: GpuProcess[] } = { gpus: [], processes: [] };
  #takenMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  /** @param query - As `queryGpus` with the environment of this process. */
  constructor(query: () => Promise<GpuQuery>, clock: Clock) {
    this.#query = query;
    this.#clock = clock;
  }

  async gpus(): Promise<readonly Gpu[]> {
    await this.#refresh();
    return this.#sample.gpus;
  }

  /** Memory that a process holds on all cards, bytes. Undefined: not known, as in containers that hide their pids. */
  async vramOf(pid: number): Promise<number | undefined> {
    await this.#refresh();
    const own = this.#sample.processes.filter((process) => process.pid === pid);
    return own.length === 0 ? undefined : own.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  }

  /** Gauges per card, labelled by its index. Meant for `metrics.onScrape(() => sampler.report(metrics))`. */
  async report(gauges: GpuGauges): Promise<void> {
    const gpus = await this.gpus();
    gauges.reset("sf_vram_bytes"); // a card that fell off its bus has no last value
    gauges.reset("sf_gpu_utilization_ratio");
    for (const { index, usedBytes, utilization } of gpus) {
      const labels = { gpu: String(index) };
      if (usedBytes !== undefined) gauges.set("sf_vram_bytes", usedBytes, labels);
      if (utilization !== undefined) gauges.set("sf_gpu_utilization_ratio", utilization, labels);
    }
  }

  async #refresh(): Promise<void> {
    if (Math.abs(this.#clock.nowMs() - this.#takenMs) < MAX_AGE_MS) return; // clocks also step back
    this.#running ??= this.#take().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #take(): Promise<void> {
    const answer = await this.#query().catch(() => undefined);
    this.#sample = answer?.ok ? answer : { gpus: [], processes: [] };
    this.#takenMs = this.#clock.nowMs();
  }
}
