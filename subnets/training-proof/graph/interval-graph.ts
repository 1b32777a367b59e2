import { type OnnxGraph, writeOnnx } from "../../../shared/onnx-writer.ts";
import type { Network } from "./network.ts";
import { stepGraph } from "./step-graph.ts";
import type { Value } from "./tape.ts";

/** What a step takes apart from the state. */
const MINIBATCH = ["X", "Y", "LR"];

/**
 * A whole interval as one ONNX model: a Scan over minibatches, so that a state goes in and a state comes out once. Inputs:
 * the state's tensors by name, `X` [steps, batch, width], `Y` [steps, batch, classes], `LR` [steps, 1]. Outputs: the same
 * names with `_new`, and `losses` [steps].
 */
export function intervalGraph(network: Network): Uint8Array {
  const { tape, inputs, next, loss } = stepGraph(network);
  const state = next.map(([name]) => inputs.find((input) => input.name === name)!);
  const minibatch = inputs.filter(({ name }) => MINIBATCH.includes(name));
  // A name inside may not be one outside as well.
  const inner = (name: string) => `${name}_now`;
  const isInput = (name: string) => inputs.some((input) => input.name === name);
  const body: OnnxGraph = {
    name: "step",
    inputs: [...state, ...minibatch].map((value) => ({ ...toPort(value), name: inner(value.name) })),
    outputs: [...next.map(([, value]) => toPort(value)), toPort(loss)],
    nodes: tape.nodes.map((node) => ({
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
      {
        op: "Scan",
        inputs: [...state, ...minibatch].map(({ name }) => name),
        outputs: [...state.map(({ name }) => `${name}_new`), "losses"],
        attributes: { num_scan_inputs: minibatch.length, body },
      },
    ],
    constants: tape.constants,
  });
}

function toPort({ name, shape, dtype = "float32" }: Value) {
  return { name, shape, dtype };
}
