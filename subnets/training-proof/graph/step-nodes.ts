import { type OnnxGraph, writeOnnx } from "../../../shared/onnx-writer.ts";
import type { Tensor, Tensors } from "../../../shared/tensor.ts";
import type { Network } from "./network.ts";
import { computeOperator } from "./plain-operators.ts";
import { type StepGraph, stepGraph } from "./step-graph.ts";
import type { Value } from "./tape.ts";

type Node = OnnxGraph["nodes"][number];

/**
 * The operators that a step's next state depends on, in the order they compute; the loss is no part of a state. Each gives
 * one value, named as here. `inputs` are the values it takes: earlier operators', or the step's own.
 */
export function stepNodes(network: Network): { op: string; output: string; inputs: string[] }[] {
  const step = stepGraph(network);
  return nodesOf(step).map(({ op, inputs, outputs }) => ({
    op,
    output: outputs[0]!,
    inputs: inputs.filter((name) => !Object.hasOwn(step.tape.constants, name)),
  }));
}

/**
 * One step that shows what each of its operators gives. Inputs: the state's tensors, `X` [batch, width], `Y` [batch,
 * classes], `LR` [1]. Outputs: one for each of `stepNodes`.
 */
export function shownStep(network: Network): Uint8Array {
  const step = stepGraph(network);
  const nodes = nodesOf(step);
  return toModel(
    step,
    nodes,
    step.inputs,
    nodes.map(({ outputs }) => outputs[0]!),
  );
}

/** What `shownStep` gives, in plain arithmetic. @param given - Its inputs. */
export function showStep(network: Network, given: Tensors): Tensors {
  const step = stepGraph(network);
  const values: Tensors = { ...given, ...step.tape.constants };
  const shown: Tensors = {};
  for (const node of nodesOf(step)) {
    const output = computeOperator(
      node,
      node.inputs.map((name) => values[name]!),
    );
    values[node.outputs[0]!] = output;
    shown[node.outputs[0]!] = output;
  }
  return shown;
}

/** What `oneOperator` gives, in plain arithmetic. */
export function runOperator(network: Network, index: number, inputs: Tensors): Tensor {
  const step = stepGraph(network);
  const node = nodesOf(step)[index]!;
  const values: Tensors = { ...inputs, ...step.tape.constants };
  return computeOperator(
    node,
    node.inputs.map((name) => values[name]!),
  );
}

/** One operator alone, for a referee: takes the values of its `inputs` in `stepNodes`, gives its `output`. */
export function oneOperator(network: Network, index: number): Uint8Array {
  const step = stepGraph(network);
  const node = nodesOf(step)[index]!;
  const inputs = node.inputs.filter((name) => !Object.hasOwn(step.tape.constants, name));
  const given = [...new Set(inputs)].map((name) => step.tape.values.get(name)!);
  return toModel(step, [node], given, [node.outputs[0]!]);
}

function nodesOf({ tape, next }: StepGraph): Node[] {
  const wanted = new Set(next.map(([, { name }]) => name));
  const needed = tape.nodes.toReversed().filter(({ inputs, outputs }) => {
    if (!wanted.has(outputs[0]!)) return false;
    for (const name of inputs) wanted.add(name);
    return true;
  });
  return needed.reverse();
}

function toModel(
  { tape }: StepGraph,
  nodes: readonly Node[],
  inputs: readonly Value[],
  outputs: readonly string[],
): Uint8Array {
  const used = new Set(nodes.flatMap((node) => node.inputs));
  return writeOnnx({
    name: "step",
    inputs: inputs.map(toPort),
    outputs: outputs.map((name) => toPort(tape.values.get(name)!)),
    nodes,
    constants: Object.fromEntries(Object.entries(tape.constants).filter(([name]) => used.has(name))),
  });
}

function toPort({ name, shape, dtype = "float32" }: Value) {
  return { name, shape, dtype };
}
