import { Counter, Histogram } from "prom-client";

/** Values of the labels of one series, by name. */
export type Labels = Readonly<Record<string, string>>;

/** Counts of one series. prom-client hears of them when the page is read, not at each count. */
export class CounterSeries {
  #count = 0;

  add(times = 1): void {
    this.#count += times;
  }

  /** What was counted since the last call. */
  take(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }
}

/** Observations of one series, by bucket. */
export class HistogramSeries {
  readonly labels: Labels;
  /** Per bucket, not cumulated; the last one is above all bounds. */
  readonly counts: Float64Array;
  sum = 0;
  readonly #bounds: readonly number[];

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** What is no number is left out. */
  observe(value: number): void {
    if (!Number.isFinite(value)) return;
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.counts[bucket]! += 1;
    this.sum += value;
  }
}

/** A counter of prom-client whose series count by themselves: it builds and hashes an object of labels at each count. */
export class BoundCounter extends Counter {
  readonly #names: readonly string[];
  readonly #series = new Map<string, { labels: Labels; series: CounterSeries }>();

  constructor(options: { name: string; help: string; labels: readonly string[] }) {
    super({ name: options.name, help: options.help, labelNames: [...options.labels], registers: [] });
    this.#names = options.labels;
  }

  series(labels: Labels): CounterSeries {
    const key = keyOf(this.#names, labels);
    let found = this.#series.get(key);
    if (!found) {
      found = { labels: { ...labels }, series: new CounterSeries() };
      this.#series.set(key, found);
    }
    return found.series;
  }

  /** Called before the page is read. */
  settle(): void {
    for (const { labels, series } of this.#series.values()) this.inc(labels, series.take());
  }
}

/** A histogram of prom-client whose series count by themselves. */
export class BoundHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #names: readonly string[];
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, HistogramSeries>();

  constructor(options: {
    name: string;
    help: string;
    labels: readonly string[];
    bounds: readonly number[];
  }) {
    super({ name: options.name, help: options.help, labelNames: [...options.labels], registers: [] });
    this.#name = options.name;
    this.#help = options.help;
    this.#names = options.labels;
    this.#bounds = options.bounds;
    if (options.labels.length === 0) this.series({});
  }

  series(labels: Labels): HistogramSeries {
    const key = keyOf(this.#names, labels);
    let found = this.#series.get(key);
    if (!found) {
      found = new HistogramSeries({ ...labels }, this.#bounds);
      this.#series.set(key, found);
    }
    return found;
  }

  /** What prom-client reads a page and `get` from. Its types leave it out: the test of the page guards it. */
  async getForPromString() {
    const values = [...this.#series.values()].flatMap((series) => this.#rowsOf(series));
    return { name: this.#name, help: this.#help, type: "histogram", aggregator: "sum", values };
  }

  #rowsOf({ labels, counts, sum }: HistogramSeries) {
    const metricName = `${this.#name}_bucket`;
    let count = 0;
    const rows = [...counts].map((inBucket, i) => {
      count += inBucket;
      return { metricName, labels: { le: this.#bounds[i] ?? "+Inf" }, sharedLabels: labels, value: count };
    });
    return [
      ...rows,
      { metricName: `${this.#name}_sum`, labels: {}, sharedLabels: labels, value: sum },
      { metricName: `${this.#name}_count`, labels: {}, sharedLabels: labels, value: count },
    ];
  }
}

function keyOf(names: readonly string[], labels: Labels): string {
  let key = "";
  for (const name of names) key += `${labels[name]}\n`;
  return key;
}
