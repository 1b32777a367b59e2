import { type Answer, AnswerRefused, type Message, type Synapse } from "../../shared/template.ts";
import type { Tensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { MAX_MESSAGE_BYTES, OPEN_TIMEOUT_MS } from "./config.ts";
import type { State } from "./graph/network.ts";
import { trainSteps } from "./interval.ts";
import type { TrainingJob } from "./job.ts";
import { parseHash, parseJob, parseWhole } from "./job-facts.ts";
import { hashOfState, rootOf } from "./proofs.ts";
import { findSolution, type Solution } from "./solution.ts";
import { parseHashList, parseState, toHashList } from "./state-message.ts";
import type { CommitResponse } from "./synapse-commit.ts";

const MAX_REQUEST_BYTES = 16_384;

/**
 * What is asked for: hashes of all states; of the states after each step of one interval; or the state before one of its
 * steps, whole.
 */
export type DisputeTask = { job: TrainingJob; commit: string } & (
  | { level: "intervals" }
  | { level: "steps"; interval: number; intervals: string }
  | { level: "state"; interval: number; step: number; intervals: string; steps: string }
);

/**
 * `bound`: what the answer must fit to, as the solver said it earlier. Of intervals the root, of steps the hash after the
 * last of them, of a state its own.
 */
export type DisputeRequest = {
  job: TrainingJob;
  level: "intervals" | "steps" | "state";
  interval: number;
  step: number;
  bound: string;
  miner: Hotkey;
};

/** `hashes`: uint8 [count, 32]. `state`: where one is asked for. */
export type DisputeResponse = { jobId: string; hashes: Tensor<"uint8">; state?: State };

/** Two solvers say different things of one job: both show theirs, ever closer to where they part. */
export const dispute: Synapse<DisputeTask, DisputeRequest, DisputeResponse> = {
  timeoutMs: OPEN_TIMEOUT_MS,
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_MESSAGE_BYTES,
  isPublic: true,

  createRequest(task, miner, earlier) {
    const { job, level } = task;
    const place = { interval: 0, step: 0, ...task };
    const request = { job, level, interval: place.interval, step: place.step, miner };
    if (level === "intervals") return { ...request, bound: rootSaid(earlier.get(task.commit)) };
    const { interval } = place;
    const list = hashesSaid(earlier.get(task.intervals), job.intervals + 1);
    if (level === "steps") return { ...request, bound: list[interval + 1] ?? "" };
    const steps = hashesSaid(earlier.get(task.steps), job.stepsPerInterval);
    return { ...request, bound: (place.step === 0 ? list[interval] : steps[place.step - 1]) ?? "" };
  },

  parseRequest({ job: facts, level, interval, step, bound, miner }) {
    const job = parseJob(facts);
    if (level !== "intervals" && level !== "steps" && level !== "state") throw new Error("level is unknown");
    if (typeof miner !== "string" || miner.length > 64) throw new Error("miner is no hotkey");
    return {
      ...{ job, level, bound: parseHash(bound), miner },
      interval: parseWhole(interval, 0, job.intervals - 1),
      step: parseWhole(step, 0, job.stepsPerInterval - 1),
    };
  },

  async answer({ job: { jobId }, level, interval, step }, miner) {
    const solution = findSolution(jobId, miner);
    if (level === "intervals") return { jobId, hashes: toHashList(solution.hashes) };
    const states = await stepStates(solution, interval, miner);
    if (level === "steps") return { jobId, hashes: toHashList(states.slice(1).map(hashOfState)) };
    const state = states[step]!;
    return { jobId, hashes: toHashList([hashOfState(state)]), state };
  },

  parseResponse({ jobId, hashes: list, state: given }, { job, level, bound, miner }) {
    if (jobId !== job.jobId) throw new Error("it is about another job");
    const count = { intervals: job.intervals + 1, steps: job.stepsPerInterval, state: 1 }[level];
    const hashes = parseHashList(list, count);
    const state = level === "state" ? parseState(given, job) : undefined;
    const found = level === "intervals" ? rootOf(hashes, miner) : state ? hashOfState(state) : hashes.at(-1);
    if (found !== bound)
      throw new AnswerRefused("broken-commitment", `${level} do not fit to what was said before`);
    return { jobId, hashes: toHashList(hashes), ...(state && { state }) };
  },
};

/** Hashes out of an answer, none where there is no answer. */
export function hashesSaid(answer: Answer<unknown> | undefined, count: number): string[] {
  return answer?.ok ? parseHashList((answer.response as DisputeResponse).hashes, count) : [];
}

function rootSaid(answer: Answer<Message> | undefined): string {
  return answer?.ok ? (answer.response as CommitResponse).root : "";
}

/** Before the first step of an interval, and after each. The last is the one that the solver is bound to. */
async function stepStates(
  { job, states }: Solution,
  interval: number,
  { runGraph }: Parameters<Synapse["answer"]>[1],
): Promise<State[]> {
  const passed = [states[interval]!];
  const from = interval * job.stepsPerInterval;
  for (let step = 0; step + 1 < job.stepsPerInterval; step++) {
    passed.push((await trainSteps(job, passed[step]!, { from: from + step, count: 1 }, runGraph)).state);
  }
  return [...passed, states[interval + 1]!];
}
