import { parseArgs } from "node:util";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { keysReady } from "../../shared/keys/keypair.ts";
import { createLogger } from "../../shared/logger.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError, table } from "../output.ts";
import { readRuntimeFile } from "../read-runtime-file.ts";
import { compareEngines, type EngineRun } from "./compare-engines.ts";

const EPOCHS = 5;

endQuietlyWhenReaderLeaves();
const json = process.argv.includes("--json");
try {
  process.exitCode = await runScenario(process.argv.slice(2));
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}

/** `npm run scenario -- --runtime FILE`. @returns 9 when the engines disagree */
async function runScenario(words: string[]): Promise<number> {
  const runtime = await readRuntimeFile(parseRuntime(words));
  await keysReady();
  const comparison = await compareEngines({ runtime, epochs: EPOCHS }, createLogger("scenario", "error"));
  const { builtIn, real, differences } = comparison;
  const rows = builtIn.epochs.flatMap((ours, epoch) =>
    (["incentive", "dividends", "stakeWeight"] as const).map((column) => {
      const theirs = real.epochs[epoch]?.[column] ?? [];
      const same = String(ours[column]) === String(theirs);
      return [`${epoch + 1}`, column, ours[column].join(" "), theirs.join(" "), same ? "equal" : "DIFFERENT"];
    }),
  );
  createOutput({ json }).result(comparison, [
    ...table([
      ["epoch", "column", `built-in ${builtIn.specVersion}`, `real ${real.specVersion}`, ""],
      ...rows,
    ]),
    "",
    `empty blocks: built-in ${describe(builtIn)}; real ${describe(real)}`,
    differences.length === 0 ? "both engines agree" : `the engines disagree in ${differences.length} columns`,
  ]);
  return differences.length === 0 ? EXIT.ok : EXIT.check;
}

function describe({ emptyBlock: { ms, cpuMs } }: EngineRun): string {
  return `${ms.toFixed(2)} ms (${cpuMs.toFixed(2)} of a processor)`;
}

function parseRuntime(words: string[]): string {
  let file: string | undefined;
  try {
    const options = { runtime: { type: "string" }, json: { type: "boolean" } } as const;
    file = parseArgs({ args: words, options }).values.runtime;
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
  if (file !== undefined) return file;
  throw usage("name a runtime blob: npm run scenario -- --runtime FILE");
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: "chain fetch-runtime" });
}
