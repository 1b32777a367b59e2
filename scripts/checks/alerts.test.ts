import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { METRICS } from "../../miner/metric-table.ts";
import type { MetricSpec } from "../../shared/metrics/metric-spec.ts";
import { VALIDATOR_METRICS, WORKER_METRICS } from "../../validator/metric-table.ts";
import { withMetricTables } from "../validator/metric-tables.ts";
import { projectFiles, readSource } from "./sources.ts";

const TABLES: Record<string, MetricSpec> = { ...METRICS, ...VALIDATOR_METRICS, ...WORKER_METRICS };

const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^[A-Z][A-Za-z]+$/),
          expr: z.string(),
          for: z
            .string()
            .regex(/^\d+[smhd]$/)
            .optional(),
          labels: z.strictObject({ severity: z.enum(["critical", "warning"]) }),
          annotations: z.strictObject({ summary: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
});

const alerts = rulesSchema
  .parse(parse(readSource("docker/alerts.yml") ?? ""))
  .groups.flatMap(({ rules }) => rules);
const runbook = readSource("docs/runbook.md") ?? "";
const sections = [...runbook.matchAll(/^## (\S+)$/gm)].map(([, name]) => name!);

describe("docker/alerts.yml", () => {
  test("has every alert once, and asks for metrics and labels that exist", () => {
    const names = alerts.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    for (const { alert, expr } of alerts) {
      const used = [...expr.matchAll(/\b(sf_[a-z_]+)(?:\{([^}]*)\})?/g)];
      expect(used.length, alert).toBeGreaterThan(0);
      for (const [, name, filter = ""] of used) {
        const spec = TABLES[name!.replace(/_(bucket|sum|count)$/, "")] ?? TABLES[name!];
        expect(spec, `${alert} asks for ${name}`).toBeDefined();
        const labels = [...filter.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label);
        expect(spec!.labels, `${alert} filters ${name}`).toEqual(expect.arrayContaining(labels));
        if (/increase|rate/.test(expr)) continue;
        expect(spec!.type === "counter" && !/ > 0$/.test(expr), `${alert}: a counter only grows`).toBe(false);
      }
    }
  });

  test("and the runbook have the same alerts, each with a section its rule points at", () => {
    expect(sections.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    }
  });

  test("the runbook's links lead to its own sections or to files that exist", () => {
    for (const [, target] of runbook.matchAll(/\]\(([^)]+)\)/g)) {
      if (target!.startsWith("#")) expect(sections.map((name) => `#${name.toLowerCase()}`)).toContain(target);
      else expect(readSource(`docs/${target}`.replace("docs/../", "")), target).toBeDefined();
    }
  });
});

describe("docs/metrics.md", () => {
  test("lists the metrics of the code: `npm run docs` makes the tables", () => {
    const page = readSource("docs/metrics.md") ?? "";
    expect(page).toBe(withMetricTables(page));
  });

  test.each([
    ["miner", METRICS, "miner/metric-table.ts"],
    ["validator", { ...VALIDATOR_METRICS, ...WORKER_METRICS }, "validator/metric-table.ts"],
  ] as const)("a metric of the %s that nothing counts or sets does not exist", (room, table, tableFile) => {
    const sources = projectFiles(".ts")
      .filter((path) => path !== tableFile && !/\.test(-kit)?\.ts$/.test(path))
      .filter((path) => path.startsWith(`${room}/`) || path.startsWith("shared/metrics/"))
      .map((path) => {
        // What declares the metrics of every process uses none by that.
        const text = readSource(path) ?? "";
        return text.replace(/export const PROCESS_METRICS[\s\S]*?\n\} as const;/, "");
      })
      .join("\n");
    expect(Object.keys(table).filter((name) => !sources.includes(`"${name}"`))).toEqual([]);
  });
});
