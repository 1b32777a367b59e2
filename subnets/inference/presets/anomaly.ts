import { tensor } from "../../../shared/tensor.ts";
import { drawFaulty, drawStreams, SENSORS, STEPS } from "./anomaly-streams.ts";
import { precisionSkill } from "./average-precision.ts";
import { clarityOf, imitatedErrors } from "./imitation.ts";
import type { Preset } from "./preset.ts";
import { toRanks } from "./ranks.ts";

/** For imitated models: how much higher they score what is faulty, with an error on every item. */
const CLARITIES = [0, 0.38, 0.67, 0.91, 1.14, 1.36, 1.6, 1.87, 2.21, 2.71, 7];

/** In which of these streams is a sensor faulty? A row of truth is 1 or 0; an answer is a score, higher for faulty. */
export const anomaly: Preset = {
  name: "anomaly",
  describe: "find the sensor streams with a fault in them",
  inputs: [{ name: "x", dtype: "float32", shape: [STEPS, SENSORS] }],
  outputs: 1,
  range: "finite",
  defaultItems: 256, // one in five is faulty, and only those tell a good order from a bad one
  truthWidth: 1,
  drawTruth: drawFaulty,
  drawFeeds: (seed, count) => ({
    x: tensor("float32", [count, STEPS, SENSORS], drawStreams(seed, drawFaulty(seed, count))),
  }),
  metric: "average precision above the share of faults",
  quality: precisionSkill,
  prior: [0],

  /** Places instead of scores, which have no scale, and against the mean of those of the same truth. */
  residuals(truth, y) {
    const ranks = toRanks(y);
    const means = [0, 1].map((kind) => {
      const places = ranks.filter((_, item) => truth[item] === kind);
      return places.reduce((sum, place) => sum + place, 0) / Math.max(1, places.length);
    });
    return Array.from(ranks, (rank, item) => rank - means[truth[item]!]!);
  },

  imitate(truth, seed, model) {
    const error = imitatedErrors(seed, model);
    const clarity = clarityOf(model.skill, CLARITIES);
    return Float32Array.from(truth, (faulty) => clarity * faulty + error());
  },
};
