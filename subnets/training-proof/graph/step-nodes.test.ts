import { expect, it } from "vitest";
import { type Tensor, type Tensors, tensor } from "../../../shared/tensor.ts";
import { runOnOrt } from "../../ort-graph.test-kit.ts";
import { newState } from "./initial-state.ts";
import type { Network } from "./network.ts";
import { oneOperator, runOperator, shownStep, showStep, stepNodes } from "./step-nodes.ts";
import { trainMlp } from "./train-mlp.ts";

const network: Network = {
  ...{ family: "mlp", mode: "grid", dims: [300, 5, 3], batch: 4 },
  ...{ momentum: 0.875, weightDecay: 0.001 },
};

it("shows what every operator of a step gives, and each of them alone gives the same bits, as plain arithmetic does", async () => {
  const state = newState(network, new Uint8Array(32).fill(9));
  const x = Float32Array.from({ length: 1_200 }, (_, i) => Math.sin(i));
  const y = Float32Array.from({ length: 12 }, (_, i) => (i % 4 === 0 ? 1 : 0));
  const rates = Float32Array.of(0.05);
  const given: Tensors = {
    ...state,
    X: tensor("float32", [4, 300], x),
    Y: tensor("float32", [4, 3], y),
    LR: tensor("float32", [1], rates),
  };
  const shown = await runOnOrt(shownStep(network), given);
  const nodes = stepNodes(network);
  const plain = showStep(network, given);
  expect(Object.keys(shown).sort()).toEqual(nodes.map(({ output }) => output).sort());
  const values = { ...given, ...shown };
  for (const [index, { output, inputs }] of nodes.entries()) {
    const feeds = Object.fromEntries(inputs.map((name) => [name, values[name]!]));
    const alone = await runOnOrt(oneOperator(network, index), feeds);
    expect(alone, output).toEqual({ [output]: shown[output] });
    expect(unsigned(plain[output]!), output).toEqual(unsigned(shown[output]!));
    expect(unsigned(runOperator(network, index, feeds)), output).toEqual(unsigned(plain[output]!));
  }
  // The last ones are the state.
  const { state: next } = trainMlp(network, state, { x, y, rates });
  const last = Object.values(shown).map((value) => unsigned(value).data);
  for (const value of Object.values(next)) expect(last).toContainEqual(unsigned(value).data);
});

/** As a list of numbers, zeros without a sign. */
function unsigned({ dtype, shape, data }: Tensor) {
  return { dtype, shape, data: Array.from(data as Float32Array, (value) => Number(value) + 0) };
}
