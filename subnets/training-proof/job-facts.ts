import { z } from "zod";
import { statesPerMessage, trainingProofKnobs } from "./config.ts";
import type { TrainingJob } from "./job.ts";

const HASH = /^[0-9a-f]{64}$/;

/** Numbers of all states of a training together: a gigabyte. */
const MAX_NUMBERS = 2 ** 28;
/** Multiplications of a training, an hour or so of one core. */
const MAX_MULTIPLICATIONS = 1e13;

const schema = z.strictObject({
  ...trainingProofKnobs.pick({
    ...{
      family: true,
      dims: true,
      mode: true,
      intervals: true,
      stepsPerInterval: true,
      batch: true,
      rows: true,
    },
    ...{ learningRate: true, momentum: true, weightDecay: true, audits: true, delta: true, dRef: true },
    ...{ price: true, deadlineEpochs: true },
  }).shape,
  jobId: z.string().regex(/^[0-9a-f]{16}$/),
  seed: z.string().regex(HASH),
});

/** @throws Error unless it is a job that a solver can be asked to train */
export function parseJob(value: unknown): TrainingJob {
  const job = schema.parse(value);
  if (!job.seed.startsWith(job.jobId)) throw new Error("jobId is not that of the seed");
  if (job.batch > job.rows) throw new Error("a minibatch has more rows than there are");
  if (statesPerMessage(job) < 1) throw new Error("a state of it does not fit into a message");
  const numbers = job.dims.reduce((sum, size, i) => sum + size * (job.dims[i + 1] ?? 0), 0);
  if (2 * numbers * (job.intervals + 1) > MAX_NUMBERS) throw new Error("its states do not fit into memory");
  const steps = job.intervals * job.stepsPerInterval;
  if (3 * numbers * job.batch * steps > MAX_MULTIPLICATIONS) throw new Error("it takes too long");
  return job;
}

/** @throws Error unless it is 32 bytes as text */
export function parseHash(value: unknown): string {
  if (typeof value !== "string" || !HASH.test(value)) throw new Error("64 lower-case hexadecimal digits");
  return value;
}

/** @throws Error unless it is a whole number within the bounds */
export function parseWhole(value: unknown, min: number, max: number): number {
  if (!Number.isInteger(value) || Number(value) < min || Number(value) > max) {
    throw new Error(`a whole number from ${min} to ${max}`);
  }
  return Number(value);
}
