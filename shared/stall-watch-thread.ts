import { writeSync } from "node:fs";
import { Session } from "node:inspector";
import { setInterval } from "node:timers";
import { workerData } from "node:worker_threads";
import { createLogger } from "./logger.ts";
import { BEAT, LOOK_MS, type StallWatchData } from "./stall-watch.ts";

/*
 * The thread of `startStallWatch`. It counts looks, not time: a process that was stopped as a whole, or a machine that
 * slept, does not count as stuck.
 */

/** How long the stuck thread may take to say where it is; inside native code it never does. */
const STACK_MS = 1_000;
const LAG_LOOKS = 4;
const STDERR = 2;

const { shared, maxStallMs, role, level } = workerData as StallWatchData;
const cells = new Int32Array(shared);
// At once: there is no later after SIGKILL.
const logger = createLogger(role, level, { write: (line) => void writeSync(STDERR, line) });
let seen = Atomics.load(cells, BEAT.main);
let still = 0;
let lag = false;
let ending = 0;

setInterval(() => {
  Atomics.add(cells, BEAT.watch, 1);
  const now = Atomics.load(cells, BEAT.main);
  still = now === seen ? still + 1 : 0;
  seen = now;
  const stoppingLooks = Atomics.load(cells, BEAT.endWithinLooks);
  ending = stoppingLooks > 0 ? ending + 1 : 0;
  if (still >= LAG_LOOKS && !lag) logger.warn("loop.blocked", { stalledMs: still * LOOK_MS, maxStallMs });
  lag = still >= LAG_LOOKS;
  if (maxStallMs > 0 && still * LOOK_MS >= maxStallMs) end("the main loop did not turn", still * LOOK_MS);
  else if (stoppingLooks > 0 && ending > stoppingLooks) end("it did not stop in time", ending * LOOK_MS);
}, LOOK_MS);

let isEnding = false;

/** Whatever blocks the process, its own handlers included, does not block this. */
function end(why: string, stalledMs: number): void {
  if (isEnding) return;
  isEnding = true;
  const kill = (stack: readonly string[]) => {
    logger.error("process.killed-itself", { why, stalledMs, stack });
    process.kill(process.pid, "SIGKILL");
  };
  setTimeout(() => kill(["the main thread does not answer: it is inside native code"]), STACK_MS);
  const session = new Session();
  session.on("Debugger.paused", ({ params }) => {
    kill(
      params.callFrames.slice(0, 20).map(({ functionName, url, location }) => {
        return `${functionName || "(anonymous)"} ${url}:${location.lineNumber + 1}`;
      }),
    );
  });
  session.connectToMainThread();
  session.post("Debugger.enable");
  session.post("Debugger.pause");
}
