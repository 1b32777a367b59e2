import { COLUMNS, type RunRecord } from "../records.ts";
import type { Report } from "./report.ts";
import { thinEpochs } from "./thin-epochs.ts";

/** Changes when a field changes its meaning. */
const REPORT_SCHEMA = "subforge-sim-report/1";

/**
 * All of a report as JSON: keys sorted, numbers as doubles print, so that equal reports are equal bytes. Columns are
 * [epochs][neurons]; `epochs.shown` says which epochs those are.
 */
export function toJson(report: Report): string {
  const { simulated, ...found } = report;
  const { scenario, template, runs } = simulated;
  const { every, epochs } = thinEpochs(simulated);
  const document = {
    schema: REPORT_SCHEMA,
    ...found,
    scenario,
    template: template ?? null,
    epochs: { every, shown: epochs },
    runs: runs.map((record) => toPlainRun(record, epochs)),
  };
  return `${JSON.stringify(sortKeys(document))}\n`;
}

function toPlainRun(record: RunRecord, epochs: readonly number[]) {
  const { seed, neurons, columns, weights, bonds } = record;
  const miners = neurons.filter(({ role }) => role === "miner").length;
  const rowOf = (values: Float64Array, row: number, width: number) =>
    Array.from(values.subarray(row * width, (row + 1) * width));
  const byValidator = (matrix: Float64Array) =>
    Array.from({ length: neurons.length - miners }, (_, row) => rowOf(matrix, row, miners));
  return {
    seed,
    neurons,
    columns: Object.fromEntries(
      COLUMNS.map((column) => [column, epochs.map((epoch) => rowOf(columns[column], epoch, neurons.length))]),
    ),
    weights: byValidator(weights),
    bonds: byValidator(bonds),
  };
}

/** The order in which objects were put together must not show. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}
