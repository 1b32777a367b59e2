import type { RestartingProcess } from "../../shared/restarting-process.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import type { ValidatorEvent } from "../../validator/events.ts";

/** After these nobody is asked any more in their epoch: time to change the code before the next one. */
const BETWEEN_EPOCHS = new Set<ValidatorEvent["event"]>([
  ...(["weights.verified", "weights.committed", "weights.abstained", "weights.failed"] as const),
  ...(["weights.shadow", "epoch.skipped"] as const),
]);

export type ChangingValidator = {
  /** Use this code from the next epoch on. The newest wins. */
  change(next: SubnetTemplate): void;
  /** What the validator says: between two epochs the code is changed. */
  onEvent(event: ValidatorEvent): void;
  /** Resolves when the signal aborted and the last process is gone. */
  stopped: Promise<void>;
};

/** A validator's process that starts again with other code between two epochs. Its journal stays. */
export function createChangingValidator(
  first: SubnetTemplate,
  deps: {
    start(template: SubnetTemplate, ended: AbortSignal): Pick<RestartingProcess, "stopped">;
    /** The miners' part. @throws when they cannot follow: then nothing changes */
    replace(next: SubnetTemplate): void;
    say(line: string): void;
    signal: AbortSignal;
  },
): ChangingValidator {
  const { start, replace, say, signal } = deps;
  let pending: SubnetTemplate | undefined;
  let ended = new AbortController();
  const run = async (): Promise<void> => {
    let template = first;
    while (!signal.aborted) {
      ended = new AbortController();
      await start(template, AbortSignal.any([signal, ended.signal])).stopped;
      if (!pending) return;
      const next = pending;
      pending = undefined;
      try {
        replace(next);
        template = next;
        say(`reload   ${next.id} ${next.version} starts`);
      } catch (error) {
        say(`reload   ✗ ${error instanceof Error ? error.message : String(error)}; the old code stays`);
      }
    }
  };
  const stopped = run();
  return {
    change(next) {
      pending = next;
      say("reload   the new code is good; it starts with the next epoch");
    },
    onEvent({ event }) {
      if (pending && BETWEEN_EPOCHS.has(event)) ended.abort();
    },
    stopped,
  };
}
