import { watch } from "node:fs";
import { join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import { findingsOf } from "../creator/check-task.ts";
import { loadTemplate, originOf } from "../template-folder/load-template.ts";

/** Editors write a file in several steps, and formatters once more. */
const SETTLE_MS = 150;

/** Enough to see what is badly wrong, in about a second. */
const QUICK = { repeats: 20, garbage: 200 };

export type Watched = {
  /** What `loadTemplate` takes. */
  path: string;
  template: SubnetTemplate;
  config: unknown;
};

/**
 * Loads a template again whenever a file below its `template/` is saved, until the signal aborts. What does not compile
 * or does not keep what every template keeps is said, and the old code stays.
 *
 * @param deps.onReady - With the new code, once for each change that has one.
 */
export async function watchTemplate(
  { path, template, config }: Watched,
  deps: { say(line: string): void; onReady(next: SubnetTemplate): void; signal: AbortSignal },
): Promise<void> {
  const { say, onReady, signal } = deps;
  const origin = originOf(template);
  if (!origin || signal.aborted) return;
  let seen = origin.code;
  let timer: NodeJS.Timeout | undefined;
  let line: Promise<void> = Promise.resolve();
  const reload = async () => {
    const next = await loadTemplate(path);
    const { code } = originOf(next)!;
    if (code === seen || signal.aborted) return; // saved without a change, or changed back
    seen = code;
    const flaws = (await findingsOf(next, config, QUICK)).filter(({ ok }) => !ok);
    for (const { code: of, what, facts } of flaws) say(`reload   ✗ ${of}  ${what}: ${facts}`);
    if (flaws.length > 0) say("reload   the old code stays");
    else onReady(next);
  };
  const watcher = watch(join(origin.folder, "template"), { recursive: true, signal }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      line = line
        .then(reload)
        .catch((error: unknown) => say(`reload   ✗ ${told(error)}; the old code stays`));
    }, SETTLE_MS);
  });
  await new Promise<void>((resolve) => {
    watcher.once("close", resolve);
    watcher.once("error", (error) => {
      say(`reload   ${told(error)}: files are no longer watched`);
      resolve();
    });
  });
  clearTimeout(timer);
  await line;
}

function told(error: unknown): string {
  if (error instanceof SubforgeError) return `${error.code}  ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
