import type { Agent } from "../../shared/template.ts";
import { tensor } from "../../shared/tensor.ts";
import { CLASSES } from "./shapes.ts";
import type { ClassifyRequest, ClassifyResponse } from "./synapse.ts";

type InferenceAgent = Agent<ClassifyRequest, ClassifyResponse>;

/** Running a model is nearly all the cost of an answer; not running one leaves the traffic. */
const WITHOUT_MODEL = 0.05;

const prior: InferenceAgent = {
  name: "constant-prior",
  describe: "gives every class the same probability and never looks at an image",
  cost: WITHOUT_MODEL,
  answer: async ({ x }) => toResponse(x.shape[0]!, () => 1 / CLASSES),
};

const majority: InferenceAgent = {
  name: "majority-class",
  describe: "is certain that every image shows the first class",
  cost: WITHOUT_MODEL,
  answer: async ({ x }) => toResponse(x.shape[0]!, (_, k) => (k === 0 ? 1 : 0)),
};

const random: InferenceAgent = {
  name: "random",
  describe: "draws its probabilities without looking at the images",
  cost: WITHOUT_MODEL,
  answer: async ({ x }, miner) => {
    const rows = Array.from({ length: x.shape[0]! }, () => {
      const row = Array.from({ length: CLASSES }, () => miner.random() + 1e-6); // never a row of zeros
      const sum = row.reduce((total, value) => total + value, 0);
      return row.map((value) => value / sum);
    });
    return toResponse(rows.length, (item, k) => rows[item]![k]!);
  },
};

const replay: InferenceAgent = {
  name: "replay",
  describe: "runs its model once and repeats that answer to every question of the same size",
  cost: WITHOUT_MODEL,
  answer: async ({ x }, miner) => {
    const key = `answer to ${x.shape[0]}`;
    const known = miner.memory.get(key) as ClassifyResponse | undefined;
    if (known) return known;
    const response = await miner.honest();
    miner.memory.set(key, response);
    return response;
  },
};

/** Ways to save the work. None of them pays. */
export const agents: readonly InferenceAgent[] = [prior, majority, random, replay];

function toResponse(items: number, probability: (item: number, k: number) => number): ClassifyResponse {
  const data = Float32Array.from({ length: items * CLASSES }, (_, i) =>
    probability(Math.floor(i / CLASSES), i % CLASSES),
  );
  return { y: tensor("float32", [items, CLASSES], data) };
}
