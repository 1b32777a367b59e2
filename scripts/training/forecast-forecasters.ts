import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { forecasterOnnx } from "./forecast-graphs.ts";
import { createPerceptron, createValueTrainer, type Perceptron, predictValues } from "./perceptron.ts";

const HIDDEN = 16;
const STEPS = 1_500;
const BATCH = 128;
const RATE = 4e-3;

/** What forecasters saw of peers, and what became of them, a row for each peer and nonce. */
export type PeerRows = {
  /** Row-major [rows, features]. */
  seen: Float32Array;
  features: number;
  /** Log10 loss of the combined value minus its own. */
  regret: Float64Array;
  /** The same as a z-score among the peers of the nonce. */
  z: Float64Array;
};

/** `said`: any number, more for a peer that is expected to be better. */
export type Forecaster = {
  name: string;
  how: string;
  net: Perceptron;
  onnx: Uint8Array;
};

/** One that learned regrets, and one that learned their z-scores. */
export function makeForecasters(rows: PeerRows, seed: Uint8Array): Forecaster[] {
  return (["regret", "z"] as const).map((of) => {
    const name = of === "z" ? "z-forecaster" : "regret-forecaster";
    const net = trainNet(rows, rows[of], childSeed(seed, name));
    return {
      name,
      how: `learned ${of === "z" ? "z-scores of regrets" : "regrets"}, ${HIDDEN} hidden units, ${STEPS} steps of ${BATCH} of ${rows.z.length} rows`,
      net,
      onnx: forecasterOnnx(name, net, of === "regret"),
    };
  });
}

/** z-scores that a net says of the peers of one nonce. @param seen - [peers, features]. */
export function sayPeers(net: Perceptron, seen: Float32Array): number[] {
  return toZ([...predictValues(net, seen)]);
}

/** Distances from the mean in deviations; all 0 when there is none. */
function toZ(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const unit = Math.max(Math.sqrt(variance), 1e-6);
  return values.map((value) => (value - mean) / unit);
}

function trainNet({ seen, features }: PeerRows, target: Float64Array, seed: Uint8Array): Perceptron {
  const { means, units } = scaleOf(seen, features);
  const net = createPerceptron(features, HIDDEN, 1, randomFrom(childSeed(seed, "start")));
  const learn = createValueTrainer(net);
  const random = randomFrom(childSeed(seed, "rows"));
  const x = new Float32Array(BATCH * features);
  for (let step = 0; step < STEPS; step++) {
    const picks = Array.from({ length: BATCH }, () => random.below(target.length));
    picks.forEach((row, at) => {
      for (let f = 0; f < features; f++) {
        x[at * features + f] = (seen[row * features + f]! - means[f]!) / units[f]!;
      }
    });
    learn(
      x,
      Float64Array.from(picks, (row) => target[row]!),
      RATE * (1 - step / STEPS),
    );
  }
  return foldScale(net, means, units);
}

/** Mean and deviation of each feature. */
function scaleOf(seen: Float32Array, features: number) {
  const rows = seen.length / features;
  const means = new Float64Array(features);
  const units = new Float64Array(features);
  seen.forEach((value, at) => {
    means[at % features]! += value / rows;
  });
  seen.forEach((value, at) => {
    units[at % features]! += (value - means[at % features]!) ** 2 / rows;
  });
  return { means, units: units.map((variance) => Math.max(Math.sqrt(variance), 1e-3)) };
}

/** The same network on features as they are. */
function foldScale(net: Perceptron, means: Float64Array, units: Float64Array): Perceptron {
  const w1 = net.w1.map((weight, at) => weight / units[Math.floor(at / net.hidden)]!);
  const b1 = Float64Array.from(net.b1);
  for (let f = 0; f < net.inputs; f++)
    for (let h = 0; h < net.hidden; h++) b1[h]! -= means[f]! * w1[f * net.hidden + h]!;
  return { ...net, w1, b1 };
}
