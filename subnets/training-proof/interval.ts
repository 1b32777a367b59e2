import type { MinerContext } from "../../shared/template.ts";
import { runSteps } from "./arithmetic.ts";
import type { State } from "./graph/network.ts";
import type { Trained } from "./graph/train-mlp.ts";
import type { TrainingJob } from "./job.ts";
import { feedsOfSteps, type HeldOut, heldOutFeeds, keyOf, type Steps } from "./rows.ts";

/**
 * Steps of a job's training, as the job wants them.
 *
 * @param state - Before the first of them.
 * @param runGraph - Undefined: by the template's own arithmetic. What that made of the very same state is not made again,
 * because in a simulation many solvers train one job.
 */
export async function trainSteps(
  job: TrainingJob,
  state: State,
  { from, count }: Steps,
  runGraph?: MinerContext["runGraph"],
): Promise<Trained> {
  const run = () => runSteps(job, state, feedsOfSteps(job, { from, count }), runGraph);
  return runGraph ? run() : once(state, `${keyOf(job)} ${from} ${count}`, run);
}

/** Losses of a state on rows that it was not trained on, one for each minibatch. */
export async function measure(
  job: TrainingJob,
  state: State,
  { heldOut, batches }: HeldOut,
): Promise<Trained> {
  const rows = () => heldOutFeeds(job, { heldOut, batches });
  return once(state, `${keyOf(job)} ${heldOut} ${batches}`, () => runSteps(job, state, rows()));
}

/** Goes when the state goes. */
const computed = new WeakMap<State, Map<string, Promise<Trained>>>();

function once(state: State, key: string, run: () => Promise<Trained>): Promise<Trained> {
  const known = computed.get(state) ?? new Map<string, Promise<Trained>>();
  computed.set(state, known);
  const done = known.get(key) ?? run();
  known.set(key, done);
  return done;
}

/** The steps of one interval. */
export function stepsOf(
  { stepsPerInterval }: TrainingJob,
  interval: number,
): { from: number; count: number } {
  return { from: interval * stepsPerInterval, count: stepsPerInterval };
}
