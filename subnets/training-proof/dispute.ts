import { type Failure, isValidatorsOwnFault } from "../../shared/reasons.ts";
import type { Answer, EpochContext, Job, Transcript } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { initialState } from "./arithmetic.ts";
import type { TrainingProofConfig } from "./config.ts";
import type { TrainingJob } from "./job.ts";
import { hashOfState } from "./proofs.ts";
import { bisect } from "./protocol/bisect.ts";
import { ask, type Claim, claimsOf, commitTaskOf, type Round, swornTo } from "./round.ts";
import type { RefereeTask, RefereeTruth } from "./source-referee.ts";
import { type DisputeTask, hashesSaid } from "./synapse-dispute.ts";

/** Two solvers of one job that end at different states. `ends`: the hashes of these, as they stand on chain. */
export type Dispute = {
  id: string;
  assignment: number;
  job: TrainingJob;
  parties: readonly [Hotkey, Hotkey];
  ends: readonly [string, string];
};

/** Who lost, and where the two part. `interval` and `step` are missing where it did not come so far. */
export type Outcome = {
  losers: { solver: Hotkey; reason: Failure; problem: string }[];
  interval?: number;
  step?: number;
};

/** How far a dispute has come: what to ask next, or how it ended. Undefined: we failed, nobody can tell. */
export type Progress =
  | { next: "steps"; interval: number }
  | { next: "state"; interval: number; step: number }
  | { next: "referee"; interval: number; step: number }
  | Outcome
  | undefined;

/**
 * Who has to be held against whom: of each job whatever most solvers end at against every other end, by the one who
 * swore first. Only where the same bits come out everywhere: otherwise honest solvers differ too.
 */
export function disputesOf(
  context: EpochContext<TrainingProofConfig>,
  round: Round,
  transcripts: readonly Transcript[],
): Dispute[] {
  const sworn = swornTo(round, context);
  return round.assignments.flatMap(({ job }, assignment) => {
    if (job.mode !== "grid") return [];
    const ends = new Map<string, Claim[]>();
    for (const claim of claimsOf(assignment, sworn, transcripts)) {
      const { finalHash } = claim.sworn;
      ends.set(finalHash, [...(ends.get(finalHash) ?? []), claim]);
    }
    const [most, ...others] = [...ends.values()]
      .map((claims) => ({ backers: claims.length, first: claims.reduce(earlier) }))
      .sort((a, b) => b.backers - a.backers || (earlier(a.first, b.first) === a.first ? -1 : 1));
    return others.map(({ first }, i) => ({
      ...{ id: `${assignment}-${i}`, assignment, job },
      parties: [most!.first.solver, first.solver] as const,
      ends: [most!.first.sworn.finalHash, first.sworn.finalHash] as const,
    }));
  });
}

/** Jobs of one stage of all disputes. */
export function planDisputes(
  stage: string,
  disputes: readonly Dispute[],
  transcripts: readonly Transcript[],
): Job[] {
  return disputes.flatMap((dispute): Job[] => {
    const { id, job, parties, assignment } = dispute;
    const about = { job, commit: commitTaskOf(assignment) };
    const [intervals, steps] = [`intervals-${id}`, `steps-${id}`];
    const show = (task: DisputeTask) => [ask(`${stage}-${id}`, "dispute", parties, task, stage)];
    if (stage === "intervals") return show({ ...about, level: "intervals" });
    const now = progressOf(dispute, transcripts);
    if (!now || !("next" in now) || now.next !== stage) return [];
    const { interval } = now;
    if (now.next === "steps") return show({ ...about, level: "steps", interval, intervals });
    const { step } = now;
    if (now.next === "state") return show({ ...about, level: "state", interval, step, intervals, steps });
    const task: RefereeTask = { job, shown: `state-${id}`, parties: [...parties], interval, step };
    return [{ taskId: `referee-${id}`, stage, synapse: "referee", to: "source", task }];
  });
}

/** Follows a dispute as far as the answers go. */
export function progressOf(dispute: Dispute, transcripts: readonly Transcript[]): Progress {
  const { job, parties, ends } = dispute;
  const of = (stage: string) => answersTo(`${stage}-${dispute.id}`, transcripts);
  const intervals = of("intervals");
  const silent = silentIn(dispute, intervals);
  if (silent !== "none") return silent;
  const lists = parties.map((party) => hashesSaid(intervals!.get(party), job.intervals + 1));
  const start = hashOfState(initialState(job));
  const astray = parties.filter((_, i) => lists[i]![0] !== start);
  if (astray.length > 0) return lost(astray, "it does not begin where the beacon says", { interval: 0 });
  const liars = parties.filter((_, i) => lists[i]!.at(-1) !== ends[i]);
  if (liars.length > 0)
    return lost(liars, "its last state is not the one it swore to", { interval: job.intervals - 1 });
  const interval = partAt(lists) - 1;

  const steps = of("steps");
  if (!steps) return { next: "steps", interval };
  const silentThen = silentIn(dispute, steps);
  if (silentThen !== "none") return silentThen && { ...silentThen, interval };
  const after = parties.map((party) => hashesSaid(steps.get(party), job.stepsPerInterval));
  const step = partAt(after.map((hashes) => ["", ...hashes])) - 1; // they agree before the first one

  const state = of("state");
  if (!state) return { next: "state", interval, step };
  if (![...state.values()].some(({ ok }) => ok)) {
    const silentLast = silentIn(dispute, state);
    return silentLast === "none" ? undefined : silentLast && { ...silentLast, interval, step };
  }
  const said = of("referee");
  if (!said) return { next: "referee", interval, step };
  const answer = said.get("source");
  if (!answer?.ok) return undefined;
  const { hash } = answer.response as RefereeTruth;
  const wrong = parties.filter((_, i) => after[i]![step] !== hash);
  return lost(wrong, "the referee comes to another state", { interval, step });
}

type Answers = ReadonlyMap<Hotkey, Answer<unknown>>;

function answersTo(taskId: string, transcripts: readonly Transcript[]): Answers | undefined {
  return transcripts.find(({ job }) => job.taskId === taskId)?.answers;
}

/** "none": both answered. Undefined: whether somebody is silent is our own fault. */
function silentIn({ parties }: Dispute, answers: Answers | undefined): Outcome | undefined | "none" {
  const given = parties.map((party) => answers?.get(party));
  if (given.some((answer) => !answer || (!answer.ok && isValidatorsOwnFault(answer.reason))))
    return undefined;
  const losers = parties.flatMap((solver, i) => {
    const answer = given[i]!;
    return answer.ok ? [] : [{ solver, reason: answer.reason, problem: "it does not answer in a dispute" }];
  });
  return losers.length > 0 ? { losers } : "none";
}

function lost(
  solvers: readonly Hotkey[],
  problem: string,
  place: { interval: number; step?: number },
): Outcome {
  return { losers: solvers.map((solver) => ({ solver, reason: "audit-mismatch", problem })), ...place };
}

/** In lists that begin alike and end apart: the first entry after the parting. */
function partAt([a, b]: readonly (readonly string[])[]): number {
  return bisect(a!.length, (index) => a![index] === b![index]).first;
}

function earlier(a: Claim, b: Claim): Claim {
  return b.sworn.block < a.sworn.block || (b.sworn.block === a.sworn.block && b.solver < a.solver) ? b : a;
}
