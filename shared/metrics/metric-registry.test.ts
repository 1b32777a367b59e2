import { expect, test } from "vitest";
import { MetricRegistry } from "./metric-registry.ts";
import { counter, gauge, histogram } from "./metric-spec.ts";
import { PROCESS_METRICS } from "./process-metrics.ts";

const TABLE = {
  sf_asked_total: counter(["reason"], "Questions"),
  sf_took_seconds: histogram(["step"], "seconds", [0.1, 1], "Time"),
  sf_rows: histogram([], "rows", [8], "Rows"),
  sf_depth: gauge([], "1", "Depth"),
  ...PROCESS_METRICS,
};

test("series that are kept count into the page, again after each look at it", async () => {
  const metrics = new MetricRegistry(TABLE, "1.2.3");
  const asked = metrics.counter("sf_asked_total", { reason: "ok" });
  asked.add();
  metrics.counter("sf_asked_total", { reason: "ok" }).add(2);
  const took = metrics.histogram("sf_took_seconds", { step: "sign" });
  for (const seconds of [0.05, 0.1, 0.5, 7, Number.NaN]) took.observe(seconds);
  const first = await metrics.page();
  expect(first).toContain('sf_asked_total{reason="ok"} 3\n');
  expect(first).toContain('sf_took_seconds_bucket{le="0.1",step="sign"} 2\n');
  expect(first).toContain('sf_took_seconds_bucket{le="1",step="sign"} 3\n');
  expect(first).toContain('sf_took_seconds_bucket{le="+Inf",step="sign"} 4\n');
  expect(first).toContain('sf_took_seconds_sum{step="sign"} 7.65\n');
  expect(first).toContain('sf_took_seconds_count{step="sign"} 4\n');
  expect(first, "without labels: there from the start").toContain("sf_rows_count 0\n");
  asked.add();
  took.observe(2);
  const second = await metrics.page();
  expect(second).toContain('sf_asked_total{reason="ok"} 4\n');
  expect(second).toContain('sf_took_seconds_count{step="sign"} 5\n');
});

test("a process tells its memory, sockets, descriptors and start; what is no number is 0", async () => {
  const metrics = new MetricRegistry(TABLE, "1.2.3");
  metrics.set("sf_depth", Number.POSITIVE_INFINITY, {});
  const page = await metrics.page();
  const shown = (name: string) => Number(new RegExp(`^${name} (\\S+)`, "m").exec(page)?.[1]);
  expect(shown("sf_depth")).toBe(0);
  expect(shown('sf_memory_bytes\\{kind="heap"\\}')).toBeGreaterThan(1e6);
  expect(Math.abs(shown("sf_start_time_seconds") - (Date.now() / 1e3 - process.uptime()))).toBeLessThan(5);
  expect(shown("sf_open_sockets")).toBeGreaterThanOrEqual(0);
});
