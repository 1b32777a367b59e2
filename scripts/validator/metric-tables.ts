import { VALIDATOR_METRICS, WORKER_METRICS } from "../../validator/metric-table.ts";
import { metricsTable, withTable } from "../miner/page-tables.ts";

/** docs/metrics.md with the tables that the code makes. */
export function withMetricTables(page: string): string {
  const withValidator = withTable(page, "validator", metricsTable(VALIDATOR_METRICS));
  return withTable(withValidator, "worker", metricsTable(WORKER_METRICS));
}
