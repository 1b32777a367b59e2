export type Progress = {
  /** When a job was last taken, finished or failed, or when the consumer was started, ms. */
  lastProgressMs: number;
  /** Jobs nobody has taken; undefined when Redis did not say. */
  waiting: number | undefined;
  running: number;
  concurrency: number;
  /** A consumer that started nothing for so long, with work waiting and hands free, is stuck. */
  stuckMs: number;
};

/**
 * Is this consumer stuck? Judged by work done: an open socket and a running loop prove nothing.
 *
 * Source of the need: versions of BullMQ whose worker never came back after an outage, while it said it was running.
 */
export function isStuck(progress: Progress, nowMs: number): boolean {
  if (!progress.waiting || progress.running >= progress.concurrency) return false;
  return nowMs - progress.lastProgressMs > progress.stuckMs;
}
