import { OBEYED_CHARACTERS } from "../../shared/obeyed-characters.ts";
import { headlineOf, provenanceOf } from "./headline.ts";
import type { Report } from "./report.ts";
import { type Table, tablesOf } from "./tables.ts";

/** What Markdown, or the HTML within it, would obey. */
const OBEYED_BY_MARKDOWN = /[\\`*_{}[\]<>#|~!&]/g;

/** The same findings without pictures: for a terminal, a pull request, a log. */
export function toMarkdown(report: Report): string {
  return [
    `# ${plainText(report.title)}`,
    plainText(provenanceOf(report)),
    headlineOf(report)
      .map(
        ({ name, value, verdict }) =>
          `- ${plainText(name)}: ${plainText(value)}${verdict ? ` (${verdict})` : ""}`,
      )
      .join("\n"),
    ...tablesOf(report).map(toTable),
    ...(report.command === undefined ? [] : [`Play it again: ${asCode(report.command)}`]),
  ]
    .join("\n\n")
    .concat("\n");
}

function toTable({ title, note, head, rows, numbers }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plainText).join(" | ")} |`;
  return [
    `## ${plainText(title)}`,
    "",
    ...(note === undefined ? [] : [plainText(note), ""]),
    line(head),
    `|${head.map((_, column) => (numbers.includes(column) ? "---:" : "---")).join("|")}|`,
    ...rows.map(line),
  ].join("\n");
}

function plainText(text: string): string {
  return flat(text).replace(OBEYED_BY_MARKDOWN, "\\$&");
}

/** A fence longer than any run of backticks inside it. */
function asCode(text: string): string {
  const longest = [...text.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 0);
  const fence = "`".repeat(longest + 1);
  return `${fence}${longest > 0 ? " " : ""}${flat(text)}${longest > 0 ? " " : ""}${fence}`;
}

function flat(text: string): string {
  return text.replace(/[\n\t]/g, " ").replace(OBEYED_CHARACTERS, "\ufffd");
}
