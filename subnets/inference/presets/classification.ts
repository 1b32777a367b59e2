import { tensor } from "../../../shared/tensor.ts";
import { measureQuality } from "../quality.ts";
import { CLASSES, drawImages, drawLabels, PIXELS } from "../shapes.ts";
import { clarityOf, imitatedErrors } from "./imitation.ts";
import type { Preset } from "./preset.ts";

/** Every class is drawn equally often. */
const PRIOR: readonly number[] = Array.from({ length: CLASSES }, () => 1 / CLASSES);

/** Doubts below this count little: who changes them, changes nothing that is paid. */
const SLIGHT = 0.01;

/**
 * For imitated models. They see the true class so much higher than the others, and an error on every class; what they
 * answer is what Bayes' rule makes of that, so they know their doubts as good models do.
 */
const CLARITIES = [0, 0.93, 1.29, 1.57, 1.81, 2.05, 2.3, 2.57, 2.9, 3.35, 7];

/** Which shape is on an image? A row of truth is the label. */
export const classification: Preset = {
  name: "classification",
  describe: "tell drawn shapes apart",
  inputs: [{ name: "x", dtype: "float32", shape: [PIXELS] }],
  outputs: CLASSES,
  range: "simplex",
  defaultItems: 64,
  truthWidth: 1,
  drawTruth: (seed, count) => Float32Array.from(drawLabels(seed, count)),
  drawFeeds: (seed, count) => ({
    x: tensor("float32", [count, PIXELS], drawImages(seed, drawLabels(seed, count))),
  }),
  metric: "I3 of multi-class MCC and Brier score",
  quality: (truth, y) => (truth.length > 0 ? measureQuality([...truth], y, PRIOR).quality : 0),
  prior: PRIOR,
  /**
   * Of the wrong classes only, how much less likely each is than the others, in logarithms: models that are right agree
   * on the true class, and how sure they are of it may be turned up and down, but each has doubts of its own.
   */
  residuals(truth, y) {
    const logs = Array.from(y, (p) => Math.log(Math.max(0, p) + SLIGHT));
    return Array.from(truth, (label, item) => {
      const row = logs.slice(item * CLASSES, (item + 1) * CLASSES);
      const wrong = row.reduce((sum, value) => sum + value, -row[label]!) / (CLASSES - 1);
      return row.map((value, k) => (k === label ? 0 : value - wrong));
    }).flat();
  },

  imitate(truth, seed, model) {
    const error = imitatedErrors(seed, model);
    const clarity = clarityOf(model.skill, CLARITIES);
    const y = new Float32Array(truth.length * CLASSES);
    truth.forEach((label, item) => {
      const row = y.subarray(item * CLASSES, (item + 1) * CLASSES);
      for (let k = 0; k < CLASSES; k++) row[k] = clarity * (error() + (k === label ? clarity : 0));
      softmaxInPlace(row);
    });
    return y;
  },
};

function softmaxInPlace(row: Float32Array): void {
  const highest = Math.max(...row);
  let sum = 0;
  for (let k = 0; k < row.length; k++) {
    row[k] = Math.exp(row[k]! - highest);
    sum += row[k]!;
  }
  for (let k = 0; k < row.length; k++) row[k]! /= sum;
}
