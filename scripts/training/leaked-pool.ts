import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { classification } from "../../subnets/inference/presets/classification.ts";
import { CLASSES, drawImages, drawLabels, PIXELS } from "../../subnets/inference/shapes.ts";
import { createPerceptron, createTrainer, type Perceptron, predict } from "./perceptron.ts";

const SEED = childSeed(new Uint8Array(32), "subforge leaked pool 1");
const HIDDEN = 32;
const BATCH = 32;
const PACE = { rate: 0.04, momentum: 0.9 };

/** Images that leaked, and fresh ones on which both models are measured. */
const POOL_ITEMS = 512;
const FRESH_ITEMS = 4_000;

/** Qualities, 0..1, and how much the leak was worth. `recalled` is that of the leaked images themselves. */
export type LeakMeasure = { without: number; withLeak: number; recalled: number; gain: number };

/**
 * Section 3, precomputed: what does a model gain by learning a leaked pool of images by heart? Two models of one size
 * and start take equally many steps; one learns fresh images alone, the other the pool in every second step. Both are
 * measured on images that were drawn afterwards, as every question is.
 */
export function measureLeakedPool(steps = 800): LeakMeasure {
  const pool = drawSet("pool", POOL_ITEMS);
  const fresh = drawSet("measured", FRESH_ITEMS);
  const [honest, leaked] = [trainModel(steps), trainModel(steps, pool)];
  const [without, withLeak] = [qualityOf(honest, fresh), qualityOf(leaked, fresh)];
  return { without, withLeak, recalled: qualityOf(leaked, pool), gain: withLeak - without };
}

type LabelledImages = { images: Float32Array; labels: number[] };

function trainModel(steps: number, pool?: LabelledImages): Perceptron {
  const net = createPerceptron(PIXELS, HIDDEN, CLASSES, randomFrom(childSeed(SEED, "start")));
  const learn = createTrainer(net, PACE);
  const pick = randomFrom(childSeed(SEED, "picks"));
  for (let step = 0; step < steps; step++) {
    const batch = pool && step % 2 === 1 ? pickFrom(pool) : drawSet(`batch ${step}`, BATCH);
    learn(batch.images, batch.labels);
  }
  return net;

  function pickFrom({ images, labels }: LabelledImages): LabelledImages {
    const items = pick.sample(POOL_ITEMS, BATCH);
    const rows = new Float32Array(BATCH * PIXELS);
    items.forEach((item, row) => {
      rows.set(images.subarray(item * PIXELS, (item + 1) * PIXELS), row * PIXELS);
    });
    return { images: rows, labels: items.map((item) => labels[item]!) };
  }
}

function qualityOf(net: Perceptron, { images, labels }: LabelledImages): number {
  return classification.quality(Float32Array.from(labels), predict(net, images));
}

function drawSet(label: string, count: number): LabelledImages {
  const seed = childSeed(SEED, label);
  const labels = drawLabels(seed, count);
  return { images: drawImages(seed, labels), labels };
}
