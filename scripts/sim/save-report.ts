import { toSvgFile } from "../../simulator/report/plot-frame.ts";
import { plotsOf } from "../../simulator/report/plots.ts";
import type { Report } from "../../simulator/report/report.ts";
import { toCsv } from "../../simulator/report/to-csv.ts";
import { toHtml } from "../../simulator/report/to-html.ts";
import { toJson } from "../../simulator/report/to-json.ts";
import { toMarkdown } from "../../simulator/report/to-markdown.ts";
import { chooseFolder, QUESTION_FILE, replaceFolder } from "./output-folder.ts";
import { toStored } from "./stored-report.ts";

/** Where a report goes. `question`: everything that its outcome depends on. */
export type SaveOptions = { out: string | undefined; name: string; seed: string; question: unknown };

/**
 * Write a report in every form, whole or not at all.
 *
 * @returns Its folder.
 * @throws SubforgeError SIM_FOLDER_TAKEN, SIM_FOLDER_FAILED
 */
export async function saveReport(report: Report, options: SaveOptions): Promise<string> {
  const question = `${JSON.stringify(options.question, null, 2)}\n`;
  const folder = await chooseFolder(options.out, options, question);
  const plots = plotsOf(report).map(({ name, svg }) => [`plot-${name}.svg`, toSvgFile(svg)] as const);
  await replaceFolder(folder, {
    [QUESTION_FILE]: question,
    "index.html": toHtml(report),
    "report.md": toMarkdown(report),
    "report.json": toJson(report),
    "summary.json": `${JSON.stringify(report.summary, null, 2)}\n`,
    "epochs.csv": toCsv(report.simulated),
    ...Object.fromEntries(plots),
    ...toStored(report),
  });
  return folder;
}
