import type { Random } from "../../shared/rules/beacon.ts";
import { createAdam } from "./adam.ts";

/** Values of a network with one hidden layer: `softmax(relu(x W1 + b1) W2 + b2)`. Matrices are row-major [in x out]. */
export type Perceptron = {
  inputs: number;
  hidden: number;
  classes: number;
  w1: Float64Array;
  b1: Float64Array;
  w2: Float64Array;
  b2: Float64Array;
};

/** Weights from a normal distribution that keeps the size of what flows through (He et al. 2015). */
export function createPerceptron(
  inputs: number,
  hidden: number,
  classes: number,
  random: Random,
): Perceptron {
  const normal = (count: number, fanIn: number) =>
    Float64Array.from({ length: count }, () => random.normal() * Math.sqrt(2 / fanIn));
  return {
    inputs,
    hidden,
    classes,
    w1: normal(inputs * hidden, inputs),
    b1: new Float64Array(hidden),
    w2: normal(hidden * classes, hidden),
    b2: new Float64Array(classes),
  };
}

/** @returns Probabilities [rows, classes], row-major. */
export function predict(net: Perceptron, x: ArrayLike<number>): Float64Array {
  const out = predictValues(net, x);
  for (let at = 0; at < out.length; at += net.classes) softmaxInPlace(out.subarray(at, at + net.classes));
  return out;
}

/** The same network without its softmax, for those that say a number. @returns [rows, classes], row-major. */
export function predictValues(net: Perceptron, x: ArrayLike<number>): Float64Array {
  const rows = x.length / net.inputs;
  const out = new Float64Array(rows * net.classes);
  const hidden = new Float64Array(net.hidden);
  for (let row = 0; row < rows; row++) {
    forward(net, x, row, hidden, out.subarray(row * net.classes, (row + 1) * net.classes));
  }
  return out;
}

/** How fast to learn, and how much of the last step to keep. */
export type Pace = { rate: number; momentum: number };

/** Steps of stochastic gradient descent on the cross-entropy, with momentum. Keeps its velocity between calls. */
export function createTrainer(
  net: Perceptron,
  { rate, momentum }: Pace,
): (x: Float32Array, labels: readonly number[]) => void {
  const values = [net.w1, net.b1, net.w2, net.b2];
  const velocities = values.map(({ length }) => new Float64Array(length));
  const gradients = values.map(({ length }) => new Float64Array(length));
  const hidden = new Float64Array(net.hidden);
  const delta = new Float64Array(net.classes);

  return (x, labels) => {
    for (const gradient of gradients) gradient.fill(0);
    labels.forEach((label, row) => {
      forward(net, x, row, hidden, delta);
      softmaxInPlace(delta);
      delta[label]! -= 1;
      backward(net, x, row, hidden, delta, gradients);
    });
    values.forEach((value, part) => {
      const [velocity, gradient] = [velocities[part]!, gradients[part]!];
      for (let i = 0; i < value.length; i++) {
        velocity[i] = momentum * velocity[i]! - (rate * gradient[i]!) / labels.length;
        value[i]! += velocity[i]!;
      }
    });
  };
}

/**
 * Steps of Adam on the squared error of a network that says one number. Keeps its averages between calls.
 *
 * @returns One step with this learning rate, on the mean over the rows.
 */
export function createValueTrainer(
  net: Perceptron,
): (x: Float32Array, y: ArrayLike<number>, rate: number) => void {
  const values = [net.w1, net.b1, net.w2, net.b2];
  const gradients = values.map(({ length }) => new Float64Array(length));
  const step = createAdam(values, gradients);
  const hidden = new Float64Array(net.hidden);
  const delta = new Float64Array(net.classes);
  return (x, y, rate) => {
    for (let row = 0; row < y.length; row++) {
      forward(net, x, row, hidden, delta);
      delta[0] = (delta[0]! - y[row]!) / y.length;
      backward(net, x, row, hidden, delta, gradients);
    }
    step(rate);
  };
}

function forward(
  net: Perceptron,
  x: ArrayLike<number>,
  row: number,
  hidden: Float64Array,
  out: Float64Array,
) {
  hidden.set(net.b1);
  for (let i = 0; i < net.inputs; i++) {
    const value = x[row * net.inputs + i]!;
    const at = i * net.hidden;
    for (let h = 0; h < net.hidden; h++) hidden[h]! += value * net.w1[at + h]!;
  }
  out.set(net.b2);
  for (let h = 0; h < net.hidden; h++) {
    if (hidden[h]! <= 0) hidden[h] = 0;
    const at = h * net.classes;
    for (let k = 0; k < net.classes; k++) out[k]! += hidden[h]! * net.w2[at + k]!;
  }
}

/** Adds the gradients of one row. `delta` is what was said minus the truth. */
function backward(
  net: Perceptron,
  x: ArrayLike<number>,
  row: number,
  hidden: Float64Array,
  delta: Float64Array,
  [gw1, gb1, gw2, gb2]: Float64Array[],
): void {
  for (let k = 0; k < net.classes; k++) gb2![k]! += delta[k]!;
  for (let h = 0; h < net.hidden; h++) {
    if (hidden[h] === 0) continue; // relu: nothing flows back
    const at = h * net.classes;
    let back = 0;
    for (let k = 0; k < net.classes; k++) {
      gw2![at + k]! += hidden[h]! * delta[k]!;
      back += net.w2[at + k]! * delta[k]!;
    }
    gb1![h]! += back;
    for (let i = 0; i < net.inputs; i++) gw1![i * net.hidden + h]! += x[row * net.inputs + i]! * back;
  }
}

function softmaxInPlace(values: Float64Array): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (const value of values) highest = Math.max(highest, value);
  let sum = 0;
  for (let k = 0; k < values.length; k++) {
    values[k] = Math.exp(values[k]! - highest);
    sum += values[k]!;
  }
  for (let k = 0; k < values.length; k++) values[k]! /= sum;
}
