import { AnswerRefused, type Message } from "../../shared/template.ts";
import { elementCount, isTensor, type Tensor, type Tensors } from "../../shared/tensor.ts";
import type { Preset } from "./presets/preset.ts";

/** A question may not be larger than this, whatever a row of it takes: 2 MB as float32, 1024 images of 12 x 12. */
export const MAX_NUMBERS = 262_144;
const MAX_ITEMS = 1_024;

/** How far a row of probabilities may be from 1, and a probability from 0..1: float32 and half precision round. */
const TOLERANCE = 1e-3;

/** Most items that a question of this kind may have. */
export function maxItems({ inputs, outputs }: Preset): number {
  const numbers = inputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  return Math.min(MAX_ITEMS, Math.floor(MAX_NUMBERS / Math.max(numbers, outputs)));
}

/** @throws Error for anything but a bounded question of this kind */
export function parseFeeds(preset: Preset, message: Message): Tensors {
  const feeds: Tensors = {};
  const first = message.x;
  const items = isTensor(first) ? first.shape[0] : undefined;
  if (!items || items > maxItems(preset)) throw new Error(`x must have 1 to ${maxItems(preset)} rows`);
  for (const { name, dtype, shape, below } of preset.inputs) {
    const value = message[name];
    if (!isTensor(value) || value.dtype !== dtype) throw new Error(`${name} must be a ${dtype} tensor`);
    checkShape(name, value, [items, ...shape]);
    if (below !== undefined) checkIndices(name, value, below);
    feeds[name] = value;
  }
  return feeds;
}

/**
 * @throws Error for another shape or type
 * @throws AnswerRefused out-of-range for what this preset does not take for an answer, also for what is no number
 */
export function parseAnswer(preset: Preset, y: unknown, items: number): Tensor<"float32"> {
  if (!isTensor(y) || y.dtype !== "float32") throw new Error("y must be a float32 tensor");
  const { outputs, range } = preset;
  checkShape("y", y, [items, outputs]);
  const data = y.data as Float32Array<ArrayBuffer>;
  for (let item = 0; item < items; item++) {
    const row = data.subarray(item * outputs, (item + 1) * outputs);
    if (range === "finite") checkFinite(row);
    else checkProbabilities(row, range === "simplex");
  }
  return { dtype: "float32", shape: y.shape, data };
}

/** What stands in these rows, in the order that they are named. */
export function takeRows<Values extends Float32Array | BigInt64Array>(
  values: Values,
  width: number,
  rows: readonly number[],
): Values {
  const taken = new (values.constructor as new (length: number) => Values)(rows.length * width);
  rows.forEach((row, i) => {
    taken.set(values.subarray(row * width, (row + 1) * width) as never, i * width);
  });
  return taken;
}

function checkShape(name: string, { shape, data }: Tensor, expected: readonly number[]): void {
  const isSame = shape.length === expected.length && shape.every((size, i) => size === expected[i]);
  if (!isSame) throw new Error(`${name} must be [${expected.join(", ")}]`);
  if (data.length !== elementCount(expected)) throw new Error(`${name} does not fill its shape`);
}

function checkIndices(name: string, { data }: Tensor, below: number): void {
  for (const value of data) {
    if (!(value >= 0 && value < below)) throw new Error(`${name} must be 0 to ${below - 1}`);
  }
}

function checkFinite(row: Float32Array): void {
  for (const value of row) {
    if (!Number.isFinite(value)) throw new AnswerRefused("out-of-range", `${value} is no score`);
  }
}

function checkProbabilities(row: Float32Array, sumsToOne: boolean): void {
  let sum = 0;
  for (const value of row) {
    if (!(value >= -TOLERANCE && value <= 1 + TOLERANCE)) {
      throw new AnswerRefused("out-of-range", `${value} is no probability`);
    }
    sum += value;
  }
  if (sumsToOne && Math.abs(sum - 1) > TOLERANCE) {
    throw new AnswerRefused("out-of-range", `a row sums to ${sum}`);
  }
}
