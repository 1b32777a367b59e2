import { writeOnnx } from "../../shared/onnx-writer.ts";
import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { tensor } from "../../shared/tensor.ts";
import { measureAccuracy, measureQuality } from "../../subnets/inference/quality.ts";
import { CLASSES, drawImages, drawLabels, PIXELS } from "../../subnets/inference/shapes.ts";
import type { Trained } from "./model-file.ts";
import { createPerceptron, createTrainer, type Perceptron, predict } from "./perceptron.ts";

/** Nothing up its sleeve: the seed of all training, far from any beacon. */
const SEED = childSeed(new Uint8Array(32), "subforge inference models 1");

const PRIOR: readonly number[] = Array.from({ length: CLASSES }, () => 1 / CLASSES);
const BATCH = 32;
const MOMENTUM = 0.9;

/** Images on which training stops, and others on which the result is measured. */
const STOP_IMAGES = 1_500;
const HELD_OUT_IMAGES = 20_000;

/** Steps between two looks at the quality, and the last step at all. */
const LOOK_EVERY = 5;
const MAX_STEPS = 6_000;

/** One rung of the ladder: training stops at the first look that sees this quality. */
export type Rung = { name: string; hidden: number; stopAt: number; rate: number };

/** From nearly perfect down to barely useful. Different sizes and starting points: they are wrong in different ways. */
export const LADDER: readonly Rung[] = [
  { name: "shapes-95", hidden: 56, stopAt: 0.95, rate: 0.05 },
  { name: "shapes-87", hidden: 40, stopAt: 0.87, rate: 0.04 },
  { name: "shapes-79", hidden: 32, stopAt: 0.79, rate: 0.03 },
  { name: "shapes-70", hidden: 28, stopAt: 0.7, rate: 0.03 },
  { name: "shapes-61", hidden: 24, stopAt: 0.61, rate: 0.02 },
  { name: "shapes-52", hidden: 20, stopAt: 0.52, rate: 0.02 },
  { name: "shapes-43", hidden: 16, stopAt: 0.43, rate: 0.02 },
  { name: "shapes-34", hidden: 12, stopAt: 0.34, rate: 0.02 },
];

/** One model for each rung, and a guesser that never saw an image. */
export function makeInferenceModels(): Trained[] {
  const heldOut = drawSet(childSeed(SEED, "held out"), HELD_OUT_IMAGES);
  return [...LADDER.map(trainRung), makeGuesser()].map((model) => measure(model, heldOut));
}

/** A network and how it came about. */
export type Learner = { name: string; net: Perceptron; how: string };

/** Trains on images without end, a fresh batch for each step, until the rung is reached. */
export function trainRung({ name, hidden, stopAt, rate }: Rung): Learner {
  const seed = childSeed(SEED, name);
  const net = createPerceptron(PIXELS, hidden, CLASSES, randomFrom(childSeed(seed, "start")));
  const learn = createTrainer(net, { rate, momentum: MOMENTUM });
  const stop = drawSet(childSeed(seed, "stop"), STOP_IMAGES);

  let steps = 0;
  while (steps < MAX_STEPS) {
    const { images, labels } = drawSet(childSeed(seed, `batch ${steps}`), BATCH);
    learn(images, labels);
    steps++;
    if (steps % LOOK_EVERY !== 0) continue;
    if (measureQuality(stop.labels, predict(net, stop.images), PRIOR).quality >= stopAt) break;
  }
  return { name, net, how: `${hidden} hidden units, ${steps} steps of ${BATCH} fresh images` };
}

/** Random weights, large enough to be confident: wrong nine times in ten, and sure of it. */
function makeGuesser(): Learner {
  const net = createPerceptron(PIXELS, 16, CLASSES, randomFrom(childSeed(SEED, "guesser")));
  for (let i = 0; i < net.w2.length; i++) net.w2[i]! *= 4;
  return { name: "guesser", net, how: "random weights, not trained at all" };
}

type LabelledImages = { images: Float32Array; labels: number[] };

function measure({ name, net, how }: Learner, { images, labels }: LabelledImages): Trained {
  const probabilities = predict(net, images);
  return {
    name,
    onnx: toOnnx(name, net),
    quality: measureQuality(labels, probabilities, PRIOR).quality,
    accuracy: measureAccuracy(labels, probabilities, CLASSES),
    how,
  };
}

function drawSet(seed: Uint8Array, count: number): LabelledImages {
  const labels = drawLabels(seed, count);
  return { images: drawImages(seed, labels), labels };
}

function toOnnx(name: string, { inputs, hidden, classes, w1, b1, w2, b2 }: Perceptron): Uint8Array {
  return writeOnnx({
    name,
    inputs: [{ name: "x", dtype: "float32", shape: ["N", inputs] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["N", classes] }],
    nodes: [
      { op: "Gemm", inputs: ["x", "W1", "b1"], outputs: ["z1"] },
      { op: "Relu", inputs: ["z1"], outputs: ["a1"] },
      { op: "Gemm", inputs: ["a1", "W2", "b2"], outputs: ["z2"] },
      { op: "Softmax", inputs: ["z2"], outputs: ["y"], attributes: { axis: -1 } },
    ],
    constants: {
      W1: tensor("float32", [inputs, hidden], Float32Array.from(w1)),
      b1: tensor("float32", [hidden], Float32Array.from(b1)),
      W2: tensor("float32", [hidden, classes], Float32Array.from(w2)),
      b2: tensor("float32", [classes], Float32Array.from(b2)),
    },
  });
}
