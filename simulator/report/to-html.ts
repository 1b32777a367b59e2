import { escapeMarkup } from "./escape-markup.ts";
import { type Fact, headlineOf, provenanceOf } from "./headline.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { type Plot, plotsOf } from "./plots.ts";
import type { Report } from "./report.ts";
import { type Table, tablesOf } from "./tables.ts";

/** Nothing may be loaded and nothing run: there is no script, and what a name smuggles in must not become one. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** One self-contained page: it needs no network and no script, follows light and dark, and can be printed. */
export function toHtml(report: Report): string {
  const title = escapeMarkup(report.title);
  const tables = tablesOf(report);
  // What was asked for comes before the pictures; who earned what, in full, after them.
  const first = tables.filter((table) => !DETAILS.includes(table.title));
  const rest = tables.filter((table) => DETAILS.includes(table.title));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${title}</h1>
<p>${escapeMarkup(provenanceOf(report))}</p>
</header>
<dl class="facts">${headlineOf(report).map(drawFact).join("")}</dl>
${first.map(drawTable).join("\n")}
<section>
<h2>Pictures</h2>
${plotsOf(report).map(drawPlot).join("\n")}
</section>
${rest.map(drawTable).join("\n")}
${drawOrigin(report)}
</main>
</body>
</html>
`;
}

const DETAILS = ["Miners", "Validators", "Sweep"];

function drawFact({ name, value, verdict }: Fact): string {
  return `<div><dt>${escapeMarkup(name)}</dt><dd class="${verdict ?? ""}">${escapeMarkup(value)}</dd></div>`;
}

function drawPlot({ name, caption, svg }: Plot): string {
  return `<figure id="${name}"><div class="scroll">${svg}</div><figcaption>${escapeMarkup(caption)}</figcaption></figure>`;
}

function drawTable({ title, note, head, rows, numbers }: Table): string {
  const classOf = (column: number) => (numbers.includes(column) ? "number" : "");
  const cells = (row: readonly string[]) =>
    row
      .map((cell, column) => {
        const isVerdict = head[column] === "verdict";
        const marked = isVerdict ? verdictClass(cell) : classOf(column);
        return `<td class="${marked}">${escapeMarkup(cell)}</td>`;
      })
      .join("");
  const names = head.map(
    (name, column) => `<th class="${classOf(column)}" scope="col">${escapeMarkup(name)}</th>`,
  );
  return `<section>
<h2>${escapeMarkup(title)}</h2>
${note === undefined ? "" : `<p>${escapeMarkup(note)}</p>`}
<div class="scroll"><table>
<thead><tr>${names.join("")}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${cells(row)}</tr>`).join("\n")}
</tbody>
</table></div>
</section>`;
}

function verdictClass(verdict: string): string {
  if (verdict.toLowerCase().startsWith("fail")) return "fail";
  return verdict === "ok" || verdict === "pass" ? "pass" : "";
}

function drawOrigin({ command, simulated }: Report): string {
  const scenario = escapeMarkup(JSON.stringify(simulated.scenario, null, 2));
  return `<section>
<h2>Play it again</h2>
<p>The same scenario, seed and version give the same bytes.</p>
${command === undefined ? "" : `<pre>${escapeMarkup(command)}</pre>`}
<details><summary>The scenario</summary><pre>${scenario}</pre></details>
</section>`;
}
