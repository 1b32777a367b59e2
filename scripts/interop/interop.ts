import { parseArgs } from "node:util";
import { EXIT, isSubforgeError, SubforgeError } from "../../shared/errors.ts";
import { createLogger } from "../../shared/logger.ts";
import { createOutput, endQuietlyWhenReaderLeaves, onShutdown, printError, table } from "../output.ts";
import type { StepResult } from "./outcome.ts";
import { PYTHON_CLIENTS, type PythonClient, type PythonEnv, pythonEnv } from "./python-env.ts";
import { runClient } from "./run-clients.ts";
import { runTriton } from "./run-triton.ts";
import { STEPS } from "./steps.ts";
import { TRITON_STEPS } from "./triton-steps.ts";

/** Of both checklists: that of a chain's client, and that of a miner's. */
const TITLES: Record<string, string> = { ...STEPS, ...TRITON_STEPS };

type Options = { clients: PythonClient[]; refresh: boolean; json: boolean };

endQuietlyWhenReaderLeaves();
const json = process.argv.includes("--json");
try {
  process.exitCode = await interop(parseOptions(process.argv.slice(2)), onShutdown());
} catch (error) {
  if (!isSubforgeError(error) && error instanceof Error && error.name === "AbortError")
    process.exitCode = EXIT.interrupted;
  else process.exitCode = printError(error, { json, color: true, showStackTraces: false });
}

/**
 * The checklist with every client, one after the other.
 *
 * @returns 9 when a step is red
 * @throws SubforgeError PYTHON_MISSING, PYTHON_PACKAGES
 */
async function interop({ clients, refresh, json }: Options, signal: AbortSignal): Promise<number> {
  const logger = createLogger("interop", "error");
  const envs = new Map<PythonClient, PythonEnv>();
  for (const client of clients)
    envs.set(client, await pythonEnv(client, { refresh, signal, onProgress: say }));
  const results: StepResult[] = [];
  for (const [client, env] of envs) {
    say(`${client}: ${env.package} ${env.version}`);
    const deps = { logger, signal, onStep: (result: StepResult) => say(line(result)) };
    results.push(...(await (client === "triton" ? runTriton(env, deps) : runClient(client, env, deps))));
  }
  const versions = Object.fromEntries(
    [...envs].map(([client, env]) => [client, `${env.package} ${env.version}`]),
  );
  const red = results.filter(({ status }) => status === "red").length;
  createOutput({ json }).result({ name: "interop", clients: versions, steps: results, red }, [
    ...Object.entries(versions).map(([client, version]) => `${client}: ${version}`),
    "",
    ...table([["step", ...envs.keys()], ...rows(results, [...envs.keys()])]),
    "",
    ...remarks(results),
    red === 0 ? "all steps are green or not available" : `${red} red`,
  ]);
  return red === 0 ? EXIT.ok : EXIT.check;
}

function rows(results: readonly StepResult[], clients: readonly PythonClient[]): string[][] {
  const played = Object.entries(TITLES).filter(([step]) => results.some((one) => one.step === step));
  return played.map(([step, title]) => [
    title,
    ...clients.map(
      (client) => results.find((one) => one.client === client && one.step === step)?.status ?? "",
    ),
  ]);
}

/** Reasons of what is not green. */
function remarks(results: readonly StepResult[]): string[] {
  const open = results.filter((result) => result.status !== "ok").map((result) => line(result));
  return open.length === 0 ? [] : [...open, ""];
}

function line(result: StepResult): string {
  const what = result.status === "ok" ? result.detail : result.reason;
  return `${result.client}  ${TITLES[result.step]}: ${result.status}  ${what}  (${result.seconds.toFixed(1)} s)`;
}

function parseOptions(words: string[]): Options {
  let values: { client?: string; refresh?: boolean; json?: boolean };
  try {
    values = parseArgs({
      args: words,
      options: { client: { type: "string" }, refresh: { type: "boolean" }, json: { type: "boolean" } },
    }).values;
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
  const names = values.client?.split(",") ?? [...PYTHON_CLIENTS];
  const unknown = names.find((name) => !(PYTHON_CLIENTS as string[]).includes(name));
  if (unknown !== undefined)
    throw usage(`no client is named ${unknown}; known: ${PYTHON_CLIENTS.join(", ")}`);
  return {
    clients: names as PythonClient[],
    refresh: values.refresh ?? false,
    json: values.json ?? false,
  };
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("INTEROP_USAGE", { problem });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
