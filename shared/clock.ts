import { setTimeout as delay } from "node:timers/promises";

/** Where time comes from. Shells take one, so that a test can hand in its own. */
export type Clock = {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Resolves after `ms`, or at once when the signal aborts: check the signal after it. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

/** The machine's clock. A sleep does not keep a finished process alive once its signal aborts. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : undefined).catch(() => undefined);
  },
};
