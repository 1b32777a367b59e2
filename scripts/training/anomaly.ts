import { writeOnnx } from "../../shared/onnx-writer.ts";
import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { tensor } from "../../shared/tensor.ts";
import { drawFaulty, drawStreams, SENSORS, STEPS } from "../../subnets/inference/presets/anomaly-streams.ts";
import { averagePrecision, precisionSkill } from "../../subnets/inference/presets/average-precision.ts";
import type { Trained } from "./model-file.ts";
import { createPerceptron, createTrainer, type Perceptron, predict } from "./perceptron.ts";
import { FEATURES, featureNodes, KINDS, streamFeatures, VIEWS, type View } from "./stream-features.ts";

/** Nothing up its sleeve: the seed of all training, far from any beacon. */
const SEED = childSeed(new Uint8Array(32), "subforge anomaly models 1");

const TRAINING_ITEMS = 8_000;
const STOP_ITEMS = 2_000;
const HELD_OUT_ITEMS = 6_000;

const BATCH = 32;
const MOMENTUM = 0.9;
const RATE = 0.03;

/** Steps between two looks at the quality, and the last step at all. */
const LOOK_EVERY = 5;
const MAX_STEPS = 3_000;

/** One rung of the ladder: what it sees of a stream, and the quality at which training stops. */
type Rung = {
  name: string;
  views: readonly View[];
  kinds: readonly (typeof KINDS)[number][];
  hidden: number;
  stopAt: number;
};

/** The less a model sees, the less it can find; what each misses is not what the others miss. */
const ANOMALY_LADDER: readonly Rung[] = [
  { name: "anomaly-78", views: VIEWS, kinds: KINDS, hidden: 24, stopAt: 0.8 },
  {
    name: "anomaly-69",
    views: ["compared"],
    kinds: ["bends", "steps", "ramps", "most", "least"],
    hidden: 20,
    stopAt: 0.69,
  },
  {
    name: "anomaly-59",
    views: VIEWS,
    kinds: ["moves", "most", "least", "movement"],
    hidden: 16,
    stopAt: 0.59,
  },
  { name: "anomaly-49", views: ["alone"], kinds: ["bends", "steps", "least"], hidden: 16, stopAt: 0.49 },
  { name: "anomaly-39", views: VIEWS, kinds: ["ramps", "steps"], hidden: 12, stopAt: 0.39 },
  { name: "anomaly-29", views: ["alone"], kinds: ["bends", "ramps"], hidden: 12, stopAt: 0.29 },
];

/** One model for each rung, and a guesser that never saw a stream. */
export function makeAnomalyModels(): Trained[] {
  const training = drawSet("training", TRAINING_ITEMS);
  const scale = scaleOf(training.features);
  const stop = drawSet("stop", STOP_ITEMS);
  const heldOut = drawSet("held out", HELD_OUT_ITEMS);
  const learners = ANOMALY_LADDER.map((rung) => trainRung(rung, training, stop, scale));
  return [...learners, makeGuesser()].map((learner) => measure(learner, heldOut, scale));
}

/** A network over some of the features, and how it came about. */
type Learner = { name: string; columns: readonly number[]; net: Perceptron; how: string };

/** Streams by what is read off them, [items, FEATURES]. */
type StreamSet = { faulty: Float32Array; features: Float64Array };

/** Mean and deviation of each feature. */
type Scale = { means: Float64Array; deviations: Float64Array };

function trainRung(rung: Rung, training: StreamSet, stop: StreamSet, scale: Scale): Learner {
  const { name, views, kinds, hidden, stopAt } = rung;
  const seed = childSeed(SEED, name);
  const columns = columnsOf(views, kinds);
  const net = createPerceptron(columns.length, hidden, 2, randomFrom(childSeed(seed, "start")));
  const learn = createTrainer(net, { rate: RATE, momentum: MOMENTUM });
  const pick = randomFrom(childSeed(seed, "batches"));
  const [inputs, stopInputs] = [training, stop].map(({ features }) => select(features, columns, scale));

  let steps = 0;
  while (steps < MAX_STEPS) {
    const items = Array.from({ length: BATCH }, () => pick.below(TRAINING_ITEMS));
    const rows = new Float32Array(BATCH * columns.length);
    items.forEach((item, row) => {
      const from = item * columns.length;
      rows.set(inputs!.subarray(from, from + columns.length), row * columns.length);
    });
    learn(
      rows,
      items.map((item) => training.faulty[item]!),
    );
    steps++;
    if (steps % LOOK_EVERY !== 0) continue;
    if (precisionSkill(stop.faulty, scoresOf(net, stopInputs!)) >= stopAt) break;
  }
  return {
    name,
    columns,
    net,
    how: `${kinds.join(", ")} of ${views.join(" and ")}, ${hidden} hidden units, ${steps} steps of ${BATCH} streams`,
  };
}

/** Random weights over everything there is to see. */
function makeGuesser(): Learner {
  const columns = columnsOf(["alone"], ["moves"]);
  const net = createPerceptron(columns.length, 4, 2, randomFrom(childSeed(SEED, "guesser")));
  net.w1.fill(0); // what it reads off a stream would be worth something, turned the right way round
  return { name: "anomaly-guesser", columns, net, how: "gives every stream the same score" };
}

function measure({ name, columns, net, how }: Learner, heldOut: StreamSet, scale: Scale): Trained {
  const scores = scoresOf(net, select(heldOut.features, columns, scale));
  return {
    name,
    onnx: toOnnx(name, columns, net, scale),
    quality: precisionSkill(heldOut.faulty, scores),
    accuracy: averagePrecision(heldOut.faulty, scores),
    metric: "average precision",
    how,
  };
}

function drawSet(label: string, items: number): StreamSet {
  const seed = childSeed(SEED, label);
  const faulty = drawFaulty(seed, items);
  return { faulty, features: streamFeatures(drawStreams(seed, faulty)) };
}

function scaleOf(features: Float64Array): Scale {
  const items = features.length / FEATURES;
  const means = new Float64Array(FEATURES);
  const deviations = new Float64Array(FEATURES);
  features.forEach((value, i) => {
    means[i % FEATURES]! += value / items;
  });
  features.forEach((value, i) => {
    deviations[i % FEATURES]! += (value - means[i % FEATURES]!) ** 2 / items;
  });
  return { means, deviations: deviations.map(Math.sqrt) };
}

function columnsOf(views: readonly View[], kinds: readonly string[]): number[] {
  return Array.from({ length: FEATURES }, (_, column) => column).filter((column) => {
    const view = VIEWS[Math.floor(column / (2 * KINDS.length))]!;
    return views.includes(view) && kinds.includes(KINDS[column % KINDS.length]!);
  });
}

/** These columns, each with mean 0 and deviation 1. */
function select(
  features: Float64Array,
  columns: readonly number[],
  { means, deviations }: Scale,
): Float32Array {
  const items = features.length / FEATURES;
  return Float32Array.from({ length: items * columns.length }, (_, i) => {
    const column = columns[i % columns.length]!;
    const value = features[Math.floor(i / columns.length) * FEATURES + column]!;
    return (value - means[column]!) / deviations[column]!;
  });
}

/** Log of the odds that something is faulty: the same order as its probability, with more digits at the ends. */
function scoresOf(net: Perceptron, inputs: Float32Array): Float64Array {
  const probabilities = predict(net, inputs);
  return Float64Array.from({ length: probabilities.length / 2 }, (_, item) =>
    Math.log(probabilities[2 * item + 1]! / probabilities[2 * item]!),
  );
}

/** Features, the network over them with the scale folded into its first layer, and one output: the odds. */
function toOnnx(name: string, columns: readonly number[], net: Perceptron, scale: Scale): Uint8Array {
  const { hidden, w1, b1, w2, b2 } = net;
  const first = new Float32Array(FEATURES * hidden);
  const bias = Float64Array.from(b1);
  columns.forEach((column, input) => {
    for (let h = 0; h < hidden; h++) {
      const weight = w1[input * hidden + h]! / scale.deviations[column]!;
      first[column * hidden + h] = weight;
      bias[h]! -= weight * scale.means[column]!;
    }
  });
  const { nodes, constants } = featureNodes();
  return writeOnnx({
    name,
    inputs: [{ name: "x", dtype: "float32", shape: ["N", STEPS, SENSORS] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["N", 1] }],
    nodes: [
      ...nodes,
      { op: "Gemm", inputs: ["features", "W1", "b1"], outputs: ["z1"] },
      { op: "Relu", inputs: ["z1"], outputs: ["a1"] },
      { op: "Gemm", inputs: ["a1", "W2", "b2"], outputs: ["y"] },
    ],
    constants: {
      ...constants,
      W1: tensor("float32", [FEATURES, hidden], first),
      b1: tensor("float32", [hidden], Float32Array.from(bias)),
      W2: tensor(
        "float32",
        [hidden, 1],
        Float32Array.from({ length: hidden }, (_, h) => w2[2 * h + 1]! - w2[2 * h]!),
      ),
      b2: tensor("float32", [1], Float32Array.of(b2[1]! - b2[0]!)),
    },
  });
}
