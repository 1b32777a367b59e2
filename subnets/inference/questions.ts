import { childSeed, hiddenSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { minersOf } from "../../shared/rules/participants.ts";
import type { EpochContext, Job } from "../../shared/template.ts";
import { elementCount, type Tensor, type Tensors, tensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { InferenceConfig } from "./config.ts";
import type { Preset } from "./presets/preset.ts";
import { PRESETS, type PresetName } from "./presets/presets.ts";
import { takeRows } from "./rows.ts";

/** Of 16 bytes: no two questions of anybody's have the same name. */
const NAME_BYTES = 16;

/**
 * What a question is made from. The seed never leaves the validator before the epoch is over. `shared` of the `items`
 * are everybody's; `commit` is the job in which the miner commits to its answer.
 */
export type InferenceTask = {
  preset: PresetName;
  seed: string;
  items: number;
  shared: number;
  commit: string;
};

/** Rows of the two parts of a question, each in the order in which its items were drawn: for `shared` everybody's. */
export type Parts<Values> = { shared: Values; unique: Values };

/** One question a round to everybody, who commit to their answers before anybody shows one. */
export function planQuestions(context: EpochContext<InferenceConfig>): Job<InferenceTask>[] {
  const to = minersOf(context);
  if (to.length === 0) return [];
  const { preset, rounds, items, sharedShare } = context.config;
  const shared = Math.min(items - 1, Math.max(1, Math.round(items * sharedShare)));
  const seed = hiddenSeed(context, `inference/${preset}`);
  return Array.from({ length: rounds }, (_, round) => {
    const commit = `commit-${round}`;
    const own = Buffer.from(childSeed(seed, `round ${round}`)).toString("hex");
    return {
      ...{ taskId: commit, stage: "commit", synapse: "commit", to },
      task: { preset, seed: own, items, shared, commit },
    };
  });
}

/** The name under which one miner commits to its answer: nobody else's, and never twice. */
export function nameOf(task: Pick<InferenceTask, "seed">, miner: Hotkey): string {
  const name = childSeed(Buffer.from(task.seed, "hex"), `name ${miner}`).subarray(0, NAME_BYTES);
  return Buffer.from(name).toString("hex");
}

/** The truth of one miner's question, without drawing it: rows as the preset has them. */
export function truthOf(task: InferenceTask, miner: Hotkey): Parts<Float32Array> {
  const { shared, unique } = seedsOf(task, miner);
  const preset = PRESETS[task.preset];
  return {
    shared: preset.drawTruth(shared, task.shared),
    unique: preset.drawTruth(unique, task.items - task.shared),
  };
}

/** What the miner gets to see. */
export function feedsOf(task: InferenceTask, miner: Hotkey): Tensors {
  const preset: Preset = PRESETS[task.preset];
  const shared = sharedFeeds(task);
  const unique = preset.drawFeeds(seedsOf(task, miner).unique, task.items - task.shared);
  const order = orderOf(task, miner);
  return Object.fromEntries(
    preset.inputs.map(({ name, dtype, shape }) => {
      const rows = joinRows(shared[name]!, unique[name]!, elementCount(shape), order);
      return [name, tensor(dtype, [task.items, ...shape], rows as never)];
    }),
  );
}

/** Rows in the order of a miner's question, told apart again. */
export function splitRows(
  task: InferenceTask,
  miner: Hotkey,
  values: Float32Array,
  width: number,
): Parts<Float32Array> {
  const positions = inverse(orderOf(task, miner));
  return {
    shared: takeRows(values, width, positions.slice(0, task.shared)),
    unique: takeRows(values, width, positions.slice(task.shared)),
  };
}

/** The other way round. */
export function orderRows(
  task: InferenceTask,
  miner: Hotkey,
  { shared, unique }: Parts<Float32Array>,
  width: number,
): Float32Array<ArrayBuffer> {
  const both = new Float32Array(shared.length + unique.length);
  both.set(shared);
  both.set(unique, shared.length);
  return takeRows(both, width, orderOf(task, miner));
}

export function seedsOf(task: Pick<InferenceTask, "seed">, miner: Hotkey): Parts<Uint8Array> {
  const seed = Buffer.from(task.seed, "hex");
  return { shared: childSeed(seed, "shared"), unique: childSeed(seed, `unique ${miner}`) };
}

/** Everybody's shared items are the same: drawn once for a job that asks many. */
const sharedByTask = new WeakMap<InferenceTask, Tensors>();

function sharedFeeds(task: InferenceTask): Tensors {
  let feeds = sharedByTask.get(task);
  if (!feeds) {
    const seed = childSeed(Buffer.from(task.seed, "hex"), "shared");
    feeds = PRESETS[task.preset].drawFeeds(seed, task.shared);
    sharedByTask.set(task, feeds);
  }
  return feeds;
}

/** A miner cannot tell which items others get too: each has them in an order of its own. */
function orderOf(task: InferenceTask, miner: Hotkey): number[] {
  return randomFrom(childSeed(Buffer.from(task.seed, "hex"), `order ${miner}`)).shuffle(task.items);
}

function inverse(order: readonly number[]): number[] {
  const positions = order.map(() => 0);
  order.forEach((source, position) => {
    positions[source] = position;
  });
  return positions;
}

function joinRows(first: Tensor, second: Tensor, width: number, order: readonly number[]): Tensor["data"] {
  const values = first.data as Float32Array;
  const both = new (values.constructor as typeof Float32Array)(values.length + second.data.length);
  both.set(values);
  both.set(second.data as Float32Array, values.length);
  return takeRows(both, width, order);
}
