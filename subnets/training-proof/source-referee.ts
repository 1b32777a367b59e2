import type { EarlierAnswers, Message, Source } from "../../shared/template.ts";
import type { Tensor, Tensors } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { oneOperator, runOperator } from "./graph/step-nodes.ts";
import type { TrainingJob } from "./job.ts";
import { hashOfValue, inputsOf, operatorsOf } from "./operators.ts";
import type { DisputeResponse } from "./synapse-dispute.ts";

const TIMEOUT_MS = 60_000;

/** Where two solvers part. `operator`: place in `operatorsOf`. */
export type RefereeTask = {
  job: TrainingJob;
  parties: Hotkey[];
  interval: number;
  step: number;
  operator: number;
  /** Task in which they showed what goes in. */
  shown: string;
};

/** Of what the operator gives. */
export type RefereeTruth = { hash: string };

/** One operator on inputs that both agree on, by whoever decides. */
export const referee: Source<RefereeTask> = {
  timeoutMs: TIMEOUT_MS,
  execute: (task, earlier) => ({
    graph: oneOperator(task.job, task.operator),
    feeds: shownIn(task, earlier),
  }),
  compute(task, earlier) {
    const { job, operator } = task;
    const { output } = operatorsOf(job)[operator]!;
    return { outputs: { [output]: runOperator(job, operator, shownIn(task, earlier)) } };
  },
  parseTruth({ outputs }, { job, operator }): RefereeTruth & Message {
    const { output } = operatorsOf(job)[operator]!;
    return { hash: hashOfValue(output, (outputs as Tensors)[output] as Tensor) };
  },
};

/** What goes into the operator, as either party showed it: both are held to the same hashes. */
function shownIn(
  { job, parties, shown, interval, step, operator }: RefereeTask,
  earlier: EarlierAnswers,
): Tensors {
  const found = parties.map((party) => earlier(party).get(shown)).find((answer) => answer?.ok);
  if (!found?.ok) throw new Error("neither showed what goes in");
  const { state, passed } = found.response as DisputeResponse;
  const place = { step: interval * job.stepsPerInterval + step, operator };
  return inputsOf(job, place, { ...state, ...passed });
}
