import type { MinerContext } from "../../shared/template.ts";
import { runSteps, type State } from "./arithmetic.ts";
import type { TrainingJob } from "./job.ts";
import { feedsOfSteps, heldOutFeeds, keyOf } from "./rows.ts";

/** What some steps left, and the loss of each of them. */
export type Done = { state: State; losses: Float32Array };

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
  { from, count }: { from: number; count: number },
  runGraph?: MinerContext["runGraph"],
): Promise<Done> {
  const run = () => runSteps(job, state, feedsOfSteps(job, from, count), runGraph);
  return runGraph ? run() : once(state, `${keyOf(job)} ${from} ${count}`, run);
}

/** Losses of a state on rows that it was not trained on, one for each minibatch. */
export async function measure(
  job: TrainingJob,
  state: State,
  { heldOut, batches }: { heldOut: string; batches: number },
): Promise<Done> {
  const rows = () => heldOutFeeds(job, new Uint8Array(Buffer.from(heldOut, "hex")), batches);
  return once(state, `${keyOf(job)} ${heldOut} ${batches}`, () => runSteps(job, state, rows()));
}

/** Goes when the state goes. */
const computed = new WeakMap<State, Map<string, Promise<Done>>>();

function once(state: State, key: string, run: () => Promise<Done>): Promise<Done> {
  const known = computed.get(state) ?? new Map<string, Promise<Done>>();
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
