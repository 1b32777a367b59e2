import packageJson from "../package.json" with { type: "json" };
import type { Logger } from "../shared/logger.ts";
import { serveMetrics } from "../shared/metrics/metrics-server.ts";
import { startStallWatch } from "../shared/stall-watch.ts";
import { WorkerMetrics } from "../validator/worker-metrics.ts";
import { STOP_LIMIT_MS, type WatchArgs } from "./watch-validator.ts";

/**
 * Metrics, health and a watchdog for one worker.
 *
 * @throws SubforgeError PORT_IN_USE, PORT_FORBIDDEN
 */
export async function watchWorker(
  { metricsPort, maxStallS, logLevel }: WatchArgs,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<{ metrics: WorkerMetrics; close(): Promise<void> }> {
  const metrics = new WorkerMetrics(packageJson.version);
  const stall = startStallWatch({ maxStallMs: maxStallS * 1e3, role: "worker", level: logLevel }, logger);
  const live = async () => {
    const ok = stall.isAlive();
    return { ok, checks: { loop: "turns", watch: ok ? "looks" : "the watching thread is gone" } };
  };
  const health = { "/health/live": live, "/health/ready": () => metrics.ready() };
  const page = metricsPort === undefined ? undefined : await serveMetrics({ metrics, health }, metricsPort);
  if (page) logger.info("metrics.served", { url: page.url });
  signal.addEventListener("abort", () => stall.endWithin(STOP_LIMIT_MS), { once: true });
  return {
    metrics,
    close: async () => {
      stall.endWithin(STOP_LIMIT_MS);
      await page?.close();
    },
  };
}
