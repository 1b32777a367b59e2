import { AnswerRefused, type Synapse } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { MAX_MESSAGE_BYTES, OPEN_TIMEOUT_MS } from "./config.ts";
import type { TrainingJob } from "./job.ts";
import { parseHash, parseJob } from "./job-facts.ts";
import { hashOfState, isProven, proofOf } from "./proofs.ts";
import { findSolution } from "./solution.ts";
import type { CommitResponse } from "./synapse-commit.ts";
import { type Opened, parseOpened } from "./synapse-open.ts";

const MAX_REQUEST_BYTES = 16_384;

export type EvalTask = { job: TrainingJob; commit: string };

/** `root` and `finalHash`: what stands on chain, "" for who said nothing. */
export type EvalRequest = { job: TrainingJob; root: string; finalHash: string; miner: Hotkey };

export type EvalResponse = { jobId: string; final: Opened };

/** The trained model: parameters and all that the optimiser keeps beside them. The verifier measures it itself. */
export const evaluate: Synapse<EvalTask, EvalRequest, EvalResponse> = {
  timeoutMs: OPEN_TIMEOUT_MS,
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_MESSAGE_BYTES,
  isPublic: true,

  createRequest({ job, commit }, miner, earlier) {
    const said = earlier.get(commit);
    if (!said?.ok) return { job, root: "", finalHash: "", miner };
    const { root, finalHash } = said.response as CommitResponse;
    return { job, root, finalHash, miner };
  },

  parseRequest({ job, root, finalHash, miner }) {
    if (typeof miner !== "string" || miner.length > 64) throw new Error("miner is no hotkey");
    return { job: parseJob(job), root: parseHash(root), finalHash: parseHash(finalHash), miner };
  },

  async answer({ job: { jobId, intervals } }, miner) {
    const { states, hashes } = findSolution(jobId, miner);
    const final = {
      index: intervals,
      state: states.at(-1)!,
      proof: proofOf(hashes, miner.hotkey, intervals),
    };
    return { jobId, final };
  },

  parseResponse({ jobId, final: given }, { job, root, finalHash, miner }) {
    if (jobId !== job.jobId) throw new Error("it is about another job");
    const final = parseOpened(given, job.intervals, job);
    const hash = hashOfState(final.state);
    const leaf = { index: final.index, hash, leaves: job.intervals + 1, solver: miner, proof: final.proof };
    if (hash !== finalHash || !isProven(leaf, root)) {
      throw new AnswerRefused("broken-commitment", "the model is not the one that was committed to");
    }
    return { jobId, final };
  },
};
