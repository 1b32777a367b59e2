import { watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { Clock } from "../../shared/clock.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import { fingerprint } from "./model-digest.ts";

/** Looked at this often whatever the system reports: network folders and containers often report nothing. */
const POLL_MS = 2_000;
/** Unchanged for so long: whoever writes the file has finished. */
const SETTLED_MS = 500;

/**
 * Calls `replace` when a model's file has changed and is no longer being written, until the signal aborts. A file that
 * cannot take the old one's place is said aloud once, and looked at again when it changes again.
 *
 * @param path - Asked each time: a replacement may come from another path.
 */
export async function watchModel(
  path: () => string,
  replace: () => Promise<void>,
  { logger, clock, signal }: { logger: Logger; clock: Clock; signal: AbortSignal },
): Promise<void> {
  let known = await look(path());
  while (!signal.aborted) {
    await untilSomethingHappens(path(), clock, signal);
    let now = await look(path());
    while (!signal.aborted && now !== known && now !== undefined) {
      await clock.sleep(SETTLED_MS, signal);
      const later = await look(path());
      if (later !== now) {
        now = later;
        continue;
      }
      known = now;
      if (!signal.aborted) await tryToReplace(path(), replace, logger);
    }
  }
}

async function tryToReplace(path: string, replace: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await replace();
  } catch (error) {
    const code = isSubforgeError(error) ? error.code : "INTERNAL";
    logger.error("model.replace-refused", { path, code, error: String(error), serving: "the old file" });
  }
}

/** Resolves at once on a change the system reports, after `POLL_MS` without one, or when the signal aborts. */
async function untilSomethingHappens(path: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const waking = new AbortController();
  const wake = () => waking.abort();
  signal.addEventListener("abort", wake, { once: true });
  // The folder and not the file: one that is put in its place by a rename is another file.
  const watcher = open(dirname(path), (name) => {
    if (name === null || name === basename(path)) wake();
  });
  await clock.sleep(POLL_MS, waking.signal);
  watcher?.close();
  signal.removeEventListener("abort", wake);
}

function open(folder: string, onChange: (name: string | null) => void) {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => onChange(name));
    watcher.on("error", () => watcher.close()); // polling goes on
    return watcher;
  } catch {
    return undefined; // no watches left, or a file system without: polling goes on
  }
}

/** undefined while there is no such file. */
function look(path: string): Promise<string | undefined> {
  return fingerprint(path).catch(() => undefined);
}
