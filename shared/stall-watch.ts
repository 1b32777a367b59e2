import { Worker } from "node:worker_threads";
import type { Logger, LogLevel } from "./logger.ts";
import { processEntry } from "./process-entry.ts";

/** How often the main loop shows that it turns, and how often the thread looks. */
export const LOOK_MS = 250;

/** A thread that did not look for so long is gone. */
const DEAD_AFTER_MS = 5_000;

/** Cells of the memory that both share. */
export const BEAT = { main: 0, watch: 1, endWithinLooks: 2 } as const;

/** What the thread is told. */
export type StallWatchData = {
  shared: SharedArrayBuffer;
  maxStallMs: number;
  role: string;
  level: LogLevel;
};

export type StallWatch = {
  /** Does the watching thread itself look? */
  isAlive(): boolean;
  /** From now on the process ends within this time, by SIGKILL when it does not by itself. */
  endWithin(ms: number): void;
  close(): Promise<void>;
};

/**
 * Watches the main loop of this process from a thread of its own. A loop that does not turn for a second is told as
 * `loop.blocked`; after `maxStallMs` the thread writes down where it is stuck, as `process.killed-itself`, and ends the
 * process by SIGKILL, which no handler can block: whoever supervises the process starts it again.
 *
 * @param options.maxStallMs - 0: only tells, and never ends the process.
 * @throws SubforgeError BUILD_MISSING
 */
export function startStallWatch(
  options: { maxStallMs: number; role: string; level: LogLevel },
  logger: Logger,
): StallWatch {
  const shared = new SharedArrayBuffer(4 * Object.keys(BEAT).length);
  const cells = new Int32Array(shared);
  const data: StallWatchData = { shared, ...options };
  const thread = new Worker(processEntry("stall-watch"), { workerData: data, env: {} });
  thread.unref();
  thread.on("error", (error) => logger.error("stall-watch.lost", { reason: error.message }));
  const timer = setInterval(() => Atomics.add(cells, BEAT.main, 1), LOOK_MS);
  timer.unref();
  let looked = { looks: -1, atMs: performance.now() };
  return {
    isAlive: () => {
      const looks = Atomics.load(cells, BEAT.watch);
      if (looks !== looked.looks) looked = { looks, atMs: performance.now() };
      return performance.now() - looked.atMs < DEAD_AFTER_MS;
    },
    endWithin: (ms) => Atomics.store(cells, BEAT.endWithinLooks, Math.max(1, Math.ceil(ms / LOOK_MS))),
    close: async () => {
      clearInterval(timer);
      await thread.terminate();
    },
  };
}
