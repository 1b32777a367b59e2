import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { REFUSALS, type RefusalCode } from "../shared/wire/refusals.ts";
import { type LabelsOf, METRICS, type MetricName, type MetricSpec, type NameOf } from "./metric-table.ts";

/** Claimed ages kept for one look at the clock. */
const MAX_AGES = 1_024;
const NS_PER_SECOND = 1e9;

/** Claimed ages since the last look, seconds, and how many requests were refused for theirs. */
export type AgeSample = { ages: number[]; stale: number };

/**
 * Counts what a miner does and writes it down as Prometheus text. Every instance has a registry of its own, so that
 * several miners live in one process. Counting never throws and never waits.
 */
export class MinerMetrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, Histogram>();
  readonly #readers: (() => void | Promise<void>)[] = [];
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });
  #ages: number[] = [];
  #agesSeen = 0;
  #stale = 0;

  /** @param version - Of this program, for `sf_build_info`. */
  constructor(version = "unknown") {
    for (const [name, spec] of Object.entries(METRICS) as [MetricName, MetricSpec][]) {
      const options = { name, help: spec.help, labelNames: [...spec.labels], registers: [this.#registry] };
      if (spec.type === "counter") this.#counters.set(name, new Counter(options));
      else if (spec.type === "gauge") this.#gauges.set(name, new Gauge(options));
      else this.#histograms.set(name, new Histogram({ ...options, buckets: [...(spec.buckets ?? [])] }));
    }
    this.#gauge("sf_build_info", 1, { version, node: process.version });
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
    this.#count("sf_requests_total", { outcome: "answered", protocol });
    this.#observe("sf_answer_seconds", seconds, { route });
  }

  /** @param protocol - Undefined while it is not known, as for a path that does not exist. */
  refused(code: RefusalCode, protocol?: ProtocolId): void {
    this.#count("sf_requests_total", { outcome: code, protocol: protocol ?? "none" });
    const { status } = REFUSALS[code];
    if (status === 401 || status === 403) this.#count("sf_auth_fail_total", { why: code });
    if (status === 429 || status === 503 || status === 504) this.#count("sf_shed_total", { why: code });
    if (code === "BTAUTH_STALE") this.#stale += 1;
  }

  /**
   * The age a request claims, of every request of a known hotkey that got as far as the freshness check, also when it
   * was refused there: that is how a wrong clock of ours shows.
   */
  requestAgeSeconds(seconds: number): void {
    this.#observe("sf_request_age_seconds", seconds, {});
    this.#ages[this.#agesSeen % MAX_AGES] = seconds;
    this.#agesSeen += 1;
  }

  verifySeconds(seconds: number): void {
    this.#observe("sf_request_seconds", seconds, { phase: "verify" });
  }

  storeSeconds(seconds: number): void {
    this.#observe("sf_request_seconds", seconds, { phase: "store" });
  }

  /** One run of a model. @param waitSeconds - Of the oldest request in it. */
  batch(run: { model: string; rows: number; waitSeconds: number; runSeconds: number }): void {
    const { model } = run;
    this.#observe("sf_batch_rows", run.rows, { model });
    this.#observe("sf_batch_wait_seconds", run.waitSeconds, { model });
    this.#observe("sf_batch_run_seconds", run.runSeconds, { model });
  }

  /** @param reason - One of a few fixed words, as in `memory`, `hung`, `crashed`, `replaced`. */
  sessionRecycled(model: string, reason: string): void {
    this.#count("sf_session_recycles_total", { model, reason });
  }

  /** Requests being answered now. */
  inflight(count: number): void {
    this.#gauge("sf_inflight", count, {});
  }

  set<Name extends NameOf<"gauge">>(name: Name, value: number, labels: LabelsOf<Name>): void {
    this.#gauge(name, value, labels);
  }

  /** Forgets the series of a gauge: a model or card that is gone. */
  reset(name: NameOf<"gauge">): void {
    this.#gauges.get(name)?.reset();
  }

  /** Called before each scrape, to set what is only known by looking. What it throws is left out of the scrape. */
  onScrape(read: () => void | Promise<void>): void {
    this.#readers.push(read);
  }

  /** What callers' clocks said since the last call. */
  takeAges(): AgeSample {
    const sample = { ages: this.#ages, stale: this.#stale };
    this.#ages = [];
    this.#agesSeen = 0;
    this.#stale = 0;
    return sample;
  }

  readonly contentType = this.#registry.contentType;

  /** The page: Prometheus text. */
  async page(): Promise<string> {
    this.#readProcess();
    await Promise.allSettled(this.#readers.map(async (read) => read()));
    return this.#registry.metrics();
  }

  #readProcess(): void {
    const { rss, heapUsed, external } = process.memoryUsage();
    this.#gauge("sf_memory_bytes", rss, { kind: "rss" });
    this.#gauge("sf_memory_bytes", heapUsed, { kind: "heap" });
    this.#gauge("sf_memory_bytes", external, { kind: "buffers" });
    this.#loop.enable(); // from the first scrape on: nobody pays for it before
    for (const quantile of [50, 99]) {
      const ns = this.#loop.percentile(quantile);
      this.#gauge("sf_loop_lag_seconds", ns / NS_PER_SECOND, { quantile: `0.${quantile}` });
    }
    this.#loop.reset();
  }

  #count<Name extends NameOf<"counter">>(name: Name, labels: LabelsOf<Name>): void {
    this.#counters.get(name)!.inc(labels);
  }

  #observe<Name extends NameOf<"histogram">>(name: Name, value: number, labels: LabelsOf<Name>): void {
    if (Number.isFinite(value)) this.#histograms.get(name)!.observe(labels, value);
  }

  #gauge<Name extends NameOf<"gauge">>(name: Name, value: number, labels: LabelsOf<Name>): void {
    this.#gauges.get(name)!.set(labels, Number.isFinite(value) ? value : 0);
  }
}
