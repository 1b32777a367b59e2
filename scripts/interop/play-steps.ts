import { within } from "../../shared/deadline.ts";
import type { Logger } from "../../shared/logger.ts";
import { NotAvailable, type Outcome, StepFailure, type StepResult } from "./outcome.ts";

/** No step takes longer, whatever hangs: the sum of what its parts may take. */
const STEP_TIMEOUT_MS = 300_000;
const REASON_CHARACTERS = 300;

export type PlayDeps = { logger: Logger; signal: AbortSignal; onStep: (result: StepResult) => void };

/** Returns what it saw. A reason stands for a step that the client does not have. */
type PlayedStep = (() => Promise<string>) | { missing: string };

/** @param titles - The checklist, in its order. */
export async function playSteps<Step extends string>(
  client: string,
  titles: Record<Step, string>,
  steps: Record<Step, PlayedStep>,
  { signal, onStep }: PlayDeps,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of Object.keys(titles) as Step[]) {
    signal.throwIfAborted();
    const startedMs = performance.now();
    const outcome = await play(steps[step]);
    const result = { client, step, seconds: (performance.now() - startedMs) / 1000, ...outcome };
    results.push(result);
    onStep(result);
  }
  return results;
}

async function play(step: PlayedStep): Promise<Outcome> {
  if (typeof step !== "function") return { status: "n.a.", reason: step.missing };
  try {
    const overdue = () => new StepFailure(`no end within ${STEP_TIMEOUT_MS / 1000} s`);
    return { status: "ok", detail: await within(step(), STEP_TIMEOUT_MS, overdue) };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const reason = text.replace(/\s+/g, " ").slice(0, REASON_CHARACTERS);
    return { status: error instanceof NotAvailable ? "n.a." : "red", reason };
  }
}
