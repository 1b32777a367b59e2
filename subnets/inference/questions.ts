import { childSeed, hiddenSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { minersOf } from "../../shared/rules/participants.ts";
import type { EpochContext, Job } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { InferenceConfig } from "./config.ts";
import { drawImages, drawLabels, PIXELS } from "./shapes.ts";

/** What a question is made from. The seed never leaves the validator before the epoch is over. */
export type InferenceTask = { seed: string; items: number; shared: number };

/** Where an image stands in one miner's question. `shared` is its number among those that everybody gets. */
export type Item = { label: number; shared: number | undefined };

/** One question a round to everybody. Answering is one step: a stage that commits first would be planned here. */
export function planQuestions(context: EpochContext<InferenceConfig>): Job<InferenceTask>[] {
  const to = minersOf(context);
  if (to.length === 0) return [];
  const { preset, rounds, items, sharedShare } = context.config;
  const shared = Math.min(items - 1, Math.max(1, Math.round(items * sharedShare)));
  const seed = hiddenSeed(context, `inference/${preset}`);
  return Array.from({ length: rounds }, (_, round) => ({
    taskId: `round-${round}`,
    stage: "ask",
    synapse: "ask",
    to,
    task: { seed: Buffer.from(childSeed(seed, `round ${round}`)).toString("hex"), items, shared },
  }));
}

/** The truth of one miner's question, without drawing it. */
export function itemsOf(task: InferenceTask, miner: Hotkey): Item[] {
  const { shared, unique } = seedsOf(task, miner);
  const sharedItems = drawLabels(shared, task.shared).map((label, index) => ({ label, shared: index }));
  const uniqueItems = drawLabels(unique, task.items - task.shared).map((label) => ({
    label,
    shared: undefined,
  }));
  return inOrder([...sharedItems, ...uniqueItems], orderOf(task, miner));
}

/** The images of one miner's question. @returns float32 [items, PIXELS] */
export function imagesOf(task: InferenceTask, miner: Hotkey): Float32Array<ArrayBuffer> {
  const { unique } = seedsOf(task, miner);
  const sharedImages = sharedImagesOf(task);
  const uniqueImages = drawImages(unique, drawLabels(unique, task.items - task.shared));
  const images = new Float32Array(task.items * PIXELS);
  orderOf(task, miner).forEach((source, position) => {
    const from = source < task.shared ? sharedImages : uniqueImages;
    const index = source < task.shared ? source : source - task.shared;
    images.set(from.subarray(index * PIXELS, (index + 1) * PIXELS), position * PIXELS);
  });
  return images;
}

/** Everybody's shared images are the same: drawn once for a job that asks many. */
const sharedImagesByTask = new WeakMap<InferenceTask, Float32Array>();

function sharedImagesOf(task: InferenceTask): Float32Array {
  let images = sharedImagesByTask.get(task);
  if (!images) {
    const seed = childSeed(Buffer.from(task.seed, "hex"), "shared");
    images = drawImages(seed, drawLabels(seed, task.shared));
    sharedImagesByTask.set(task, images);
  }
  return images;
}

function seedsOf(task: InferenceTask, miner: Hotkey): { shared: Uint8Array; unique: Uint8Array } {
  const seed = Buffer.from(task.seed, "hex");
  return { shared: childSeed(seed, "shared"), unique: childSeed(seed, `unique ${miner}`) };
}

/** A miner cannot tell which images others get too: each has them in an order of its own. */
function orderOf(task: InferenceTask, miner: Hotkey): number[] {
  return randomFrom(childSeed(Buffer.from(task.seed, "hex"), `order ${miner}`)).shuffle(task.items);
}

function inOrder<T>(values: readonly T[], order: readonly number[]): T[] {
  return order.map((index) => values[index]!);
}
