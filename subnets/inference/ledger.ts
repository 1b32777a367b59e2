import { createHash } from "node:crypto";
import { type Failure, isValidatorsOwnFault } from "../../shared/reasons.ts";
import type { Transcript } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { type InferenceTask, itemsOf } from "./questions.ts";
import { CLASSES } from "./shapes.ts";
import type { ClassifyResponse } from "./synapse.ts";

/** Probabilities are compared in thousandths. */
const FINGERPRINT_STEPS = 1_000;

/** Thousandths away from 0 and 1 that make a probability a doubt, and how many doubts tell one model from another. */
const DOUBT = 5;
const MIN_DOUBTS = 8;

/** Labels and what a miner said about them, in the same order: probabilities are [labels, CLASSES]. */
export type Judged = { labels: number[]; probabilities: number[] };

/** Everything one miner did in an epoch. */
export type Page = {
  asked: number;
  failures: Failure[];
  latenciesMs: number[];
  unique: Judged;
  shared: Judged;
  /** At most one per answer: what it said about the shared images, in the order that all miners have in common. */
  fingerprints: { taskId: string; hash: string }[];
};

/** The pages of all miners that were asked and may be judged, sorted by hotkey. */
export function keepLedger(
  transcripts: readonly Transcript<InferenceTask, ClassifyResponse>[],
): Map<Hotkey, Page> {
  const pages = new Map<Hotkey, Page>();
  for (const { job, answers } of transcripts) {
    for (const hotkey of job.to === "source" ? [] : job.to) {
      const answer = answers.get(hotkey);
      if (!answer || (!answer.ok && isValidatorsOwnFault(answer.reason))) continue;
      const page = pages.get(hotkey) ?? newPage();
      pages.set(hotkey, page);
      page.asked++;
      if (answer.ok) enter(page, job.taskId, job.task, hotkey, answer.response, answer.latencyMs);
      else page.failures.push(answer.reason);
    }
  }
  return new Map([...pages].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function newPage(): Page {
  return {
    asked: 0,
    failures: [],
    latenciesMs: [],
    unique: { labels: [], probabilities: [] },
    shared: { labels: [], probabilities: [] },
    fingerprints: [],
  };
}

function enter(
  page: Page,
  taskId: string,
  task: InferenceTask,
  hotkey: Hotkey,
  { y }: ClassifyResponse,
  latencyMs: number,
): void {
  const sharedRows = new Float32Array(task.shared * CLASSES);
  itemsOf(task, hotkey).forEach(({ label, shared }, item) => {
    const row = y.data.subarray(item * CLASSES, (item + 1) * CLASSES);
    const part = shared === undefined ? page.unique : page.shared;
    part.labels.push(label);
    part.probabilities.push(...row);
    if (shared !== undefined) sharedRows.set(row, shared * CLASSES);
  });
  page.latenciesMs.push(latencyMs);
  const hash = fingerprint(sharedRows);
  if (hash) page.fingerprints.push({ taskId, hash });
}

/**
 * Rounded before it is hashed, for the same model gives digits that differ in the seventh place when its rows share
 * another batch. Undefined when nearly everything is certain: honest models agree on certainties, but nobody shares
 * the digits of many doubts by chance.
 */
function fingerprint(probabilities: Float32Array): string | undefined {
  const steps = Int16Array.from(probabilities, (value) => Math.round(value * FINGERPRINT_STEPS));
  const doubts = steps.filter((step) => step > DOUBT && step < FINGERPRINT_STEPS - DOUBT);
  if (doubts.length < MIN_DOUBTS) return undefined;
  return createHash("sha256").update(steps).digest("hex");
}
