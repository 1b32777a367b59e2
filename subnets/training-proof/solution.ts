import type { AgentContext, MinerContext, WorkTools } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { initialState } from "./arithmetic.ts";
import { toTrainingCommitment } from "./chain-commitment.ts";
import type { State } from "./graph/network.ts";
import { stepsOf, trainSteps } from "./interval.ts";
import type { TrainingJob } from "./job.ts";
import { hashOfLosses, hashOfState, rootOf } from "./proofs.ts";

/** A training as somebody claims it went: a state before each interval and one after the last, and the loss of each step. */
export type Trajectory = { states: State[]; losses: Float32Array<ArrayBuffer> };

/** A trajectory that its solver is bound to. Hashes are 64 lower-case digits, one for each state. */
export type Solution = Trajectory & { job: TrainingJob; hashes: string[]; root: string; lossHash: string };

/** How a trajectory comes about: `train` is the honest way. */
export type Training = (
  job: TrainingJob,
  tools: Pick<WorkTools, "signal" | "runGraph">,
) => Promise<Trajectory>;

/** Every interval in turn, each from the state that the one before it left. */
export const train: Training = async (job, { signal, runGraph }) => {
  const { intervals, stepsPerInterval } = job;
  const states = [initialState(job)];
  const losses = new Float32Array(intervals * stepsPerInterval);
  for (let index = 0; index < intervals; index++) {
    signal.throwIfAborted();
    const done = await trainSteps(job, states[index]!, stepsOf(job, index), runGraph);
    states.push(done.state);
    losses.set(done.losses, index * stepsPerInterval);
  }
  return { states, losses };
};

/**
 * Starts a training in the miner's workshop, unless it is there already. When it is done, its root goes on chain.
 *
 * @returns false: there is no workshop, or no room in it.
 */
export function startSolving(
  job: TrainingJob,
  { hotkey, workshop }: Pick<MinerContext | AgentContext, "hotkey" | "workshop">,
  training: Training = train,
): boolean {
  const begun = workshop?.start(workOf(job.jobId), async (tools) => {
    const solution = bind(job, hotkey, await training(job, tools));
    const { root, lossHash, hashes } = solution;
    const { jobId, intervals } = job;
    await tools.commit(toTrainingCommitment({ jobId, root, finalHash: hashes.at(-1)!, lossHash, intervals }));
    return solution;
  });
  return begun === "there" || begun === "started";
}

/** The trajectory with all that binds its solver to it. */
export function bind(job: TrainingJob, solver: Hotkey, trajectory: Trajectory): Solution {
  const hashes = trajectory.states.map(hashOfState);
  return {
    ...trajectory,
    job,
    hashes,
    root: rootOf(hashes, solver),
    lossHash: hashOfLosses(trajectory.losses),
  };
}

/** @throws Error while this miner has no solution of that job */
export function findSolution(jobId: string, { workshop }: Pick<MinerContext, "workshop">): Solution {
  const entry = workshop?.look(workOf(jobId));
  if (entry?.state !== "done") throw new Error(`job ${jobId} is ${entry?.state ?? "not known"}`);
  return entry.value as Solution;
}

function workOf(jobId: string): string {
  return `training ${jobId}`;
}
