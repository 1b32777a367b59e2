import { tensor } from "../../../shared/tensor.ts";
import { measureQuality } from "../quality.ts";
import { CLASSES, drawImages, drawLabels, PIXELS } from "../shapes.ts";
import { quickNormals } from "./noise.ts";
import type { Preset } from "./preset.ts";

/** Every class is drawn equally often. */
const PRIOR: readonly number[] = Array.from({ length: CLASSES }, () => 1 / CLASSES);

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
  residuals: (truth, y) =>
    Array.from(y, (p, i) => p - (truth[Math.floor(i / CLASSES)] === i % CLASSES ? 1 : 0)),

  imitate(truth, seed, model) {
    const own = quickNormals(model.seed, Buffer.from(seed).toString("hex"));
    const clarity = toClarity(model.skill);
    const y = new Float32Array(truth.length * CLASSES);
    truth.forEach((label, item) => {
      const row = y.subarray(item * CLASSES, (item + 1) * CLASSES);
      for (let k = 0; k < CLASSES; k++) row[k] = clarity * (own() + (k === label ? clarity : 0));
      softmaxInPlace(row);
    });
    return y;
  },
};

/**
 * Skill to signal over noise. The model sees `clarity` on the true class, and noise of 1 on every class; what it then
 * answers is what Bayes' rule makes of it, so it is as calibrated as a good model.
 */
function toClarity(skill: number): number {
  return 5 * skill;
}

function softmaxInPlace(row: Float32Array): void {
  const highest = Math.max(...row);
  let sum = 0;
  for (let k = 0; k < row.length; k++) {
    row[k] = Math.exp(row[k]! - highest);
    sum += row[k]!;
  }
  for (let k = 0; k < row.length; k++) row[k]! /= sum;
}
