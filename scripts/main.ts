#!/usr/bin/env node
import { COMMANDS } from "./cli.ts";
import { runCommandLine } from "./command-line.ts";
import { printError } from "./output.ts";

if (await isReady()) await runCommandLine(COMMANDS);

/** Crash tests name a place at which this process dies. Loaded on demand: every --help starts here. */
async function isReady(): Promise<boolean> {
  if (!process.env.SUBFORGE_FAIL_POINT) return true;
  const { armFromVariables } = await import("./arm-fail-point.ts");
  try {
    armFromVariables(process.env);
    return true;
  } catch (error) {
    process.exitCode = printError(error, { json: false, color: false, showStackTraces: false });
    return false;
  }
}
