import type { EarlierAnswers, Message, Source } from "../../shared/template.ts";
import { type Tensors, tensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { graphOf, initialState, toOutputs } from "./arithmetic.ts";
import type { State } from "./graph/network.ts";
import { toTrained } from "./graph/trained.ts";
import { measure, stepsOf, trainSteps } from "./interval.ts";
import type { TrainingJob } from "./job.ts";
import { hashOfState } from "./proofs.ts";
import { feedsOfSteps, type HeldOut, heldOutFeeds } from "./rows.ts";
import { parseNumbers, parseState } from "./state-message.ts";
import type { EvalResponse } from "./synapse-eval.ts";
import type { OpenResponse } from "./synapse-open.ts";

/** An interval of a small network takes milliseconds, of the largest a minute. */
const TIMEOUT_MS = 120_000;

/**
 * One interval of a solver from the state it opened, or a loss on held-out rows: of its last state, without a solver of
 * the state that everybody begins with.
 */
export type RerunTask =
  | { job: TrainingJob; solver: Hotkey; interval: number }
  | { job: TrainingJob; solver?: Hotkey; measure: HeldOut };

/** What came out. `hash` is the state's; the state itself only where hashes do not decide. Or the mean loss. */
export type RerunTruth = { hash: string; losses: number[]; state: State | null } | { loss: number };

/** The same steps again, by whoever verifies. */
export const rerun: Source<RerunTask> = {
  timeoutMs: TIMEOUT_MS,
  execute(task, earlier) {
    const { job } = task;
    const feeds =
      "interval" in task ? feedsOfSteps(job, stepsOf(job, task.interval)) : heldOutFeeds(job, task.measure);
    return { graph: graphOf(job), feeds: { ...stateBefore(task, earlier), ...feeds } };
  },
  async compute(task, earlier) {
    const { job } = task;
    const before = stateBefore(task, earlier);
    const done =
      "interval" in task
        ? await trainSteps(job, before, stepsOf(job, task.interval))
        : await measure(job, before, task.measure);
    return { outputs: toOutputs(done) };
  },
  parseTruth({ outputs }, task) {
    const { job } = task;
    const { state, losses: list } = toTrained(outputs as Tensors);
    const steps = "measure" in task ? task.measure.batches : job.stepsPerInterval;
    const losses = Array.from(parseNumbers(list && tensor("float32", [list.length], list), [steps]).data);
    return ("measure" in task ? toLoss(losses) : toTruth(parseState(state, job), losses, job)) as Message;
  },
};

function toLoss(losses: readonly number[]): RerunTruth {
  return { loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length };
}

function toTruth(state: State, losses: number[], { mode }: TrainingJob): RerunTruth {
  return { hash: hashOfState(state), losses, state: mode === "grid" ? null : state };
}

function stateBefore(task: RerunTask, earlier: EarlierAnswers): State {
  const { job } = task;
  if (task.solver === undefined) return initialState(job);
  const state = openedState(job, task.solver, "interval" in task ? task.interval : job.intervals, earlier);
  if (!state) throw new Error("a state that was opened is missing");
  return state;
}

/** A state that a solver showed, and proved to be the one it is bound to. */
export function openedState(
  { jobId }: Pick<TrainingJob, "jobId">,
  solver: Hotkey,
  index: number,
  earlier: EarlierAnswers,
): State | undefined {
  for (const answer of earlier(solver).values()) {
    if (!answer.ok || answer.response.jobId !== jobId) continue;
    const { states = [], final } = answer.response as Partial<OpenResponse & EvalResponse>;
    const found = [...states, ...(final ? [final] : [])].find((opened) => opened.index === index);
    if (found) return found.state;
  }
  return undefined;
}
