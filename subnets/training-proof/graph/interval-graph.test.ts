import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { subnetVectors } from "../../../shared/rules/vectors.test-kit.ts";
import { type Tensors, tensor } from "../../../shared/tensor.ts";
import { runOnOrt } from "../../ort-graph.test-kit.ts";
import { hashOfState } from "../proofs.ts";
import { newState } from "./initial-state.ts";
import { intervalGraph } from "./interval-graph.ts";
import type { Network, State } from "./network.ts";
import { type Trained, trainMlp } from "./train-mlp.ts";
import { toTrained } from "./trained.ts";

type Listed = Record<string, { shape: number[]; data: number[] }>;
type Input = Omit<Network, "family"> & {
  steps: number;
  lr: number;
  state: Listed;
  x: number[];
  labels: number[][];
};
type Expected = { state: Listed; stateHash: string | null; losses: number[] };

const vectors = subnetVectors<Input, Expected>("pol_train_interval");

/** What a graph is fed with for these steps. */
type Feeds = { x: Float32Array<ArrayBuffer>; y: Float32Array<ArrayBuffer>; rates: Float32Array<ArrayBuffer> };

async function onOrt(network: Network, state: State, feeds: Feeds, threads?: number): Promise<Trained> {
  const { dims, batch } = network;
  const steps = feeds.rates.length;
  const minibatches: Tensors = {
    X: tensor("float32", [steps, batch, dims[0]!], feeds.x),
    Y: tensor("float32", [steps, batch, dims.at(-1)!], feeds.y),
    LR: tensor("float32", [steps, 1], feeds.rates),
  };
  return toTrained(await runOnOrt(intervalGraph(network), { ...state, ...minibatches }, threads));
}

/** Rows and one-hot classes from a seed. */
function draw({ dims, batch }: Network, steps: number, seed: number): Feeds {
  let value = seed;
  const next = () => {
    value = (Math.imul(value, 1_103_515_245) + 12_345) >>> 0;
    return value / 2 ** 32;
  };
  const [width, classes] = [dims[0]!, dims.at(-1)!];
  const y = new Float32Array(steps * batch * classes);
  for (let row = 0; row < steps * batch; row++) y[row * classes + Math.floor(next() * classes)] = 1;
  return {
    x: Float32Array.from({ length: steps * batch * width }, () => 8 * next() - 4),
    y,
    rates: Float32Array.from({ length: steps }, () => 0.1 * next()),
  };
}

describe.skipIf(!vectors)("pol_train_interval (needs ../shared/vectors/subnets)", () => {
  const cases = vectors?.cases ?? [];

  it.each([
    ["plain arithmetic", (...of: Parameters<typeof trainMlp>) => Promise.resolve(trainMlp(...of))],
    [
      "the graph on onnxruntime",
      (network: Network, state: State, feeds: Feeds) => onOrt(network, state, feeds),
    ],
  ])("%s finds what every case says, in grid mode to the bit", async (_, train) => {
    expect(cases.length).toBeGreaterThan(0);
    for (const { fn, input, expected } of cases) {
      expect(fn).toBe("trainInterval");
      const classes = input.dims.at(-1)!;
      const labels = input.labels.flat();
      const y = new Float32Array(labels.length * classes);
      for (const [row, label] of labels.entries()) y[row * classes + label] = 1;
      const state = Object.fromEntries(
        Object.entries(input.state).map(([name, { shape, data }]) => [
          name,
          tensor("float32", shape, Float32Array.from(data)),
        ]),
      );
      const feeds = { x: Float32Array.from(input.x), y, rates: new Float32Array(input.steps).fill(input.lr) };
      const trained = await train({ ...input, family: "mlp" }, state, feeds);
      if (expected.stateHash !== null) expect(hashOfState(trained.state)).toBe(expected.stateHash);
      for (const [name, { data }] of Object.entries(expected.state)) {
        expect(Array.from(trained.state[name]!.data)).toEqual(
          data.map((number) => expect.closeTo(number, 5)),
        );
      }
      expect(Array.from(trained.losses)).toEqual(expected.losses.map((loss) => expect.closeTo(loss, 5)));
    }
  });
});

describe("an interval in grid mode", () => {
  const network: Network = {
    ...{ family: "mlp", mode: "grid", dims: [300, 130, 7], batch: 16 },
    ...{ momentum: 0.875, weightDecay: 0.001 },
  } as const;

  it("has the same bits from plain arithmetic and from onnxruntime, also where sums are split into blocks", async () => {
    const state = newState(network, new Uint8Array(32).fill(1));
    const feeds = draw(network, 3, 7);
    const plain = trainMlp(network, state, feeds);
    const graph = await onOrt(network, state, feeds);
    expect(hashOfState(graph.state)).toBe(hashOfState(plain.state));
    expect(hashOfState(plain.state)).not.toBe(hashOfState(state));
  });

  it("has the same bits on 1, 2 and 4 threads, and with the rows of each minibatch in another order", async () => {
    const small = { ...network, dims: [64, 32, 10], batch: 32 };
    const state = newState(small, new Uint8Array(32).fill(2));
    const feeds = draw(small, 4, 3);
    const hash = hashOfState(trainMlp(small, state, feeds).state);
    for (const threads of [1, 2, 4]) {
      expect(hashOfState((await onOrt(small, state, feeds, threads)).state)).toBe(hash);
    }
    expect(hashOfState((await onOrt(small, state, reversed(small, feeds))).state)).toBe(hash);
  });

  it("has the same bits as a graph whatever the network, state and rows", async () => {
    const field = fc.record({
      dims: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 4 }),
      batch: fc.integer({ min: 1, max: 6 }),
      seed: fc.integer({ min: 1, max: 1e9 }),
    });
    await fc.assert(
      fc.asyncProperty(field, async ({ dims, batch, seed }) => {
        const any = { ...network, dims, batch };
        const state = newState(any, new Uint8Array(32).fill(seed & 255));
        const feeds = draw(any, 2, seed);
        const graph = await onOrt(any, state, feeds);
        expect(hashOfState(graph.state)).toBe(hashOfState(trainMlp(any, state, feeds).state));
      }),
      { numRuns: 20 },
    );
  });
});

/** Last row of each minibatch first. */
function reversed({ dims, batch }: Network, { x, y, rates }: Feeds): Feeds {
  const turn = (values: Float32Array<ArrayBuffer>, width: number) => {
    const turned = new Float32Array(values.length);
    for (let at = 0; at < values.length / width; at++) {
      const from = at - (at % batch) + (batch - 1 - (at % batch));
      turned.set(values.subarray(from * width, (from + 1) * width), at * width);
    }
    return turned;
  };
  return { x: turn(x, dims[0]!), y: turn(y, dims.at(-1)!), rates };
}
