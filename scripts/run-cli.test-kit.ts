import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
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
 * @param options.stdin - Text on standard input, or `closed`: the descriptor itself is. Default: an empty one.
 * @param options.fd3 - Text to read from descriptor 3.
 */
export function runCli(
  words: readonly string[],
  options: { environment?: Record<string, string>; stdin?: string | { closed: true }; fd3?: string } = {},
): Promise<Ended> {
  const { stdin, fd3 } = options;
  const command = [process.execPath, processEntry("cli"), ...words];
  const [program = "", ...args] =
    typeof stdin === "object" ? ["sh", "-c", 'exec "$0" "$@" <&-', ...command] : command;
  const child = spawn(program, args, {
    stdio: [
      typeof stdin === "string" ? "pipe" : "ignore",
      "pipe",
      "pipe",
      fd3 === undefined ? "ignore" : "pipe",
    ],
    env: { ...plainEnvironment(), ...options.environment },
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  if (typeof stdin === "string") child.stdin?.end(stdin);
  (child.stdio[3] as Writable | null | undefined)?.end(fd3);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
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
