import { failPoint } from "../shared/fail-point.ts";
import type { EpochKey } from "../shared/journal/epoch-rows.ts";
import type { Journal } from "../shared/journal/journal.ts";
import type { CollectQueue } from "../shared/queue/queues.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import type { Netuid } from "../shared/types.ts";
import type { OnEvent } from "./events.ts";

/** `collect` jobs taken at once: each is one short write. */
const COLLECT_CONCURRENCY = 4;

/**
 * Worker to journal, one transaction per job. An answer that came twice, too late or unasked has no effect.
 *
 * @param deps.onComplete - The last answer that a stage waited for is in.
 */
export async function takeAnswers(
  collect: CollectQueue,
  deps: {
    journal: Pick<Journal, "epochs">;
    template: SubnetTemplate;
    netuid: Netuid;
    signal: AbortSignal;
    onEvent: OnEvent;
    onComplete(key: EpochKey): void;
  },
): Promise<void> {
  const { journal, template, netuid, signal, onEvent } = deps;
  await collect.consume(
    async ({ mechanism, epoch, stage, taskId, worker, answers }) => {
      const key = { netuid, mechanism, epoch };
      const name = journal.epochs.synapseOf(key, taskId);
      const synapse = name === undefined ? undefined : template.synapses[name];
      if (!synapse) return; // of an epoch that is forgotten
      const records = answers.map(({ hotkey, reason, latencyMs, body }) => {
        const bytes = body === undefined ? undefined : Uint8Array.from(Buffer.from(body, "base64"));
        if (bytes && bytes.length > synapse.maxResponseBytes) {
          return { hotkey, reason: "answer-too-large" as const, latencyMs };
        }
        return { hotkey, reason, latencyMs, body: bytes };
      });
      failPoint("answers.record.before");
      const recorded = journal.epochs.record(key, taskId, records);
      failPoint("answers.record.after");
      onEvent({ event: "answers.collected", ...key, taskId, worker, recorded });
      if (recorded > 0 && !journal.epochs.hasOutstanding(key, stage)) deps.onComplete(key);
    },
    { concurrency: COLLECT_CONCURRENCY, signal },
  );
}
