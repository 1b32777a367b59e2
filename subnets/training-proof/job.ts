import { childSeed, epochSeed, randomFrom } from "../../shared/rules/beacon.ts";
import type { EpochContext } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { TrainingProofConfig } from "./config.ts";

/** The seed's first bytes: a name that fits into a commitment on chain. */
const ID_DIGITS = 16;

/**
 * One training, whole: nothing that shapes it is left to the solver. Initial weights, data, order of rows and learning
 * rates follow from the seed, which follows from a beacon.
 */
export type TrainingJob = Pick<
  TrainingProofConfig,
  | ("family" | "dims" | "mode" | "intervals" | "stepsPerInterval" | "batch" | "rows" | "learningRate")
  | ("momentum" | "weightDecay" | "audits" | "delta" | "dRef" | "price" | "deadlineEpochs")
> & {
  /** 16 lower-case digits. */
  jobId: string;
  /** 64 lower-case digits. */
  seed: string;
};

/** A job and who was asked to train it, sorted. */
export type Assignment = { job: TrainingJob; solvers: Hotkey[] };

/**
 * The jobs of an epoch and their solvers, the same for every validator. Who shares a job is drawn anew each time, so that
 * one training under several names pays once; each job has several solvers, so that they can be held against each other.
 */
export function drawJobs(context: EpochContext<TrainingProofConfig>): Assignment[] {
  const { netuid, epoch, beacon, config } = context;
  const seed = epochSeed({
    netuid,
    epoch,
    randomness: beacon,
    purpose: `training-proof/${context.mechanism}`,
  });
  const solvers = context.participants
    .filter(({ validatorPermit, ip }) => !validatorPermit || ip !== undefined)
    .map(({ hotkey }) => hotkey)
    .sort();
  const order = randomFrom(childSeed(seed, "groups")).shuffle(solvers.length);
  const jobs = Math.min(solvers.length, Math.max(1, Math.floor(solvers.length / config.solversPerJob)));
  return Array.from({ length: jobs }, (_, index) => ({
    job: toJob(config, Buffer.from(childSeed(seed, `job ${index}`)).toString("hex")),
    solvers: order
      .filter((_, place) => place % jobs === index)
      .map((at) => solvers[at]!)
      .sort(),
  }));
}

function toJob(config: TrainingProofConfig, seed: string): TrainingJob {
  const { family, dims, mode, intervals, stepsPerInterval, batch, rows, learningRate } = config;
  const { momentum, weightDecay, audits, delta, dRef, price, deadlineEpochs } = config;
  return {
    ...{
      jobId: seed.slice(0, ID_DIGITS),
      seed,
      family,
      dims,
      mode,
      intervals,
      stepsPerInterval,
      batch,
      rows,
    },
    ...{ learningRate, momentum, weightDecay, audits, delta, dRef, price, deadlineEpochs },
  };
}
