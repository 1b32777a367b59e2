import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** First pause before a restart; doubles up to the second figure while the process keeps dying young. */
const PAUSE_MS = { first: 250, longest: 10_000 };
/** A process that lived this long was healthy: its next restart is the first again. */
const HEALTHY_MS = 10_000;
/** Promise P14 gives a service ten seconds to stop, and its children a little less; then they are killed. */
const STOP_MS = 8_000;

export type RestartingProcess = {
  /** Process id of the one that runs now, undefined between two of them. */
  pid(): number | undefined;
  /** Resolves when the signal aborted and the last process is gone. */
  stopped: Promise<void>;
};

export type RestartingProcessOptions = {
  /** Built script, from `processEntry`. */
  script: string;
  /** Never a secret: everybody on the machine can read arguments. */
  args: readonly string[];
  /** Default: that of this process. */
  env?: Record<string, string>;
  /** First message over the channel between parent and child, whose end tells the child that its parent is gone. */
  message?: Record<string, string>;
  /** How long it may take to stop before it is killed. Default 8 s. */
  graceMs?: number;
  /** Each line of its standard output, which is ignored otherwise. Standard error passes through. */
  onLine?: (line: string) => void;
  onStart?: (pid: number) => void;
  /** With the exit code, or the name of the signal that ended it. */
  onEnd?: (pid: number, how: number | string) => void;
};

/** Keep one Node process running until the signal aborts: a crash is answered by a new process, an abort by SIGTERM. */
export function startRestartingProcess(
  options: RestartingProcessOptions,
  deps: { clock: Clock; logger: Logger; signal: AbortSignal },
): RestartingProcess {
  const { clock, logger, signal } = deps;
  let child: ChildProcess | undefined;

  const keepRunning = async (): Promise<void> => {
    let pauseMs = PAUSE_MS.first;
    while (!signal.aborted) {
      const startedMs = clock.nowMs();
      child = start(options);
      const { pid = 0 } = child;
      options.onStart?.(pid);
      const how = await untilGone(child, options.graceMs ?? STOP_MS, signal);
      child = undefined;
      options.onEnd?.(pid, how);
      if (signal.aborted) return;
      logger.warn("process.died", { command: options.args.slice(0, 2).join(" "), pid, how });
      if (clock.nowMs() - startedMs > HEALTHY_MS) pauseMs = PAUSE_MS.first;
      await clock.sleep(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest);
    }
  };

  return { pid: () => child?.pid, stopped: keepRunning() };
}

function start({ script, args, env, message, onLine }: RestartingProcessOptions): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], {
    ...(env ? { env } : {}),
    stdio: ["ignore", onLine ? "pipe" : "ignore", "inherit", "ipc"],
  });
  if (onLine) createInterface({ input: child.stdout! }).on("line", onLine);
  if (message) child.send(message, () => undefined); // it may have died already: its end tells
  return child;
}

/** Resolves when the process is gone. An abort of the signal asks it to stop, and kills it when it does not. */
function untilGone(child: ChildProcess, graceMs: number, signal: AbortSignal): Promise<number | string> {
  return new Promise((resolve) => {
    let killer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill("SIGTERM");
      killer = setTimeout(() => child.kill("SIGKILL"), graceMs);
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
