import { type Failure, isValidatorsOwnFault } from "../../shared/reasons.ts";
import type { EpochContext, Transcript } from "../../shared/template.ts";
import type { Hotkey, Json } from "../../shared/types.ts";
import { initialState } from "./arithmetic.ts";
import { isOpening } from "./audit-stages.ts";
import type { TrainingProofConfig } from "./config.ts";
import { type Dispute, disputesOf, progressOf } from "./dispute.ts";
import { parametersIn } from "./graph/network.ts";
import type { TrainingJob } from "./job.ts";
import { operatorsOf } from "./operators.ts";
import { hashOfState } from "./proofs.ts";
import { distanceOf, verdictOf } from "./protocol/distance.ts";
import { commitTaskOf, isSame, type Round, type Sworn, swornTo } from "./round.ts";
import { openedState, type RerunTask, type RerunTruth } from "./source-rerun.ts";
import type { CommitResponse } from "./synapse-commit.ts";

/** What came of one solver's job. `facts` name what was found, for everybody to check. */
export type Verdict =
  | {
      outcome: "verified";
      facts: { [fact: string]: Json };
      before: number;
      after: number;
      steps: number;
      /** Disputes that it was right in. */
      won: number;
    }
  | { outcome: "failed"; reason: Failure; isFraud: boolean; facts: { [fact: string]: Json } };

/** By solver. Who is missing could not be judged by the validator's own fault. */
export function judge(
  context: EpochContext<TrainingProofConfig>,
  round: Round,
  transcripts: readonly Transcript[],
): Map<Hotkey, Verdict> {
  const sworn = swornTo(round, context);
  const registered = new Set(context.participants.map(({ hotkey }) => hotkey));
  const verdicts = new Map<Hotkey, Verdict>();
  round.assignments.forEach(({ job, solvers }, assignment) => {
    for (const solver of solvers) {
      if (!registered.has(solver) || solver === context.validator) continue;
      const verdict = judgeSolver({ context, job, assignment, solver, said: sworn.get(solver), transcripts });
      if (verdict) verdicts.set(solver, verdict);
    }
  });
  for (const dispute of disputesOf(context, round, transcripts)) settle(dispute, transcripts, verdicts);
  return verdicts;
}

/** Who lost a dispute fails, whatever was drawn; who was right is owed the loser's share. */
function settle(dispute: Dispute, transcripts: readonly Transcript[], verdicts: Map<Hotkey, Verdict>): void {
  const { parties, job } = dispute;
  const outcome = progressOf(dispute, transcripts);
  if (!outcome || "next" in outcome) return;
  const { losers, operator, ...place } = outcome;
  const disputed = operator === undefined ? undefined : operatorsOf(job)[operator]!;
  const where = { ...place, ...(disputed && { operator: `${disputed.op} ${disputed.output}` }) };
  for (const { solver, reason, problem } of losers) {
    const against = parties.find((party) => party !== solver)!;
    const found = verdicts.get(solver);
    const facts = found?.outcome === "failed" ? found.facts : { jobId: job.jobId, problem, ...where };
    const told = { ...facts, dispute: { against, problem, ...where } };
    verdicts.set(solver, { outcome: "failed", reason, isFraud: true, facts: told });
  }
  const [winner] = parties.filter((party) => losers.every(({ solver }) => solver !== party));
  const verdict = winner ? verdicts.get(winner) : undefined;
  if (verdict?.outcome === "verified" && losers.length === 1) {
    const won = verdict.won + 1;
    verdicts.set(winner!, { ...verdict, won, facts: { ...verdict.facts, won } });
  }
}

type Case = {
  context: EpochContext<TrainingProofConfig>;
  job: TrainingJob;
  assignment: number;
  solver: Hotkey;
  said: Sworn | undefined;
  transcripts: readonly Transcript[];
};

function judgeSolver(of: Case): Verdict | undefined {
  const { said, solver, transcripts, assignment, job } = of;
  const failed = (reason: Failure, facts: { [fact: string]: Json }, isFraud = false): Verdict => ({
    ...{ outcome: "failed", reason, isFraud },
    facts: { jobId: job.jobId, ...facts },
  });
  if (!said) return failed("model-missing", { problem: "no commitment in time" });
  const statement = transcripts
    .find(({ job: { taskId } }) => taskId === commitTaskOf(assignment))
    ?.answers.get(solver);
  if (!statement) return undefined;
  if (!statement.ok) {
    return isValidatorsOwnFault(statement.reason)
      ? undefined
      : failed(statement.reason, { problem: "no statement" });
  }
  if (!isSame(statement.response as CommitResponse, said)) {
    return failed("broken-commitment", { problem: "the statement is not what stands on chain" });
  }
  for (const { job: asked, answers } of transcripts) {
    if (!isOpening(asked.taskId, assignment)) continue;
    const answer = answers.get(solver);
    if (!answer || (!answer.ok && isValidatorsOwnFault(answer.reason))) return undefined;
    if (!answer.ok)
      return failed(answer.reason, { problem: "a state is not served", task: asked.taskId }, true);
  }
  return judgeReruns(of, failed);
}

function judgeReruns(
  { context, job, assignment, solver, transcripts }: Case,
  failed: (reason: Failure, facts: { [fact: string]: Json }, isFraud?: boolean) => Verdict,
): Verdict | undefined {
  const earlier = answersOf(transcripts);
  const shown = (index: number) => openedState(job, solver, index, earlier);
  const first = shown(0);
  if (!first) return undefined;
  if (hashOfState(first) !== hashOfState(initialState(job))) {
    return failed(
      "audit-mismatch",
      { interval: 0, problem: "it does not begin where the beacon says" },
      true,
    );
  }
  const said = transcripts
    .find(({ job: { taskId } }) => taskId === commitTaskOf(assignment))!
    .answers.get(solver);
  const losses = said?.ok ? (said.response as CommitResponse).losses.data : new Float32Array();
  let [before, after, audited, worst]: [number | undefined, number | undefined, number, number] = [
    undefined,
    undefined,
    0,
    0,
  ];
  for (const { job: asked, answers } of transcripts) {
    if (asked.synapse !== "rerun") continue;
    const task = asked.task as RerunTask;
    if (task.job.jobId !== job.jobId || (task.solver ?? solver) !== solver) continue;
    const answer = answers.get("source");
    if (!answer?.ok) return undefined;
    const truth = answer.response as RerunTruth;
    if ("loss" in truth) {
      if (task.solver) after = truth.loss;
      else before = truth.loss;
      continue;
    }
    if (!("interval" in task)) continue;
    const { interval } = task;
    const claimed = shown(interval + 1);
    if (!claimed) return undefined;
    const apart = truth.state && distanceOf(parametersIn(claimed), parametersIn(truth.state), job.dRef);
    const isSameState = apart
      ? verdictOf([apart.normalized], job.delta).accepted
      : truth.hash === hashOfState(claimed);
    worst = Math.max(worst, apart?.normalized ?? 0);
    if (!isSameState) {
      const facts: { [fact: string]: Json } = apart ?? { claimed: hashOfState(claimed), found: truth.hash };
      return failed("audit-mismatch", { interval, problem: "another state comes out", ...facts }, true);
    }
    const from = interval * job.stepsPerInterval;
    const wrong = truth.losses.findIndex(
      (loss, i) => Math.abs(loss - losses[from + i]!) > context.config.lossTolerance,
    );
    if (wrong >= 0)
      return failed(
        "audit-mismatch",
        { interval, problem: `loss of step ${from + wrong} is another one` },
        true,
      );
    audited++;
  }
  if (before === undefined || after === undefined || audited === 0) return undefined;
  const steps = job.intervals * job.stepsPerInterval;
  return {
    ...{ outcome: "verified", before, after, steps, won: 0 },
    facts: { jobId: job.jobId, audited, steps, before, after, ...(job.mode === "fp32" && { worst }) },
  };
}

/** Answers by miner and task. */
function answersOf(transcripts: readonly Transcript[]) {
  return (hotkey: Hotkey) =>
    new Map(
      transcripts.flatMap(({ job, answers }) => {
        const answer = answers.get(hotkey);
        return answer ? [[job.taskId, answer as never] as const] : [];
      }),
    );
}
