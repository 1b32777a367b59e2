import type { CounterSeries, HistogramSeries } from "../shared/metrics/bound-series.ts";
import { MetricRegistry } from "../shared/metrics/metric-registry.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { REFUSALS, type RefusalCode } from "../shared/wire/refusals.ts";
import { METRICS } from "./metric-table.ts";

/** Claimed ages kept for one look at the clock. */
const MAX_AGES = 1_024;

/** Claimed ages since the last look, seconds, and how many requests were refused for theirs. */
export type AgeSample = { ages: number[]; stale: number };

/** Counts what a miner does. What happens at each request has its series at hand. */
export class MinerMetrics extends MetricRegistry<typeof METRICS> {
  readonly #answered = new Map<ProtocolId, CounterSeries>();
  readonly #answerSeconds = new Map<string, HistogramSeries>();
  readonly #age = this.histogram("sf_request_age_seconds", {});
  readonly #verify = this.histogram("sf_request_seconds", { phase: "verify" });
  readonly #store = this.histogram("sf_request_seconds", { phase: "store" });
  #ages: number[] = [];
  #agesSeen = 0;
  #stale = 0;

  /** @param version - Of this program, for `sf_build_info`. */
  constructor(version?: string) {
    super(METRICS, version);
  }

  /** @param seconds - From the headers to the answer. @param route - A path of our own table, never the caller's. */
  requestAnswered({
    route,
    protocol,
    seconds,
  }: {
    route: string;
    protocol: ProtocolId;
    seconds: number;
  }): void {
    let answered = this.#answered.get(protocol);
    if (!answered) {
      answered = this.counter("sf_requests_total", { outcome: "answered", protocol });
      this.#answered.set(protocol, answered);
    }
    answered.add();
    let took = this.#answerSeconds.get(route);
    if (!took) {
      took = this.histogram("sf_answer_seconds", { route });
      this.#answerSeconds.set(route, took);
    }
    took.observe(seconds);
  }

  /** @param protocol - Undefined while it is not known, as for a path that does not exist. */
  refused(code: RefusalCode, protocol?: ProtocolId): void {
    this.counter("sf_requests_total", { outcome: code, protocol: protocol ?? "none" }).add();
    const { status } = REFUSALS[code];
    if (status === 401 || status === 403) this.counter("sf_auth_fail_total", { why: code }).add();
    if (status === 429 || status === 503 || status === 504)
      this.counter("sf_shed_total", { why: code }).add();
    if (code === "BTAUTH_STALE") this.#stale += 1;
  }

  /**
   * The age a request claims, of every request of a known hotkey that got as far as the freshness check, also when it
   * was refused there: that is how a wrong clock of ours shows.
   */
  requestAgeSeconds(seconds: number): void {
    this.#age.observe(seconds);
    this.#ages[this.#agesSeen % MAX_AGES] = seconds;
    this.#agesSeen += 1;
  }

  verifySeconds(seconds: number): void {
    this.#verify.observe(seconds);
  }

  storeSeconds(seconds: number): void {
    this.#store.observe(seconds);
  }

  /** One run of a model. @param waitSeconds - Of the oldest request in it. */
  batch(run: { model: string; rows: number; waitSeconds: number; runSeconds: number }): void {
    const { model } = run;
    this.histogram("sf_batch_rows", { model }).observe(run.rows);
    this.histogram("sf_batch_wait_seconds", { model }).observe(run.waitSeconds);
    this.histogram("sf_batch_run_seconds", { model }).observe(run.runSeconds);
  }

  /** @param reason - One of a few fixed words, as in `memory`, `hung`, `crashed`, `replaced`. */
  sessionRecycled(model: string, reason: string): void {
    this.counter("sf_session_recycles_total", { model, reason }).add();
  }

  /** Requests being answered now. */
  inflight(count: number): void {
    this.#inflight = count;
  }

  #inflight = 0;

  override page(): Promise<string> {
    this.set("sf_inflight", this.#inflight, {});
    return super.page();
  }

  /** What callers' clocks said since the last call. */
  takeAges(): AgeSample {
    const sample = { ages: this.#ages, stale: this.#stale };
    this.#ages = [];
    this.#agesSeen = 0;
    this.#stale = 0;
    return sample;
  }
}
