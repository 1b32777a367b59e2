import { beforeAll, describe, expect, it } from "vitest";
import { hostileReport, MARKUP_NAME } from "./hostile-report.test-kit.ts";
import type { Report } from "./report.ts";
import { toCsv } from "./to-csv.ts";
import { toHtml } from "./to-html.ts";
import { toJson } from "./to-json.ts";
import { toMarkdown } from "./to-markdown.ts";

describe("a report of strangers' names", () => {
  let report: Report;
  beforeAll(async () => {
    report = await hostileReport();
  });

  it("is the same bytes for the same simulation", async () => {
    const again = await hostileReport();
    expect(toJson(again)).toBe(toJson(report));
    expect(toHtml(again)).toBe(toHtml(report));
    expect(toCsv(again.simulated)).toBe(toCsv(report.simulated));
  });

  it("is a page that needs nothing from anywhere, with every name as text", () => {
    const html = toHtml(report);
    expect(html).not.toContain(MARKUP_NAME);
    expect(html).toContain("&lt;img src=x");
    expect(html).not.toMatch(/<script|<link|<iframe|<object|javascript:|\son\w+="/i);
    expect(html).not.toMatch(/(?:src|href)="(?!#)/);
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("is a table that no spreadsheet takes for formulas", () => {
    const csv = toCsv(report.simulated);
    expect(csv).toContain("'=HYPERLINK");
    expect(csv).not.toMatch(/(?:^|,)"?=HYPERLINK/m);
    const rows = csv.trim().split("\r\n");
    expect(new Set(rows.slice(1).map((row) => row.split(",").length)).size).toBe(1);
  });

  it("is Markdown with the verdicts", () => {
    expect(
      toMarkdown({
        ...report,
        criteria: [{ row: "3 copycat", required: "< 5 %", measured: "3 %", verdict: "pass" }],
      }),
    ).toMatch(/3 copycat.*pass/);
  });
});
