import { epochSeed, hiddenSeed } from "../../shared/rules/beacon.ts";
import type { EpochContext, Job, StageContext, Transcript } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { pickIntervals } from "./audit.ts";
import { statesPerMessage, type TrainingProofConfig } from "./config.ts";
import type { TrainingJob } from "./job.ts";
import { ask, claimsOf, commitTaskOf, type Round, swornTo } from "./round.ts";
import type { RerunTask } from "./source-rerun.ts";
import type { CommitTask } from "./synapse-commit.ts";
import type { EvalTask } from "./synapse-eval.ts";
import type { OpenTask } from "./synapse-open.ts";

type Context = EpochContext<TrainingProofConfig>;
type Stage = StageContext<TrainingProofConfig>;

/** Picks besides the random ones: the first, the last and the two largest drops. */
const FIXED_PICKS = 4;

/** Asks everybody who swore to something in time what stands behind it. */
export function planCommits(context: Context, round: Round): Job[] {
  const sworn = swornTo(round, context);
  return round.assignments.flatMap(({ job, solvers }, i) => {
    const to = solvers.filter((solver) => sworn.has(solver) && solver !== context.validator);
    const task: CommitTask = { job, audit: auditSeed(context) };
    return to.length > 0 ? [ask(commitTaskOf(i), "commit", to, task)] : [];
  });
}

/**
 * Asks for the states before and after the picked intervals, in parts that fit into a message, and for the last state.
 * The picks follow from the beacon of the epoch, which is younger than every commitment that counts, and are the same for
 * all validators.
 */
export function planOpens(context: Stage, round: Round, transcripts: readonly Transcript[]): Job[] {
  const [sworn, audit] = [swornTo(round, context), auditOf(transcripts)];
  return round.assignments.flatMap(({ job }, i) => {
    const to = claimsOf(i, sworn, transcripts).map(({ solver }) => solver);
    if (to.length === 0) return [];
    const commit = commitTaskOf(i);
    const count = statesPerMessage(job);
    const parts = Math.ceil(mostStates(job) / count);
    const opens = Array.from({ length: parts }, (_, part) => {
      const task: OpenTask = { job, audit, commit, from: part * count, count };
      return ask(`open-${i}-${part}`, "open", to, task);
    });
    const task: EvalTask = { job, commit };
    return [...opens, ask(`eval-${i}`, "eval", to, task, "open")];
  });
}

/** Runs again what was opened, and measures what was trained on rows that nobody has seen. */
export function planReruns(context: Stage, round: Round, transcripts: readonly Transcript[]): Job[] {
  const [sworn, audit] = [swornTo(round, context), auditOf(transcripts)];
  return round.assignments.flatMap((assignment, i) => {
    const claims = claimsOf(i, sworn, transcripts).filter(({ solver }) => hasOpened(i, solver, transcripts));
    if (claims.length === 0) return [];
    const { job } = assignment;
    const heldOut = Buffer.from(hiddenSeed(context, `training-proof/held-out/${job.jobId}`)).toString("hex");
    const batches = Math.ceil(context.config.heldOutRows / job.batch);
    const run = (taskId: string, task: RerunTask): Job => ({
      taskId,
      stage: "rerun",
      synapse: "rerun",
      to: "source",
      task,
    });
    return [
      run(`before-${i}`, { job, measure: { heldOut, batches } }),
      ...claims.flatMap(({ solver, statement }, s) => [
        run(`after-${i}-${s}`, { job, solver, measure: { heldOut, batches } }),
        ...pickIntervals(job, audit, solver, statement.losses.data).map((interval) =>
          run(`rerun-${i}-${s}-${interval}`, { job, solver, interval }),
        ),
      ]),
    ];
  });
}

/** Which audits these are: a stage has a beacon of its own, so the seed stands in the tasks of the first one. "": none. */
function auditOf(transcripts: readonly Transcript[]): string {
  const first = transcripts.find(({ job }) => job.synapse === "commit");
  return first ? (first.job.task as CommitTask).audit : "";
}

/** The seed of the picks: from the epoch's own beacon. 64 digits. */
function auditSeed({ netuid, epoch, beacon }: Context): string {
  const seed = epochSeed({ netuid, epoch, randomness: beacon, purpose: "training-proof/audit" });
  return Buffer.from(seed).toString("hex");
}

/** Did this solver show all that it was asked for? */
function hasOpened(assignment: number, solver: Hotkey, transcripts: readonly Transcript[]): boolean {
  const asked = transcripts.filter(({ job: { taskId } }) => isOpening(taskId, assignment));
  return asked.length > 0 && asked.every(({ answers }) => answers.get(solver)?.ok === true);
}

/** Is it a task in which states of that job are shown? */
export function isOpening(taskId: string, assignment: number): boolean {
  return taskId === `eval-${assignment}` || taskId.startsWith(`open-${assignment}-`);
}

function mostStates({ intervals, audits }: TrainingJob): number {
  return Math.min(intervals + 1, 2 * (audits + FIXED_PICKS));
}
