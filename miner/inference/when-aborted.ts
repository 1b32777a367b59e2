const WAITERS = Symbol("waiters");
type Watched = AbortSignal & { [WAITERS]?: (() => void)[] };

/**
 * Calls back when a signal aborts that has not yet, as `addEventListener` would. Each signal gets one listener and keeps
 * it: to add one and remove it with every request costs as much as a row of a small model.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): void {
  const known = (signal as Watched)[WAITERS];
  if (known) {
    known.push(callback);
    return;
  }
  const waiters = [callback];
  (signal as Watched)[WAITERS] = waiters;
  signal.addEventListener("abort", () => {
    for (const waiter of waiters.splice(0)) waiter();
  });
}

/** The callback is no longer wanted. */
export function forget(signal: AbortSignal, callback: () => void): void {
  const waiters = (signal as Watched)[WAITERS];
  const at = waiters?.indexOf(callback) ?? -1;
  if (at < 0) return;
  const last = waiters!.pop()!;
  if (last !== callback) waiters![at] = last;
}
