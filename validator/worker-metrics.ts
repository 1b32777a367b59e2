import { MetricRegistry } from "../shared/metrics/metric-registry.ts";
import type { Health } from "../shared/metrics/metrics-server.ts";
import type { QueueStats } from "../shared/queue/queue-stats.ts";
import type { Reason } from "../shared/reasons.ts";
import { WORKER_METRICS } from "./metric-table.ts";

/** What a worker tells of its work. */
export type WorkerMeter = {
  /** One question ended. */
  answered(reason: Reason, latencyMs: number): void;
  signed(seconds: number): void;
  /** It takes jobs from now on. @param look - At the queue. */
  started(look: () => Promise<QueueStats>): void;
};

/** Counts what a worker does. */
export class WorkerMetrics extends MetricRegistry<typeof WORKER_METRICS> implements WorkerMeter {
  readonly #latency = this.histogram("sf_answer_latency_seconds", {});
  readonly #sign = this.histogram("sf_sign_seconds", {});
  #look: (() => Promise<QueueStats>) | undefined;

  /** @param version - Of this program. */
  constructor(version?: string) {
    super(WORKER_METRICS, version);
    this.onScrape(async () => this.set("sf_queue_reachable", (await this.#isReachable()) ? 1 : 0, {}));
  }

  answered(reason: Reason, latencyMs: number): void {
    this.counter("sf_questions_total", { reason }).add();
    if (reason === "ok") this.#latency.observe(latencyMs / 1e3);
  }

  signed(seconds: number): void {
    this.#sign.observe(seconds);
  }

  started(look: () => Promise<QueueStats>): void {
    this.#look = look;
  }

  /** Does it take jobs, and does Redis answer? */
  async ready(): Promise<Health> {
    if (!this.#look) return { ok: false, checks: { validator: "none has announced itself yet" } };
    const ok = await this.#isReachable();
    return { ok, checks: { queue: ok ? "ok" : "Redis does not answer" } };
  }

  async #isReachable(): Promise<boolean> {
    if (!this.#look) return false;
    return this.#look().then(
      () => true,
      () => false,
    );
  }
}
