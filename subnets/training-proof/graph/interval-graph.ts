import { type OnnxGraph, writeOnnx } from "../../../shared/onnx-writer.ts";
import type { Network } from "./network.ts";
import { stepGraph } from "./step-graph.ts";
import type { Tape, Value } from "./tape.ts";

/** What a step takes apart from the state. */
const MINIBATCH = ["X", "Y", "LR"];
/** What each number of a value goes through alone. */
const BY_NUMBER = new Set(["Add", "Sub", "Clip"]);

/**
 * A whole interval as one ONNX model: a Scan over minibatches, so that a state goes in and a state comes out once. Inputs:
 * the state's tensors by name, `X` [steps, batch, width], `Y` [steps, batch, classes], `LR` [steps, 1]. Outputs: the same
 * names with `_new`, and `losses` [steps].
 */
export function intervalGraph(network: Network): Uint8Array {
  const { tape, inputs, next, loss } = stepGraph(network);
  const state = next.map(([name]) => inputs.find((input) => input.name === name)!);
  const minibatch = inputs.filter(({ name }) => MINIBATCH.includes(name));
  const { early, rest } = splitEarly(tape, minibatch);
  const used = new Set(rest.flatMap((node) => node.inputs));
  const prepared = early.map(({ outputs }) => tape.values.get(outputs[0]!)!);
  const scanned = [...minibatch, ...prepared].filter(({ name }) => used.has(name));
  // A name inside may not be one outside as well.
  const inner = (name: string) => `${name}_now`;
  const isInput = (name: string) => [...state, ...scanned].some((input) => input.name === name);
  const body: OnnxGraph = {
    name: "step",
    inputs: [...state, ...scanned].map((value) => ({ ...toPort(value), name: inner(value.name) })),
    outputs: [...next.map(([, value]) => toPort(value)), toPort(loss)],
    nodes: rest.map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => (isInput(name) ? inner(name) : name)),
    })),
    constants: {},
  };
  return writeOnnx({
    name: "interval",
    inputs: [
      ...state.map((value) => toPort(value)),
      ...minibatch.map((value) => ({ ...toPort(value), shape: ["steps", ...value.shape] })),
    ],
    outputs: [
      ...state.map((value) => ({ ...toPort(value), name: `${value.name}_new` })),
      { name: "losses", dtype: "float32" as const, shape: ["steps"] },
    ],
    nodes: [
      ...early,
      {
        op: "Scan",
        inputs: [...state, ...scanned].map(({ name }) => name),
        outputs: [...state.map(({ name }) => `${name}_new`), "losses"],
        attributes: { num_scan_inputs: scanned.length, body },
      },
    ],
    constants: tape.constants,
  });
}

/** What is done to each number of the minibatches alone is done to all steps at once, before the first. */
function splitEarly({ nodes, constants }: Tape, minibatch: readonly Value[]) {
  const known = new Set(minibatch.map(({ name }) => name));
  const isNumber = (name: string) => constants[name]?.shape.length === 0;
  const early = nodes.filter(({ op, inputs: [first, ...others], outputs }) => {
    if (!BY_NUMBER.has(op) || !known.has(first!) || !others.every(isNumber)) return false;
    known.add(outputs[0]!);
    return true;
  });
  return { early, rest: nodes.filter((node) => !early.includes(node)) };
}

function toPort({ name, shape, dtype = "float32" }: Value) {
  return { name, shape, dtype };
}
