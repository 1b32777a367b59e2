import { parseArgs } from "node:util";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import type { Criterion } from "../../simulator/criterion.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError, table } from "../output.ts";
import { allCriteria } from "./all-criteria.ts";
import { type CriterionRow, measureCriterion, notReached } from "./measure-criterion.ts";

type Flags = { nightly: boolean; only: string | undefined };

endQuietlyWhenReaderLeaves();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => process.exit(EXIT.interrupted));
const json = process.argv.includes("--json");
try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}

/** @returns 9 when a row fails. */
async function main(): Promise<number> {
  const { nightly, only } = parseFlags();
  const output = createOutput({ json });
  const chosen = (await allCriteria()).filter((row) => only === undefined || rowName(row).includes(only));
  if (chosen.length === 0) throw usage(`no row has ${only} in its name`);
  const rows: CriterionRow[] = [];
  for (const criterion of chosen) {
    const isLeftOut = criterion.nightly === true && !nightly;
    if (!isLeftOut) process.stderr.write(`${rows.length + 1}/${chosen.length}  ${rowName(criterion)} …\n`);
    rows.push(isLeftOut ? notReached(criterion) : await measureCriterion(criterion));
  }
  const failed = rows.filter(({ verdict }) => verdict === "fail").length;
  output.result({ rows }, [
    ...table([
      ["row", "required", "measured", "verdict"],
      ...rows.map(({ row, required, measured, verdict }) => [row, required, measured, verdict]),
    ]),
    `${rows.length} rows, ${failed} failed`,
  ]);
  return failed === 0 ? EXIT.ok : EXIT.check;
}

function rowName({ section, row }: Criterion): string {
  return `${section} ${row}`;
}

function parseFlags(): Flags {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: "boolean" }, nightly: { type: "boolean" }, only: { type: "string" } },
      allowPositionals: true,
    });
    if (positionals.join(" ") !== "criteria") throw new Error(`unknown argument ${positionals.at(-1)}`);
    return { nightly: values.nightly === true, only: values.only };
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error), error);
  }
}

function usage(problem: string, cause?: unknown): SubforgeError<"CRITERIA_USAGE"> {
  return new SubforgeError("CRITERIA_USAGE", { problem }, { cause });
}
