import { METRICS } from "../../miner/metric-table.ts";
import type { MetricTable } from "../../shared/metrics/metric-spec.ts";
import { REFUSALS } from "../../shared/wire/refusals.ts";

/** A page with the tables that the code makes, each between its two marks. */
export function withTables(page: string): string {
  return withTable(withTable(page, "refusals", refusalsTable()), "metrics", metricsTable(METRICS));
}

/** A page with one table between its two marks. */
export function withTable(page: string, name: string, table: string): string {
  const begin = `<!-- ${name}: made by npm run docs -->\n`;
  const end = `<!-- end of ${name} -->`;
  const [before = "", rest = ""] = page.split(begin);
  const after = rest.split(end)[1] ?? "";
  return `${before}${begin}\n${table}\n\n${end}${after}`;
}

function refusalsTable(): string {
  const rows = Object.entries(REFUSALS).map(([code, { status, detail, retry }]) => {
    return `| \`${code}\` | ${status} | ${detail} | ${retry ? "yes" : "no"} |`;
  });
  return ["| Code | Status | The caller is told | May ask again |", "|---|---|---|---|", ...rows].join("\n");
}

/** One row per metric. */
export function metricsTable(table: MetricTable): string {
  const rows = Object.entries(table).map(([name, { type, unit, labels, help }]) => {
    const shown = labels.map((label) => `\`${label}\``).join(", ") || "–";
    return `| \`${name}\` | ${type} | ${unit} | ${shown} | ${help} |`;
  });
  return ["| Metric | Type | Unit | Labels | Meaning |", "|---|---|---|---|---|", ...rows].join("\n");
}
