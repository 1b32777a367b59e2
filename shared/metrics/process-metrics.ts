import { readdir } from "node:fs/promises";
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { gauge } from "./metric-spec.ts";

const NS_PER_SECOND = 1e9;
/** The sampler's own pause is part of what it measures. */
const RESOLUTION_MS = 20;

/** What every long-running process tells of itself. */
export const PROCESS_METRICS = {
  sf_loop_lag_seconds: gauge(["quantile"], "seconds", "Delay of the event loop since the last scrape"),
  sf_memory_bytes: gauge(["kind"], "bytes", "Memory of the serving process: rss, heap or buffers"),
  sf_open_sockets: gauge([], "1", "Open TCP sockets and pipes of the process, listeners included"),
  sf_file_descriptors: gauge(
    [],
    "1",
    "Open file descriptors of the process; 0 where the system does not tell",
  ),
  sf_start_time_seconds: gauge(
    [],
    "seconds",
    "Unix time at which the process started: each change is a restart",
  ),
  sf_build_info: gauge(["version", "node"], "1", "1, with the version of this program and of Node"),
} as const;

/** Takes the values of `PROCESS_METRICS`. */
export type ProcessGauges = {
  set(name: keyof typeof PROCESS_METRICS, value: number, labels: Record<string, string>): void;
};

/** Looks at this process, at each scrape. */
export class ProcessReader {
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #version: string;

  /** @param version - Of this program. */
  constructor(version: string) {
    this.#version = version;
  }

  async read(gauges: ProcessGauges): Promise<void> {
    gauges.set("sf_build_info", 1, { version: this.#version, node: process.version });
    gauges.set("sf_start_time_seconds", Math.round(Date.now() / 1e3 - process.uptime()), {});
    const { rss, heapUsed, external } = process.memoryUsage();
    gauges.set("sf_memory_bytes", rss, { kind: "rss" });
    gauges.set("sf_memory_bytes", heapUsed, { kind: "heap" });
    gauges.set("sf_memory_bytes", external, { kind: "buffers" });
    this.#loop.enable(); // from the first scrape on: nobody pays for it before
    for (const quantile of [50, 99]) {
      const lag = this.#loop.percentile(quantile) / NS_PER_SECOND - RESOLUTION_MS / 1e3;
      gauges.set("sf_loop_lag_seconds", Math.max(0, lag), { quantile: `0.${quantile}` });
    }
    this.#loop.reset();
    const sockets = process.getActiveResourcesInfo().filter((kind) => /^(TCP|TLS|Pipe)/.test(kind));
    gauges.set("sf_open_sockets", sockets.length, {});
    gauges.set("sf_file_descriptors", await descriptors(), {});
  }
}

async function descriptors(): Promise<number> {
  const open = await readdir("/proc/self/fd").catch(() => []);
  return open.length;
}
