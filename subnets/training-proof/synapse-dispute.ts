import {
  type Answer,
  AnswerRefused,
  type Message,
  type MinerContext,
  type Synapse,
} from "../../shared/template.ts";
import { isTensor, type Tensor, type Tensors } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { MAX_MESSAGE_BYTES, OPEN_TIMEOUT_MS } from "./config.ts";
import type { State } from "./graph/network.ts";
import { trainSteps } from "./interval.ts";
import type { TrainingJob } from "./job.ts";
import { parseHash, parseJob, parseWhole } from "./job-facts.ts";
import { hashOfValue, operatorsOf, passedTo, runShown } from "./operators.ts";
import { hashOfState, rootOf } from "./proofs.ts";
import { findSolution, type Solution } from "./solution.ts";
import { parseHashList, parseState, toHashList } from "./state-message.ts";
import type { CommitResponse } from "./synapse-commit.ts";

const MAX_REQUEST_BYTES = 65_536;
const LEVELS = ["intervals", "steps", "operators", "inputs"] as const;

export type Level = (typeof LEVELS)[number];

/**
 * What is asked for, ever closer: hashes of all states; of the states after each step of one interval; of what each operator
 * of one step gives; and what goes into one operator, whole. `id` names the dispute, and so its earlier tasks.
 */
export type DisputeTask = {
  job: TrainingJob;
  commit: string;
  id: string;
  level: Level;
  interval: number;
  step: number;
  operator: number;
};

/**
 * `bound`: what the answer must fit to, as the solver said it earlier. Of intervals the root, of steps and operators the hash
 * of the state after the last of them, of inputs that of the state before the step. `passed`: hashes of the other inputs.
 */
export type DisputeRequest = Omit<DisputeTask, "commit" | "id"> & {
  bound: string;
  passed: { [name: string]: string };
  miner: Hotkey;
};

/** `hashes`: uint8 [count, 32], of inputs none. `state`: after the step with operators, before it with inputs. */
export type DisputeResponse = { jobId: string; hashes: Tensor<"uint8">; state?: State; passed?: Tensors };

/** Two solvers say different things of one job: both show theirs, ever closer to where they part. */
export const dispute: Synapse<DisputeTask, DisputeRequest, DisputeResponse> = {
  timeoutMs: OPEN_TIMEOUT_MS,
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_MESSAGE_BYTES,
  isPublic: true,

  createRequest({ commit, id, ...place }, miner, earlier) {
    const { job, level, interval, step, operator } = place;
    if (level === "intervals") return { ...place, bound: rootSaid(earlier.get(commit)), passed: {}, miner };
    const states = hashesSaid(earlier.get(`intervals-${id}`));
    const steps = hashesSaid(earlier.get(`steps-${id}`));
    const operators = hashesSaid(earlier.get(`operators-${id}`));
    const before = step === 0 ? states[interval] : steps[step - 1];
    const bound = { steps: states[interval + 1], operators: steps[step], inputs: before }[level] ?? "";
    const passed = level === "inputs" ? [...passedTo(job, operator)] : [];
    return {
      ...place,
      bound,
      passed: Object.fromEntries(passed.map(([name, at]) => [name, operators[at] ?? ""])),
      miner,
    };
  },

  parseRequest({ job: facts, level: name, interval, step, operator, bound, miner }) {
    const job = parseJob(facts);
    const level = LEVELS.find((each) => each === name);
    if (!level) throw new Error("level is unknown");
    if (typeof miner !== "string" || miner.length > 64) throw new Error("miner is no hotkey");
    return {
      ...{ job, level, bound: parseHash(bound), passed: {}, miner },
      interval: parseWhole(interval, 0, job.intervals - 1),
      step: parseWhole(step, 0, job.stepsPerInterval - 1),
      operator: parseWhole(operator, 0, operatorsOf(job).length - 1),
    };
  },

  async answer({ job: { jobId }, level, interval, step, operator }, miner) {
    const solution = findSolution(jobId, miner);
    const { job } = solution;
    if (level === "intervals") return { jobId, hashes: toHashList(solution.hashes) };
    const states = await stepStates(solution, interval, miner);
    if (level === "steps") return { jobId, hashes: toHashList(states.slice(1).map(hashOfState)) };
    const [before, state] = [states[step]!, states[step + 1]!];
    const at = { before, step: interval * job.stepsPerInterval + step };
    const shown = await runShown(job, at, miner.runGraph);
    if (level === "operators") return { jobId, hashes: toHashList(hashesOf(job, shown, state)), state };
    const passed = [...passedTo(job, operator).keys()].map((name) => [name, shown[name]!] as const);
    return { jobId, hashes: toHashList([]), state: before, passed: Object.fromEntries(passed) };
  },

  parseResponse({ jobId, hashes: list, state: given, passed: others }, { job, level, bound, passed, miner }) {
    if (jobId !== job.jobId) throw new Error("it is about another job");
    const operators = operatorsOf(job);
    const { intervals, stepsPerInterval: steps } = job;
    const count = { intervals: intervals + 1, steps, operators: operators.length, inputs: 0 }[level];
    const hashes = parseHashList(list, count);
    const isWhole = level === "operators" || level === "inputs";
    const state = isWhole ? parseState(given, job) : undefined;
    const found = level === "intervals" ? rootOf(hashes, miner) : state ? hashOfState(state) : hashes.at(-1);
    const fits = operators.every(
      ({ output, state: name }, i) =>
        level !== "operators" || !name || hashes[i] === hashOfValue(output, state![name]!),
    );
    if (found !== bound || !fits) {
      throw new AnswerRefused("broken-commitment", `${level} do not fit to what was said before`);
    }
    const values = level === "inputs" ? parsePassed(others, passed) : undefined;
    return { jobId, hashes: toHashList(hashes), ...(state && { state }), ...(values && { passed: values }) };
  },
};

/** Hashes out of an answer, none where there is no answer. */
export function hashesSaid(answer: Answer<unknown> | undefined): string[] {
  if (!answer?.ok) return [];
  const { hashes } = answer.response as DisputeResponse;
  return parseHashList(hashes, hashes.shape[0]!);
}

function rootSaid(answer: Answer<Message> | undefined): string {
  return answer?.ok ? (answer.response as CommitResponse).root : "";
}

/** Of what each operator gives; of those that give the state after the step, of that which the solver is bound to. */
function hashesOf(job: TrainingJob, shown: Tensors, after: State): string[] {
  return operatorsOf(job).map(({ output, state }) =>
    hashOfValue(output, state ? after[state]! : shown[output]!),
  );
}

/** @throws Error or AnswerRefused unless it is a tensor for each name, of that hash */
function parsePassed(given: unknown, passed: { [name: string]: string }): Tensors {
  if (typeof given !== "object" || given === null) throw new Error("inputs are an object of tensors");
  const values = given as { [name: string]: unknown };
  return Object.fromEntries(
    Object.entries(passed).map(([name, hash]): [string, Tensor] => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (!isTensor(value)) throw new Error(`${name} is missing`);
      if (hashOfValue(name, value) !== hash)
        throw new AnswerRefused("broken-commitment", `${name} is another one`);
      return [name, value];
    }),
  );
}

/** Before the first step of an interval, and after each. The last is the one that the solver is bound to. */
async function stepStates(
  { job, states }: Solution,
  interval: number,
  { runGraph }: MinerContext,
): Promise<State[]> {
  const passed = [states[interval]!];
  const from = interval * job.stepsPerInterval;
  for (let step = 0; step + 1 < job.stepsPerInterval; step++) {
    passed.push((await trainSteps(job, passed[step]!, { from: from + step, count: 1 }, runGraph)).state);
  }
  return [...passed, states[interval + 1]!];
}
