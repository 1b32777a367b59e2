import { describe, expect, it, onTestFinished } from "vitest";
import { tensor } from "../../../shared/tensor.ts";
import { openOnOrt, runOnOrt } from "../../ort-graph.test-kit.ts";
import { drawRows } from "../dataset.ts";
import { hashOfState } from "../proofs.ts";
import { newState } from "./initial-state.ts";
import { intervalGraph } from "./interval-graph.ts";
import { type Network, parametersOf, type State } from "./network.ts";
import { toTrained } from "./trained.ts";

const FAMILIES: Pick<Network, "family" | "dims">[] = [
  { family: "mlp", dims: [12, 8, 5] },
  { family: "cnn", dims: [64, 3, 4, 5] },
  { family: "tiny-transformer", dims: [6, 9, 8, 2, 5] },
];
const BATCH = 6;

function feedsOf(
  { dims }: Pick<Network, "dims">,
  { steps, rate, batch = BATCH }: { steps: number; rate: number; batch?: number },
) {
  const [width, classes] = [dims[0]!, dims.at(-1)!];
  const seed = new Uint8Array(32);
  const { x, labels } = drawRows(seed, seed.slice().fill(1), { rows: steps * batch, width, classes });
  const y = new Float32Array(steps * batch * classes);
  for (const [row, label] of labels.entries()) y[row * classes + label] = 1;
  return {
    X: tensor("float32", [steps, batch, width], x),
    Y: tensor("float32", [steps, batch, classes], y),
    LR: tensor("float32", [steps, 1], new Float32Array(steps).fill(rate)),
  };
}

/** Moved along a direction that is different for each number. */
function moved(state: State, name: string, by: number): State {
  const data = (state[name]!.data as Float32Array<ArrayBuffer>).map(
    (value, i) => value + by * directionAt(i),
  );
  return { ...state, [name]: tensor("float32", state[name]!.shape, data) };
}

const directionAt = (i: number) => Math.sin(1 + 1.7 * i);

describe.each(FAMILIES)("a $family", (shape) => {
  it("goes down the slope that differences of its loss show, for every parameter", async () => {
    const network: Network = { ...shape, mode: "fp32", batch: BATCH, momentum: 0, weightDecay: 0 };
    const session = await openOnOrt(intervalGraph(network));
    onTestFinished(session.close);
    const state = newState(network, new Uint8Array(32).fill(5));
    const feeds = feedsOf(network, { steps: 1, rate: 0 });
    const run = async (of: State) => toTrained(await session.run({ ...of, ...feeds }));
    const { state: after } = await run(state);
    const h = 2 ** -9;
    for (const { name } of parametersOf(network)) {
      // Without momentum and decay a velocity is the gradient.
      const slope = after[`v${name}`]!.data.reduce((sum, value, i) => sum + value * directionAt(i), 0);
      const [ahead, behind] = [await run(moved(state, name, h)), await run(moved(state, name, -h))];
      const difference = (ahead.losses[0]! - behind.losses[0]!) / (2 * h);
      expect(Math.abs(slope - difference), `${name}: ${slope} and ${difference}`).toBeLessThan(
        2e-3 + 0.02 * Math.abs(slope),
      );
    }
  });

  it("has the same bits in grid mode on 1, 2 and 4 threads and however its rows are ordered", async () => {
    const batch = 32;
    const network: Network = { ...shape, mode: "grid", batch, momentum: 0.875, weightDecay: 2 ** -10 };
    const graph = intervalGraph(network);
    const state = newState(network, new Uint8Array(32).fill(6));
    const feeds = feedsOf(network, { steps: 5, rate: 0.05, batch });
    const trained = toTrained(await runOnOrt(graph, { ...state, ...feeds }));
    const hash = hashOfState(trained.state);
    expect(hash).not.toBe(hashOfState(state));
    for (const threads of [2, 4]) {
      expect(hashOfState(toTrained(await runOnOrt(graph, { ...state, ...feeds }, threads)).state)).toBe(hash);
    }
    const turned = { ...feeds, X: reversed(feeds.X, batch), Y: reversed(feeds.Y, batch) };
    expect(hashOfState(toTrained(await runOnOrt(graph, { ...state, ...turned })).state)).toBe(hash);
  });
});

/** Last row of each minibatch first. */
function reversed({ shape, data }: { shape: readonly number[]; data: Float32Array }, batch: number) {
  const width = shape[2]!;
  const turned = new Float32Array(data.length);
  for (let row = 0; row < data.length / width; row++) {
    const from = row - (row % batch) + (batch - 1 - (row % batch));
    turned.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return tensor("float32", shape, turned);
}
