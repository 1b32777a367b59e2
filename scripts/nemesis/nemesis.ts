import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EXIT, SubforgeError } from "../../shared/errors.ts";
import { createOutput, endQuietlyWhenReaderLeaves, printError } from "../output.ts";
import { type Crash, crashPlan } from "./crash-plan.ts";
import { type CrashResult, playCrashes } from "./crash-points.ts";

/** Subnets side by side: most of the time each of them waits for its next block. */
const DEFAULT_LANES = 4;

endQuietlyWhenReaderLeaves();
const json = process.argv.includes("--json");
try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}
process.stdout.write("", () => process.exit());

/** @returns 9 when a promise was broken. */
async function main(): Promise<number> {
  const { lanes, only } = parseFlags();
  return crashPoints(lanes, only);
}

async function crashPoints(lanes: number, only: string | undefined): Promise<number> {
  const plan = crashPlan().filter(({ point }) => only === undefined || point.includes(only));
  const startedAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "subforge-nemesis-"));
  const results: CrashResult[] = [];
  try {
    const groups = inLanes(plan, lanes);
    await Promise.all(
      groups.map((crashes, index) =>
        playCrashes(crashes, join(folder, String(index)), (result) => {
          results.push(result);
          process.stderr.write(`${rowOf(result)}\n`);
        }),
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const broken = results.filter(({ ok }) => !ok);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const ok = broken.length === 0 && results.length === plan.length;
  createOutput({ json }).result(
    { ok, seconds, crashes: results.length, violations: broken.length, results },
    [
      ...results.map(rowOf),
      `${results.length} of ${plan.length} crashes in ${seconds} s, ${broken.length} with violations`,
    ],
  );
  return ok ? EXIT.ok : EXIT.check;
}

/** Each lane has one kind of subnet; the longest kind gets the most lanes. */
function inLanes(plan: readonly Crash[], lanes: number): Crash[][] {
  const methods = [...new Set(plan.map(({ method }) => method))];
  const groups = methods.map((method) => plan.filter((crash) => crash.method === method));
  while (groups.length < lanes) {
    const longest = groups.reduce((a, b) => (b.length > a.length ? b : a));
    if (longest.length < 2) break;
    groups.push(longest.splice(Math.ceil(longest.length / 2)));
  }
  return groups;
}

function rowOf({ ok, point, nth, who, method, reachedMs, recoveredMs, problems }: CrashResult): string {
  const columns = [ok ? "✓" : "✗", `${point}:${nth}`.padEnd(28), who.padEnd(8), method.padEnd(9)];
  const times = `died after ${(reachedMs / 1000).toFixed(1)} s, verified ${(recoveredMs / 1000).toFixed(1)} s after its return`;
  return [`${columns.join(" ")} ${times}`, ...problems.map((problem) => `    ${problem}`)].join("\n");
}

function parseFlags(): { lanes: number; only: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: "boolean" }, lanes: { type: "string" }, only: { type: "string" } },
      allowPositionals: true,
    });
    if (positionals.join() !== "crash-points") throw new Error("name what to do: crash-points");
    const lanes = Number(values.lanes ?? DEFAULT_LANES);
    if (!Number.isInteger(lanes) || lanes < 1 || lanes > 32) throw new Error("--lanes is 1 to 32");
    return { lanes, only: values.only };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("NEMESIS_USAGE", { problem }, { cause: error });
  }
}
