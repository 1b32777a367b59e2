import { childSeed } from "../../shared/rules/beacon.ts";
import type { MinerContext } from "../../shared/template.ts";
import { type Tensor, type Tensors, tensor } from "../../shared/tensor.ts";
import { newState } from "./graph/initial-state.ts";
import { intervalGraph } from "./graph/interval-graph.ts";
import type { State } from "./graph/network.ts";
import { type Trained, trainMlp } from "./graph/train-mlp.ts";
import { toTrained } from "./graph/trained.ts";
import type { TrainingJob } from "./job.ts";
import { keepLast } from "./keep-last.ts";
import { keyOf, seedOf } from "./rows.ts";

/** The state that a job begins with: it follows from its seed. */
export const initialState = keepLast(64, keyOf, (job: TrainingJob) =>
  newState(job, childSeed(seedOf(job), "init")),
);

/** Steps of a job as a graph, the same bytes for all jobs of one network. */
export const graphOf = keepLast(
  8,
  ({ family, mode, dims, batch, momentum, weightDecay }: TrainingJob) =>
    JSON.stringify([family, mode, dims, batch, momentum, weightDecay]),
  (job: TrainingJob) => intervalGraph(job),
);

/**
 * Steps from a state, with what each of them gets.
 *
 * @param runGraph - Undefined: by the template's own arithmetic.
 */
export async function runSteps(
  job: TrainingJob,
  state: State,
  feeds: Tensors,
  runGraph?: MinerContext["runGraph"],
): Promise<Trained> {
  if (runGraph) return toTrained(await runGraph(graphOf(job), { ...state, ...feeds }));
  const [x, y, rates] = [feeds.X, feeds.Y, feeds.LR].map((values) => (values as Tensor<"float32">).data);
  return trainMlp(job, state, { x: x!, y: y!, rates: rates! });
}

/** As a graph gives it. */
export function toOutputs({ state, losses }: Trained): Tensors {
  const next = Object.entries(state).map(([name, value]) => [`${name}_new`, value] as const);
  return { ...Object.fromEntries(next), losses: tensor("float32", [losses.length], losses) };
}
