import { type Answer, AnswerRefused, type Message, type Synapse } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { pickIntervals } from "./audit.ts";
import { MAX_MESSAGE_BYTES, OPEN_TIMEOUT_MS } from "./config.ts";
import type { State } from "./graph/network.ts";
import type { TrainingJob } from "./job.ts";
import { parseHash, parseJob, parseWhole } from "./job-facts.ts";
import { hashOfState, isProven, proofOf } from "./proofs.ts";
import { type Proof, parseProof } from "./protocol/merkle.ts";
import { findSolution } from "./solution.ts";
import { parseState } from "./state-message.ts";
import type { CommitResponse } from "./synapse-commit.ts";

const MAX_REQUEST_BYTES = 65_536;
const MAX_INDICES = 4_096;

/** One part of what a solver opens. `audit`: seed of the picks, 64 digits. `commit`: task of its statement. */
export type OpenTask = { job: TrainingJob; audit: string; commit: string; from: number; count: number };

/** `root`: what stands on chain, "" for who said nothing. */
export type OpenRequest = { job: TrainingJob; indices: number[]; root: string; miner: Hotkey };

/** Each state with the proof that it is that leaf of the root. */
export type OpenResponse = { jobId: string; states: Opened[] };
export type Opened = { index: number; state: State; proof: Proof };

/** States that a solver is asked for, with the proof that they are the ones it committed to. */
export const open: Synapse<OpenTask, OpenRequest, OpenResponse> = {
  timeoutMs: OPEN_TIMEOUT_MS,
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_MESSAGE_BYTES,
  isPublic: true,

  createRequest({ job, audit, commit, from, count }, miner, earlier) {
    const said: Answer<Message> | undefined = earlier.get(commit);
    if (!said?.ok) return { job, indices: [], root: "", miner };
    const { root, losses } = said.response as CommitResponse;
    const indices = statesOf(pickIntervals(job, audit, miner, losses.data)).slice(from, from + count);
    return { job, indices, root, miner };
  },

  parseRequest({ job: facts, indices, root, miner }) {
    const job = parseJob(facts);
    if (!Array.isArray(indices) || indices.length > MAX_INDICES) throw new Error("indices");
    if (typeof miner !== "string" || miner.length > 64) throw new Error("miner is no hotkey");
    return {
      job,
      indices: indices.map((index) => parseWhole(index, 0, job.intervals)),
      root: parseHash(root),
      miner,
    };
  },

  async answer({ job: { jobId }, indices }, miner) {
    const { states, hashes } = findSolution(jobId, miner);
    const open = (index: number) => ({
      index,
      state: states[index]!,
      proof: proofOf(hashes, miner.hotkey, index),
    });
    return { jobId, states: indices.map(open) };
  },

  parseResponse({ jobId, states }, { job, indices, root, miner }) {
    if (jobId !== job.jobId || !Array.isArray(states) || states.length !== indices.length) {
      throw new Error(`${indices.length} states of job ${job.jobId}`);
    }
    const opened = indices.map((index, i) => parseOpened(states[i], index, job));
    for (const { index, state, proof } of opened) {
      if (
        !isProven({ index, hash: hashOfState(state), leaves: job.intervals + 1, solver: miner, proof }, root)
      ) {
        throw new AnswerRefused("broken-commitment", `state ${index} is not the one that was committed to`);
      }
    }
    return { jobId, states: opened };
  },
};

/** States before and after each of these intervals, in order. */
function statesOf(intervals: readonly number[]): number[] {
  return [...new Set(intervals.flatMap((index) => [index, index + 1]))].sort((a, b) => a - b);
}

/** @throws Error */
export function parseOpened(value: unknown, index: number, job: TrainingJob): Opened {
  const given = value as Partial<Opened> | null;
  if (typeof given !== "object" || given?.index !== index) throw new Error(`state ${index} is missing`);
  return { index, state: parseState(given.state, job), proof: parseProof(given.proof) };
}
