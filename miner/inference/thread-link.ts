import { Worker } from "node:worker_threads";
import { processEntry } from "../../shared/process-entry.ts";
import { joinRowsApart } from "./feeds.ts";
import { buffersOf, type Frame } from "./frames.ts";
import type { Link, LinkEvents, LinkOptions } from "./link.ts";

/**
 * A thread of this process. It can be told to end only between two runs: what hangs in native code goes on until it
 * returns, unheard, while a successor is started.
 *
 * @throws SubforgeError BUILD_MISSING
 */
export function openThreadLink({ order }: LinkOptions, events: LinkEvents): Link {
  const worker = new Worker(processEntry("inference-thread"), { workerData: order, env: {} });
  worker.on("message", (frame: Frame) => events.received(frame));
  worker.on("error", (error) => events.ended(`threw: ${error.message}`));
  worker.on("exit", (code) => events.ended(`exit code ${code}`));
  return {
    pid: process.pid,
    send: (id, parts) => {
      const tensors = joinRowsApart(parts); // the caller keeps its tensors, the copies change hands
      worker.postMessage({ id, head: {}, tensors } satisfies Frame, buffersOf(tensors));
    },
    kill: () => {
      void worker.terminate();
      events.ended("was ended");
    },
  };
}
