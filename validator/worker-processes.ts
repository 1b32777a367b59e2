import { type ChildProcess, fork } from "node:child_process";
import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/logger.ts";
import type { OnEvent } from "./events.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** A worker that ran so long did not fail at its start. */
const HEALTHY_MS = 10_000;

/** Workers hand back what they have within seconds; then they are killed. */
const STOP_MS = 8_000;

/** First message to a worker process. A message and no argument: those can be read by everybody on the machine. */
export type WorkerAssignment = { queue: string };

export type WorkerProcesses = {
  /** Of those that run now. */
  pids(): number[];
  /** Resolves when the signal aborted and all are gone. */
  stopped: Promise<void>;
};

/**
 * Keeps worker processes running until the signal aborts. Each gets its assignment over the channel between parent
 * and child, whose end tells it that the parent is gone.
 */
export function startWorkerProcesses(
  options: { count: number; script: string; args: readonly string[]; assignment: WorkerAssignment },
  deps: { clock: Clock; logger: Logger; onEvent: OnEvent; signal: AbortSignal },
): WorkerProcesses {
  const running = new Set<ChildProcess>();
  const keepOne = async (): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS;
    while (!deps.signal.aborted) {
      const startedMs = deps.clock.nowMs();
      const child = fork(options.script, [...options.args], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      running.add(child);
      child.send(options.assignment, () => undefined); // it may have died already: its end tells
      deps.onEvent({ event: "worker.started", pid: child.pid ?? 0 });
      const how = await untilGone(child, deps.signal);
      running.delete(child);
      deps.onEvent({ event: "worker.stopped", pid: child.pid ?? 0, how });
      if (deps.signal.aborted) return;
      deps.logger.warn("worker.died", { pid: child.pid, how });
      if (deps.clock.nowMs() - startedMs > HEALTHY_MS) pauseMs = FIRST_PAUSE_MS;
      await deps.clock.sleep(pauseMs, deps.signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  };
  const all = Promise.all(Array.from({ length: options.count }, keepOne));
  return {
    pids: () => [...running].flatMap(({ pid }) => pid ?? []),
    stopped: all.then(() => undefined),
  };
}

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
    child.once("exit", (code, killedBy) => gone(code ?? killedBy ?? "unknown"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
