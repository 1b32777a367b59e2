import { METRICS } from "../../miner/metric-table.ts";

const BEGIN = "<!-- metrics: made by npm run docs -->\n";
const END = "<!-- end of metrics -->";

/** A page with the table of all metrics of the code between its two marks. */
export function withMetrics(page: string): string {
  const [before = "", rest = ""] = page.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  return `${before}${BEGIN}\n${metricsMarkdown()}\n\n${END}${after}`;
}

function metricsMarkdown(): string {
  const rows = Object.entries(METRICS).map(([name, { type, unit, labels, help }]) => {
    const shown = labels.map((label) => `\`${label}\``).join(", ") || "–";
    return `| \`${name}\` | ${type} | ${unit} | ${shown} | ${help} |`;
  });
  return ["| Metric | Type | Unit | Labels | Meaning |", "|---|---|---|---|---|", ...rows].join("\n");
}
