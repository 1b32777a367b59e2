import type { Tensor } from "../../../shared/tensor.ts";

/** A tensor that goes into the model, without its first dimension, which counts items. */
export type PresetInput = {
  name: "x" | "aux";
  dtype: "float32" | "int64";
  shape: readonly number[];
  /** int64 only: values are 0..below-1. Others are refused before a model looks something up with them. */
  below?: number;
};

/**
 * A model that is not there: its answers are made from the truth. `seed` (32 bytes) decides how it is wrong, `skill`
 * (0..1) how much.
 */
export type ImitatedModel = { seed: Uint8Array; skill: number };

/**
 * One kind of question that `inference` can ask: where items come from, what is true of them, and how good an answer is.
 *
 * All of it is pure. Items are drawn from a seed of 32 bytes, and the first k of n items are the same for every n >= k,
 * so an item is known by its seed and its index. Truth and answers are flat, row-major and one row per item: rows of
 * several draws may be put one below the other, in any order, and be judged together.
 */
export type Preset = {
  name: string;
  /** What is asked, in half a sentence. */
  describe: string;
  /** First `x`, then `aux` where there is a second one. */
  inputs: readonly PresetInput[];
  /** Numbers in an answer: y is float32 [items, outputs]. */
  outputs: number;
  /** Rows of probabilities that sum to 1; numbers of 0..1 each; or any finite numbers, of which the order counts. */
  range: "simplex" | "unit" | "finite";
  /** Items in a question where the configuration does not say: enough for the metric to rank miners in an epoch. */
  defaultItems: number;
  /** Numbers in one row of truth. */
  truthWidth: number;
  /** What is true of the items, [count, truthWidth], without drawing what does not matter for it. */
  drawTruth(seed: Uint8Array, count: number): Float32Array;
  /** What a miner gets to see of them, by name of the input. */
  drawFeeds(seed: Uint8Array, count: number): Record<string, Tensor>;
  /** What the metric is called. */
  metric: string;
  /** 0 for whoever did not look, 1 for the truth. An answer must be in `range`. No items: 0. */
  quality(truth: Float32Array, y: ArrayLike<number>): number;
  /** The best answer of somebody who does not look: one row, the same for every item. */
  prior: readonly number[];
  /** Answer minus truth, [items, outputs]: what is alike in two of these is not the truth, but how the answers miss it. */
  residuals(truth: Float32Array, y: ArrayLike<number>): number[];
  /**
   * The answers of an imitated model to the items of `seed`, [items, outputs]. Two models of one seed are wrong alike;
   * quality rises with skill.
   *
   * @param truth - As `drawTruth` gave it for `seed`: all rows or the first ones, in their order.
   */
  imitate(truth: Float32Array, seed: Uint8Array, model: ImitatedModel): Float32Array<ArrayBuffer>;
};
