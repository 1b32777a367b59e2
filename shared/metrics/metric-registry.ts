import { Gauge, Registry } from "prom-client";
import { BoundCounter, BoundHistogram, type CounterSeries, type HistogramSeries } from "./bound-series.ts";
import type { LabelsOf, MetricSpec, MetricTable, NameOf } from "./metric-spec.ts";
import { type PROCESS_METRICS, ProcessReader } from "./process-metrics.ts";

/**
 * The metrics of one process, written down as Prometheus text. Every instance has a registry of its own, so that several
 * of a kind live in one process. Counting never throws and never waits; what counts often takes its series once.
 */
export class MetricRegistry<Table extends MetricTable & typeof PROCESS_METRICS> {
  readonly #registry = new Registry();
  readonly #counters = new Map<string, BoundCounter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #histograms = new Map<string, BoundHistogram>();
  readonly #readers: (() => void | Promise<void>)[] = [];
  readonly #process: ProcessReader;

  /** @param version - Of this program, for `sf_build_info`. */
  constructor(table: Table, version = "unknown") {
    for (const [name, spec] of Object.entries<MetricSpec>(table)) {
      const { help, labels } = spec;
      if (spec.type === "counter") this.#counters.set(name, new BoundCounter({ name, help, labels }));
      else if (spec.type === "histogram") {
        const bounds = spec.buckets ?? [];
        this.#histograms.set(name, new BoundHistogram({ name, help, labels, bounds }));
      } else this.#gauges.set(name, new Gauge({ name, help, labelNames: [...labels], registers: [] }));
    }
    for (const name of Object.keys(table)) this.#registry.registerMetric(this.#metric(name));
    this.#process = new ProcessReader(version);
  }

  /** A series to keep: counting in it costs an addition. Unseen until it was asked for. */
  counter<Name extends NameOf<Table, "counter">>(name: Name, labels: LabelsOf<Table, Name>): CounterSeries {
    return this.#counters.get(name)!.series(labels);
  }

  /** A series to keep. */
  histogram<Name extends NameOf<Table, "histogram">>(
    name: Name,
    labels: LabelsOf<Table, Name>,
  ): HistogramSeries {
    return this.#histograms.get(name)!.series(labels);
  }

  /** What is no number is shown as 0. */
  set<Name extends NameOf<Table, "gauge">>(name: Name, value: number, labels: LabelsOf<Table, Name>): void {
    this.#gauges.get(name)!.set(labels, Number.isFinite(value) ? value : 0);
  }

  /** Forgets the series of a gauge: a model, card or endpoint that is gone. */
  reset(name: NameOf<Table, "gauge">): void {
    this.#gauges.get(name)!.reset();
  }

  /** Called before each scrape, to set what is only known by looking. What it throws is left out of the scrape. */
  onScrape(read: () => void | Promise<void>): void {
    this.#readers.push(read);
  }

  readonly contentType = this.#registry.contentType;

  /** The page: Prometheus text. */
  async page(): Promise<string> {
    await Promise.allSettled([
      this.#process.read({ set: (name, value, labels) => this.#gauges.get(name)!.set(labels, value) }),
      ...this.#readers.map(async (read) => read()),
    ]);
    for (const counter of this.#counters.values()) counter.settle();
    return this.#registry.metrics();
  }

  #metric(name: string): BoundCounter | BoundHistogram | Gauge {
    return (this.#counters.get(name) ?? this.#histograms.get(name) ?? this.#gauges.get(name))!;
  }
}
