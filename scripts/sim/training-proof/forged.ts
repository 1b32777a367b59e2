import type { Transcript } from "../../../shared/template.ts";
import { FORGERIES } from "../../../subnets/training-proof/forgeries.ts";
import { stepsOf, trainSteps } from "../../../subnets/training-proof/interval.ts";
import type { TrainingJob } from "../../../subnets/training-proof/job.ts";
import { hashOfState } from "../../../subnets/training-proof/proofs.ts";
import { detectionProbability } from "../../../subnets/training-proof/protocol/detection.ts";
import type { RerunTask } from "../../../subnets/training-proof/source-rerun.ts";
import { type Judged, playSolvers, SMALL_JOB } from "./play-solvers.ts";
import { scattered } from "./scattered.ts";

/** Of those forgeries of which some can be done: a tenth. */
const SHARE = 0.1;
/** Solvers that are played at once: their states are kept in memory. */
const AT_ONCE = 25;

/** Forgers who forge that share of the intervals, each in places of its own, against audits of their own. */
export async function measureScattered(
  share: number,
  trials: number,
  least: number,
): Promise<{ measured: string; pass: boolean }> {
  let rejected = 0;
  for (let done = 0; done < trials; done += AT_ONCE) {
    const { solvers } = await playSolvers({
      count: Math.min(AT_ONCE, trials - done),
      seed: `scattered ${share} ${done}`,
      training: (i) => scattered(share, `${share} ${done + i}`),
    });
    rejected += solvers.filter(({ isAccepted }) => !isAccepted).length;
  }
  const { intervals, audits } = SMALL_JOB;
  const formula = detectionProbability(intervals, Math.round(share * intervals), audits);
  return {
    measured: `${rejected} of ${trials} rejected (formula ${formula.toFixed(4)})`,
    pass: rejected >= least * trials,
  };
}

/** With enough to learn that a stolen model is worth something, and rows enough in an interval to see it. */
const TEACHING_JOB = { dims: [8, 6, 2], batch: 64, rows: 512, learningRate: 0.05 };

/** One of the forgeries that are known, many times: how often it passes, and whether ever although an audit met it. */
export async function measureForgery(
  letter: keyof typeof FORGERIES,
  trials: number,
): Promise<{ rejected: number; missed: number }> {
  let [rejected, missed] = [0, 0];
  for (let done = 0; done < trials; done += AT_ONCE) {
    const { solvers, transcripts } = await playSolvers({
      count: Math.min(AT_ONCE, trials - done),
      seed: `forgery ${letter} ${done}`,
      ...(letter === "h" && { config: TEACHING_JOB }),
      training: () => FORGERIES[letter](SHARE),
    });
    for (const solver of solvers) {
      if (!solver.isAccepted) rejected++;
      else if (await isMet(solver, transcripts)) missed++;
    }
  }
  return { rejected, missed };
}

/** Was an interval looked at that does not lead from its first state to its last one? */
async function isMet({ hotkey, trajectory }: Judged, transcripts: readonly Transcript[]): Promise<boolean> {
  for (const { job } of transcripts) {
    const task = job.task as RerunTask;
    if (job.synapse !== "rerun" || task.solver !== hotkey || !("interval" in task)) continue;
    if (await isForged(task.job, trajectory.states, task.interval)) return true;
  }
  return false;
}

async function isForged(job: TrainingJob, states: Judged["trajectory"]["states"], interval: number) {
  const { state } = await trainSteps(job, states[interval]!, stepsOf(job, interval));
  return hashOfState(state) !== hashOfState(states[interval + 1]!);
}
