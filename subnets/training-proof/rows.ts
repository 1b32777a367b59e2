import { childSeed, randomFrom } from "../../shared/rules/beacon.ts";
import { type Tensors, tensor } from "../../shared/tensor.ts";
import { drawRows, type Rows } from "./dataset.ts";
import type { TrainingJob } from "./job.ts";
import { keepLast } from "./keep-last.ts";

/** Steps of a training, counted from its first. */
export type Steps = { from: number; count: number };

/** Minibatches of rows that nobody saw before. `heldOut`: the seed they are drawn from, 64 digits. */
export type HeldOut = { heldOut: string; batches: number };

/** Of the learning rate at the last step, in units of the first. */
const LAST_RATE = 0.1;

/** What the solver trains on, drawn from the job's seed. */
const trainingRows = keepLast(
  64,
  keyOf,
  (job: TrainingJob): Rows => drawRows(seedOf(job), childSeed(seedOf(job), "rows"), sizeOf(job, job.rows)),
);

/** Learning rate of each step: from the job's own to a tenth of it, in a straight line. */
const learningRates = keepLast(8, keyOf, (job: TrainingJob): Float32Array => {
  const steps = job.intervals * job.stepsPerInterval;
  const first = job.learningRate * (0.75 + 0.5 * randomFrom(childSeed(seedOf(job), "rate")).uniform());
  return Float32Array.from({ length: steps }, (_, step) => first * (1 - ((1 - LAST_RATE) * step) / steps));
});

/** What the steps `from` to `from + count` of a training get: `X` [count, batch, width], one-hot `Y`, `LR` [count, 1]. */
export function feedsOfSteps(job: TrainingJob, { from, count }: Steps): Tensors {
  const rows = trainingRows(job);
  const picked = Array.from({ length: count }, (_, i) => rowsOfStep(job, from + i)).flat();
  return feedsOf(job, rows, picked, learningRates(job).slice(from, from + count));
}

/** Held-out rows in minibatches, and a learning rate of 0: the same graph then tells their losses and changes nothing. */
export function heldOutFeeds(job: TrainingJob, { heldOut, batches }: HeldOut): Tensors {
  const seed = new Uint8Array(Buffer.from(heldOut, "hex"));
  const rows = drawRows(seedOf(job), seed, sizeOf(job, batches * job.batch));
  const all = Array.from({ length: batches * job.batch }, (_, row) => row);
  return feedsOf(job, rows, all, new Float32Array(batches));
}

export function seedOf({ seed }: TrainingJob): Uint8Array {
  return new Uint8Array(Buffer.from(seed, "hex"));
}

/** Two jobs of one seed under two configurations are two jobs. */
export function keyOf(job: TrainingJob): string {
  const key = keys.get(job) ?? JSON.stringify(job);
  keys.set(job, key);
  return key;
}

const keys = new WeakMap<TrainingJob, string>();

/** Each pass over the rows has an order of its own; what is left of a pass that fills no minibatch is left out. */
function rowsOfStep(job: TrainingJob, step: number): number[] {
  const perPass = Math.floor(job.rows / job.batch);
  const order = orderOfPass({ job, pass: Math.floor(step / perPass) });
  const at = (step % perPass) * job.batch;
  return order.slice(at, at + job.batch);
}

const orderOfPass = keepLast(
  256,
  ({ job, pass }: { job: TrainingJob; pass: number }) => `${keyOf(job)} ${pass}`,
  ({ job, pass }: { job: TrainingJob; pass: number }) =>
    randomFrom(childSeed(seedOf(job), `order/${pass}`)).shuffle(job.rows),
);

function sizeOf({ dims }: TrainingJob, rows: number) {
  return { rows, width: dims[0]!, classes: dims.at(-1)! };
}

function feedsOf(
  { batch, dims }: TrainingJob,
  rows: Rows,
  picked: readonly number[],
  rates: Float32Array,
): Tensors {
  const [width, classes] = [dims[0]!, dims.at(-1)!];
  const steps = rates.length;
  const x = new Float32Array(picked.length * width);
  const y = new Float32Array(picked.length * classes);
  picked.forEach((row, i) => {
    x.set(rows.x.subarray(row * width, (row + 1) * width), i * width);
    y[i * classes + rows.labels[row]!] = 1;
  });
  return {
    X: tensor("float32", [steps, batch, width], x),
    Y: tensor("float32", [steps, batch, classes], y),
    LR: tensor("float32", [steps, 1], Float32Array.from(rates)),
  };
}
