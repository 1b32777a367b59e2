import { spawn } from "node:child_process";
import { processEntry } from "../shared/process-entry.ts";

/** Longer than any command of these tests takes on a busy machine. */
const DEADLINE_MS = 60_000;

export type Ended = {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
};

/**
 * Run the built command line as a process of its own, without a terminal.
 *
 * @param options.environment - On top of an environment without any SUBFORGE_ or BT_ variable and without REDIS_URL.
 */
export function runCli(
  words: readonly string[],
  options: { environment?: Record<string, string> } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [processEntry("cli"), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...plainEnvironment(), ...options.environment },
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
}

function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SUBFORGE_|BT_|REDIS_URL$)/.test(name)),
  );
}
