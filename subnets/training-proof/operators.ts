import type { MinerContext } from "../../shared/template.ts";
import { type Tensor, type Tensors, tensor } from "../../shared/tensor.ts";
import type { State } from "./graph/network.ts";
import { stepGraph } from "./graph/step-graph.ts";
import { shownStep, showStep, stepNodes } from "./graph/step-nodes.ts";
import type { TrainingJob } from "./job.ts";
import { keepLast } from "./keep-last.ts";
import { hashOfState } from "./proofs.ts";
import { feedsOfSteps } from "./rows.ts";

/** One operator of a step. `state`: the state's tensor that it gives, where it gives one. */
export type Operator = { op: string; output: string; inputs: string[]; state?: string };

/** A step of the training and the place of an operator in it. `step` counts from the first of the training. */
export type OperatorPlace = { step: number; operator: number };

const networkOf = ({ family, mode, dims, batch, momentum, weightDecay }: TrainingJob) =>
  JSON.stringify([family, mode, dims, batch, momentum, weightDecay]);

/** The operators of a step in the order they compute. */
export const operatorsOf = keepLast(8, networkOf, (job: TrainingJob): Operator[] => {
  const states = new Map(stepGraph(job).next.map(([name, value]) => [value.name, name]));
  return stepNodes(job).map((node) => {
    const state = states.get(node.output);
    return state === undefined ? node : { ...node, state };
  });
});

const shownStepOf = keepLast(8, networkOf, (job: TrainingJob) => shownStep(job));

/**
 * Whatever each operator of one step gives, by name.
 *
 * @param runGraph - Undefined: in plain arithmetic.
 */
export async function runShown(
  job: TrainingJob,
  { before, step }: { before: State; step: number },
  runGraph?: MinerContext["runGraph"],
): Promise<Tensors> {
  const given = { ...before, ...minibatchOf(job, step) };
  return runGraph ? await runGraph(shownStepOf(job), given) : showStep(job, given);
}

/** What goes into one operator. @param known - The state before the step, and what other operators gave. */
export function inputsOf(job: TrainingJob, { step, operator }: OperatorPlace, known: Tensors): Tensors {
  const all = { ...known, ...minibatchOf(job, step) };
  return Object.fromEntries(operatorsOf(job)[operator]!.inputs.map((name) => [name, all[name]!]));
}

/** Those inputs of an operator that other operators gave, with the place of each of these. */
export function passedTo(job: TrainingJob, operator: number): Map<string, number> {
  const all = operatorsOf(job);
  const places = new Map(all.map(({ output }, place) => [output, place]));
  const known = all[operator]!.inputs.filter((name) => places.has(name));
  return new Map(known.map((name) => [name, places.get(name)!]));
}

/** Of one value. Zeros have no sign. */
export function hashOfValue(name: string, { dtype, shape, data }: Tensor): string {
  const unsigned = dtype === "float32" ? (data as Float32Array<ArrayBuffer>).map((value) => value + 0) : data;
  return hashOfState({ [name]: { dtype, shape, data: unsigned } as Tensor<"float32"> });
}

/** What one step gets, without the dimension of steps. */
function minibatchOf(job: TrainingJob, step: number): Tensors {
  const feeds = feedsOfSteps(job, { from: step, count: 1 });
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      tensor("float32", shape.slice(1), data as Float32Array<ArrayBuffer>),
    ]),
  );
}
