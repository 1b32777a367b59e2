import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Clock } from "../../shared/clock.ts";
import type { Logger } from "../../shared/logger.ts";

/** First pause before a restart; doubles up to the second figure while the process keeps dying young. */
const RESTART_MS = { first: 200, longest: 5_000 };
/** A process that lived this long was healthy: its next restart is the first again. */
const HEALTHY_MS = 10_000;
/** Promise P14 gives a process ten seconds to stop; after that it is killed. */
const STOP_MS = 10_000;

export type RestartingProcess = {
  /** Process id of the one that runs now, undefined between two of them. */
  pid(): number | undefined;
  /** Resolves when the signal aborted and the last process is gone. */
  stopped: Promise<void>;
};

/**
 * Keep one Node process running until the signal aborts: a crash is answered by a new process, an abort by SIGTERM.
 *
 * @param options.onLine - Each line of its standard output. Standard error passes through.
 * @param options.onExit - Each unexpected end, with the exit code or the name of the signal. Returns false to give up.
 */
export function startRestartingProcess(
  options: {
    script: string;
    args: readonly string[];
    env: Record<string, string>;
    onLine: (line: string) => void;
    onExit: (how: number | string) => boolean;
  },
  deps: { clock: Clock; logger: Logger; signal: AbortSignal },
): RestartingProcess {
  let child: ChildProcess | undefined;

  const keepRunning = async (): Promise<void> => {
    let pauseMs = RESTART_MS.first;
    while (!deps.signal.aborted) {
      const startedMs = deps.clock.nowMs();
      child = spawn(process.execPath, [options.script, ...options.args], {
        env: options.env,
        stdio: ["ignore", "pipe", "inherit", "ipc"],
      });
      createInterface({ input: child.stdout! }).on("line", options.onLine);
      const how = await untilGone(child, deps.signal);
      child = undefined;
      if (deps.signal.aborted) return;
      deps.logger.warn("process.died", { args: options.args.slice(0, 2), how });
      if (!options.onExit(how)) return;
      pauseMs = deps.clock.nowMs() - startedMs > HEALTHY_MS ? RESTART_MS.first : pauseMs;
      await deps.clock.sleep(pauseMs, deps.signal);
      pauseMs = Math.min(pauseMs * 2, RESTART_MS.longest);
    }
  };

  return { pid: () => child?.pid, stopped: keepRunning() };
}

/** Resolves when the process is gone. An abort of the signal asks it to stop, and kills it when it does not. */
function untilGone(child: ChildProcess, signal: AbortSignal): Promise<number | string> {
  return new Promise((resolve) => {
    let killer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill("SIGTERM");
      killer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    };
    const gone = (how: number | string): void => {
      clearTimeout(killer);
      signal.removeEventListener("abort", stop);
      resolve(how);
    };
    child.once("error", (error) => gone(error.message));
    child.once("close", (code, killedBy) => gone(code ?? killedBy ?? "unknown"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
