import { existsSync } from "node:fs";
import { chmod, open, readFile, stat, writeFile } from "node:fs/promises";
import { SubforgeError } from "../../shared/errors.ts";
import { exportJournal, importJournal } from "../../shared/journal/interchange.ts";
import { type Interchange, parseInterchange } from "../../shared/journal/interchange-format.ts";
import { createOutput } from "../output.ts";
import { confirmPlan } from "../write-plan.ts";
import { journalPath, withJournal } from "./journal-view.ts";

/** The parsed flags of `subforge validator weights export`. */
export type ExportJournalArgs = { json: boolean; data: string; file: string; force: boolean };

/** The parsed flags of `subforge validator weights import`. */
export type ImportJournalArgs = { json: boolean; yes: boolean; dryRun: boolean; data: string; file: string };

/** Larger than what `importJournal` reads: refused before it is in memory. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Writes what another machine needs to go on as this validator. It holds no key, but what opens commits that are still closed:
 * only its owner may read the file.
 *
 * @throws SubforgeError JOURNAL_ABSENT and the other JOURNAL_ codes, CONFIG_INVALID
 */
export async function writeInterchange(args: ExportJournalArgs): Promise<void> {
  const { file } = args;
  const interchange = exportJournal(journalPath(args.data));
  try {
    await writeFile(file, `${JSON.stringify(interchange)}\n`, { flag: args.force ? "w" : "wx", mode: 0o600 });
    await chmod(file, 0o600); // one that was there keeps its mode
    const handle = await open(file, "r");
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new SubforgeError("JOURNAL_EXPORT_EXISTS", { path: file });
    throw new SubforgeError("CONFIG_INVALID", { what: file, problems: [`it cannot be written: ${code}`] });
  }
  const counts = countsOf(interchange);
  createOutput(args).result({ file, ...counts }, [
    `wrote    ${file}: ${describe(counts)}`,
    "next: stop this validator for good, then on the other machine:",
    `      subforge validator weights import ${file}`,
  ]);
}

/**
 * Takes over what another machine wrote: prints what would be added, asks, and adds all of it or nothing.
 *
 * @throws SubforgeError CONFIG_INVALID, JOURNAL_IMPORT_INVALID, JOURNAL_FOREIGN, JOURNAL_CONFLICT, JOURNAL_LOCKED, PLAN_DECLINED
 */
export async function readInterchange(args: ImportJournalArgs): Promise<void> {
  const output = createOutput(args);
  const path = journalPath(args.data);
  const text = await readBounded(args.file);
  const given = parseInterchange(text);
  const { hotkey, genesis } = given;
  output.line(`from     ${args.file}: ${describe(countsOf(given))}`);
  output.line(`of       hotkey ${hotkey}, genesis ${genesis}`);
  output.line(
    `into     ${path}, ${existsSync(path) ? await describeTarget(args.data) : "which will be new"}`,
  );
  if (args.dryRun) {
    output.line("nothing was written: --dry-run");
    output.result({ imported: false, dryRun: true, path, hotkey, genesis, ...countsOf(given) });
    return;
  }
  await confirmPlan(`take over the journal of ${hotkey}`, args);
  const report = importJournal(path, text);
  output.result({ imported: true, path, hotkey, genesis, ...report }, [
    `took     ${report.receipts} receipts, ${report.epochs} epochs, ${report.states} states, ${report.commitments} commitments, ${report.results} results; ${report.kept} receipts were there`,
    "next: be sure that the other machine is stopped, then: subforge validator run",
  ]);
}

async function readBounded(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_BYTES) throw invalid(file, `it is larger than ${MAX_BYTES} bytes`);
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    throw invalid(file, `it cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

function invalid(what: string, problem: string): SubforgeError {
  return new SubforgeError("CONFIG_INVALID", { what, problems: [problem] });
}

function describeTarget(data: string): Promise<string> {
  return withJournal({ data }, ({ hotkey, weights, subjects }) => {
    const receipts = subjects().map(({ netuid, mechanism }) => {
      const [newest] = weights.latest(netuid, mechanism, 1);
      return `netuid ${netuid} up to epoch ${newest?.epoch ?? "–"}`;
    });
    return `which is of ${hotkey} and has ${receipts.join(", ") || "no receipt"}`;
  });
}

function countsOf({ receipts, epochs, states, commitments, results }: Interchange) {
  const newest = receipts.reduce((epoch, receipt) => Math.max(epoch, receipt.epoch), 0);
  return {
    ...{ receipts: receipts.length, newestEpoch: receipts.length > 0 ? newest : null },
    ...{ epochs: epochs.length, states: states.length, commitments: commitments.length },
    results: results.length,
  };
}

function describe({ receipts, newestEpoch, epochs, states }: ReturnType<typeof countsOf>): string {
  const newest = newestEpoch === null ? "" : `, the newest of epoch ${newestEpoch}`;
  return `${receipts} receipts${newest}, ${epochs} epochs of scores, ${states} states`;
}
