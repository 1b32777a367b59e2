/** What a metric is. Documentation lists the same rows, and a test compares them. */
export type MetricSpec = {
  type: "counter" | "gauge" | "histogram";
  /** Of the value: `1` for a plain count or a ratio in 0..1. */
  unit: "1" | "seconds" | "bytes" | "rows" | "blocks";
  /** Their values come from small fixed sets: names of our own routes, protocols, codes, models and devices. */
  labels: readonly string[];
  help: string;
  /** Upper bounds of a histogram, ascending. */
  buckets?: readonly number[];
};

/** All metrics of one kind of process, by name. No label says who called whom, or from where. */
export type MetricTable = Readonly<Record<string, MetricSpec>>;

/** Metrics of one type, by name. */
export type NameOf<Table extends MetricTable, Type extends MetricSpec["type"]> = {
  [Name in keyof Table & string]: Table[Name]["type"] extends Type ? Name : never;
}[keyof Table & string];

/** A value for each label of a metric. */
export type LabelsOf<Table extends MetricTable, Name extends keyof Table> = Record<
  Table[Name]["labels"][number],
  string
>;

/** From an answer of this machine to one of a slow peer. */
export const SECONDS = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A signature takes a quarter of a millisecond, a claim in memory some microseconds. */
export const SHORT_SECONDS = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.01, 0.05, 0.25, 1,
];

export function counter<const Labels extends readonly string[]>(labels: Labels, help: string) {
  return { type: "counter", unit: "1", labels, help } as const;
}

export function gauge<const Labels extends readonly string[]>(
  labels: Labels,
  unit: MetricSpec["unit"],
  help: string,
) {
  return { type: "gauge", unit, labels, help } as const;
}

export function histogram<const Labels extends readonly string[]>(
  labels: Labels,
  unit: MetricSpec["unit"],
  buckets: readonly number[],
  help: string,
) {
  return { type: "histogram", unit, labels, buckets, help } as const;
}
