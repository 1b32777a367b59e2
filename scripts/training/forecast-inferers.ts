import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { boostTrees, predictBoosted } from "./boosted-trees.ts";
import { infererOnnx, linearPart, nodePart, perceptronPart } from "./forecast-graphs.ts";
import { createPerceptron, createValueTrainer, predictValues } from "./perceptron.ts";
import { fitRidge } from "./ridge.ts";
import { treesNode } from "./tree-onnx.ts";

/** Newest moves of the moving average. */
const AVERAGED = 5;
/** Newest values that the autoregression looks at, and how much it is held back. */
const ORDER = 6;
const RIDGE = 1e-3;

const MLP = { hidden: 24, steps: 4_000, batch: 64, rate: 4e-3 };
const TREES = { trees: 120, depth: 4, rate: 0.08, leafRows: 20 };

/** Windows in their own units: of each row the mean is 0 and the deviation 1. */
export type Windows = {
  /** Row-major [rows, length], oldest first. */
  z: Float32Array;
  length: number;
  /** What came, in the units of the window. */
  next: Float64Array;
  /** What one unit of the window is. */
  units: Float64Array;
};

/** A way to say what comes, in the units of the window, and the file that says it. */
export type Inferer = {
  name: string;
  how: string;
  predict(windows: Windows): Float64Array;
  onnx: Uint8Array;
};

/**
 * The five, from nothing learned to trees.
 *
 * @param features - F of the template's x [1, L, F]; the first of them is the series.
 */
export function makeInferers(training: Windows, features: number, seed: Uint8Array): Inferer[] {
  const { length } = training;
  const file = (name: string, part?: Parameters<typeof infererOnnx>[3]) =>
    infererOnnx(name, length, features, part);
  const average = new Float64Array(length);
  average[length - 1] = 1 + 1 / AVERAGED;
  average[length - 1 - AVERAGED] = -1 / AVERAGED;
  const autoregression = fitAutoregression(training);
  const net = trainMlp(training, childSeed(seed, "mlp"));
  const boosted = boostTrees(training.z, changes(training), TREES);
  const rows = training.next.length;
  return [
    {
      name: "persistence",
      how: "the last value again",
      predict: newest,
      onnx: file("persistence"),
    },
    {
      name: "moving-average",
      how: `the last value, and the mean of the last ${AVERAGED} moves`,
      predict: (windows) => dot(windows, average),
      onnx: file("moving-average", linearPart(average)),
    },
    {
      name: "ar-ridge",
      how: `ridge regression on the last ${ORDER} values, ${rows} windows`,
      predict: (windows) => dot(windows, autoregression),
      onnx: file("ar-ridge", linearPart(autoregression)),
    },
    {
      name: "mlp",
      how: `${MLP.hidden} hidden units, ${MLP.steps} steps of ${MLP.batch} of ${rows} windows`,
      predict: (windows) => added(newest(windows), predictValues(net, windows.z)),
      onnx: file("mlp", perceptronPart(net)),
    },
    {
      name: "boosted-trees",
      how: `${TREES.trees} boosted trees of depth ${TREES.depth}, ${rows} windows`,
      predict: (windows) => added(newest(windows), predictBoosted(boosted, windows.z)),
      onnx: file("boosted-trees", nodePart(treesNode(boosted, "z", "change"), length)),
    },
  ];
}

function fitAutoregression({ z, length, next }: Windows): Float64Array {
  const seen = new Float64Array(next.length * ORDER);
  for (let row = 0; row < next.length; row++)
    for (let lag = 0; lag < ORDER; lag++) seen[row * ORDER + lag] = z[row * length + length - ORDER + lag]!;
  const weights = new Float64Array(length);
  weights.set(fitRidge(seen, next, RIDGE), length - ORDER);
  return weights;
}

function trainMlp(windows: Windows, seed: Uint8Array) {
  const { z, length, next } = windows;
  const net = createPerceptron(length, MLP.hidden, 1, randomFrom(childSeed(seed, "start")));
  const learn = createValueTrainer(net);
  const random = randomFrom(childSeed(seed, "rows"));
  const change = changes(windows);
  const x = new Float32Array(MLP.batch * length);
  for (let step = 0; step < MLP.steps; step++) {
    const picks = Array.from({ length: MLP.batch }, () => random.below(next.length));
    picks.forEach((row, at) => {
      x.set(z.subarray(row * length, (row + 1) * length), at * length);
    });
    const rate = MLP.rate * (1 - step / MLP.steps);
    learn(
      x,
      Float64Array.from(picks, (row) => change[row]!),
      rate,
    );
  }
  return net;
}

/** From the newest value to what came. */
function changes(windows: Windows): Float64Array {
  const now = newest(windows);
  return windows.next.map((value, row) => value - now[row]!);
}

function newest({ z, length, next }: Windows): Float64Array {
  return next.map((_, row) => z[(row + 1) * length - 1]!);
}

function dot({ z, length, next }: Windows, weights: Float64Array): Float64Array {
  return next.map((_, row) => weights.reduce((sum, weight, t) => sum + weight * z[row * length + t]!, 0));
}

function added(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => value + b[row]!);
}
