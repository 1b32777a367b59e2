import { spawn } from "node:child_process";

/** What is kept of each stream: its end, where programs say what went wrong. */
const KEEP_CHARACTERS = 4 * 1024 * 1024;

/** Between asking a group of processes to stop and killing it. */
const GRACE_MS = 2_000;

export type ProgramResult = {
  /** Exit code; undefined when a signal or the deadline ended it. */
  code: number | undefined;
  stdout: string;
  stderr: string;
  timedOut: boolean;
};

export type ProgramOptions = {
  timeoutMs: number;
  /** Ends the program and all it started. */
  signal?: AbortSignal | undefined;
  /** Default: that of this process. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Text for its standard input, which is closed otherwise. */
  input?: string;
};

/**
 * Run a program to its end, in a process group of its own, so that a deadline or Ctrl+C leaves nothing behind.
 *
 * @throws the error of `spawn` when there is no such program; whatever else happens is in the result
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { timeoutMs, signal, env, cwd, input }: ProgramOptions,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      ...(env && { env }),
      ...(cwd && { cwd }),
    });
    const result: ProgramResult = { code: undefined, stdout: "", stderr: "", timedOut: false };
    let killTimer: NodeJS.Timeout | undefined;
    const endGroup = () => {
      killGroup(child.pid, "SIGTERM");
      killTimer ??= setTimeout(() => killGroup(child.pid, "SIGKILL"), GRACE_MS);
    };
    const deadline = setTimeout(() => {
      result.timedOut = true;
      endGroup();
    }, timeoutMs);
    if (signal?.aborted) endGroup();
    signal?.addEventListener("abort", endGroup, { once: true });
    const settle = () => {
      clearTimeout(deadline);
      clearTimeout(killTimer);
      signal?.removeEventListener("abort", endGroup);
    };

    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      result.stdout = (result.stdout + text).slice(-KEEP_CHARACTERS);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      result.stderr = (result.stderr + text).slice(-KEEP_CHARACTERS);
    });
    child.stdin.on("error", () => undefined); // it ended without reading
    child.stdin.end(input ?? "");
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("close", (code) => {
      settle();
      killGroup(child.pid, "SIGKILL"); // what it started and did not wait for
      resolve({ ...result, code: code ?? undefined });
    });
  });
}

/** End a process and all it started. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already.
  }
}
