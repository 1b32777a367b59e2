import type { EpochContext, Job, Transcript } from "../../shared/template.ts";
import type { BlockNumber, Hotkey } from "../../shared/types.ts";
import { parseTrainingCommitment, type TrainingCommitment } from "./chain-commitment.ts";
import type { TrainingProofConfig } from "./config.ts";
import { type Assignment, drawJobs } from "./job.ts";
import type { CommitResponse } from "./synapse-commit.ts";

/** Jobs that were offered and are not judged yet, with the block from which they were known. */
export type Round = { epoch: number; block: BlockNumber; assignments: Assignment[] };

type Context = EpochContext<TrainingProofConfig>;

/** The jobs that this epoch offers. Undefined: those of an earlier one still have time. */
export function roundOf(context: Context): Round | undefined {
  const { epoch, startBlock, config } = context;
  if (epoch % config.deadlineEpochs !== 0) return undefined;
  return { epoch, block: startBlock, assignments: drawJobs(context) };
}

/** The round whose time is over when this epoch begins. One that was missed is judged by nobody: newer commitments took its place. */
export function dueRound(round: Round | null, { epoch, config }: Context): Round | undefined {
  return round && round.epoch + config.deadlineEpochs === epoch ? round : undefined;
}

/** What a solver said on chain about its job, in time. `block`: when. */
export type Sworn = TrainingCommitment & { block: BlockNumber };

/**
 * Commitments that count: about the solver's own job, made after the job was known and before the first block of this
 * epoch, whose beacon says what is looked at.
 */
export function swornTo(round: Round, { participants, startBlock }: Context): Map<Hotkey, Sworn> {
  const jobs = new Map(
    round.assignments.flatMap(({ job, solvers }) => solvers.map((solver) => [solver, job] as const)),
  );
  const sworn = new Map<Hotkey, Sworn>();
  for (const { hotkey, commitment } of participants) {
    const [job, said] = [jobs.get(hotkey), commitment && parseTrainingCommitment(commitment.data)];
    if (!job || !commitment || said?.jobId !== job.jobId || said.intervals !== job.intervals) continue;
    if (commitment.block < round.block || commitment.block >= startBlock) continue;
    sworn.set(hotkey, { ...said, block: commitment.block });
  }
  return sworn;
}

/** A solver with what it swore to and the statement behind it. */
export type Claim = { solver: Hotkey; sworn: Sworn; statement: CommitResponse };

/** Of one job, sorted by solver: who said the same to the validator as on chain. */
export function claimsOf(
  assignment: number,
  sworn: ReadonlyMap<Hotkey, Sworn>,
  transcripts: readonly Transcript[],
): Claim[] {
  const { answers } = transcripts.find(({ job }) => job.taskId === commitTaskOf(assignment)) ?? {};
  return [...(answers ?? [])]
    .flatMap(([solver, answer]): Claim[] => {
      const said = sworn.get(solver);
      if (!answer.ok || !said) return [];
      const statement = answer.response as CommitResponse;
      return isSame(statement, said) ? [{ solver, sworn: said, statement }] : [];
    })
    .sort((a, b) => (a.solver < b.solver ? -1 : 1));
}

/** Does a statement say what stands on chain? */
export function isSame(statement: CommitResponse, sworn: TrainingCommitment): boolean {
  const { root, finalHash, lossHash } = statement;
  return root === sworn.root && finalHash === sworn.finalHash && lossHash === sworn.lossHash;
}

export function commitTaskOf(assignment: number): string {
  return `commit-${assignment}`;
}

/** A job for miners, with the stage that bears the name of its synapse unless it says another. */
export function ask<Task extends Job["task"]>(
  taskId: string,
  synapse: string,
  to: readonly Hotkey[],
  task: Task,
  stage = synapse,
): Job<Task> {
  return { taskId, stage, synapse, to, task };
}
