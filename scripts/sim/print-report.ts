import type { Report } from "../../simulator/report/report.ts";
import { toCsv } from "../../simulator/report/to-csv.ts";
import { toHtml } from "../../simulator/report/to-html.ts";
import { toMarkdown } from "../../simulator/report/to-markdown.ts";
import { createOutput } from "../output.ts";
import { readStored } from "./stored-report.ts";

export type Format = "html" | "md" | "csv";

const FORMATS: Record<Format, (report: Report) => string> = {
  html: toHtml,
  md: toMarkdown,
  csv: ({ simulated }) => toCsv(simulated),
};

/** `subforge sim report`: made again from what is stored, byte for byte what the run itself wrote. */
export async function printReport(args: { folder: string; format: Format; json: boolean }): Promise<void> {
  const { folder, format, json } = args;
  const text = FORMATS[format](await readStored(folder));
  if (json) createOutput({ json }).result({ folder, format, report: text });
  else process.stdout.write(text);
}
