import { AnswerRefused, type Synapse } from "../../shared/template.ts";
import { type Tensor, tensor } from "../../shared/tensor.ts";
import { SHORT_TIMEOUT_MS } from "./config.ts";
import type { TrainingJob } from "./job.ts";
import { parseHash, parseJob } from "./job-facts.ts";
import { hashOfLosses } from "./proofs.ts";
import { findSolution } from "./solution.ts";
import { parseNumbers } from "./state-message.ts";

const MAX_REQUEST_BYTES = 16_384;
/** Losses of ten million steps would be more: a job has fewer. */
const MAX_RESPONSE_BYTES = 8 * 1_048_576;

/** `audit`: seed of what will be looked at, 64 digits. The solver is not told: it is public all the same. */
export type CommitTask = { job: TrainingJob; audit: string };

export type CommitRequest = { job: TrainingJob };

/** `losses`: float32, one for each step. Hashes are 64 lower-case digits. */
export type CommitResponse = {
  jobId: string;
  root: string;
  finalHash: string;
  lossHash: string;
  losses: Tensor<"float32">;
};

/** What stands on chain, with the losses behind their hash. */
export const commit: Synapse<CommitTask, CommitRequest, CommitResponse> = {
  timeoutMs: SHORT_TIMEOUT_MS,
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_RESPONSE_BYTES,
  isPublic: true,
  createRequest: ({ job }) => ({ job }),
  parseRequest: ({ job }) => ({ job: parseJob(job) }),
  async answer({ job: { jobId } }, miner) {
    const { root, hashes, lossHash, losses } = findSolution(jobId, miner);
    return {
      ...{ jobId, root, finalHash: hashes.at(-1)!, lossHash },
      losses: tensor("float32", [losses.length], losses),
    };
  },
  parseResponse({ jobId, root, finalHash, lossHash, losses: list }, { job }) {
    if (jobId !== job.jobId) throw new Error("it is about another job");
    const losses = parseNumbers(list, [job.intervals * job.stepsPerInterval]);
    if (hashOfLosses(losses.data) !== lossHash) throw new AnswerRefused("broken-commitment", "losses");
    return { jobId, root: parseHash(root), finalHash: parseHash(finalHash), lossHash, losses };
  },
};
