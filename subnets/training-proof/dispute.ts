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
import { type DisputeTask, hashesSaid, type Level } from "./synapse-dispute.ts";

/** Two solvers of one job that end at different states. `ends`: the hashes of these, as they stand on chain. */
export type Dispute = {
  id: string;
  assignment: number;
  job: TrainingJob;
  parties: readonly [Hotkey, Hotkey];
  ends: readonly [string, string];
};

/** How far down two solvers agree: the interval, its step, and the operator in it, from the first that differs. */
export type Place = { interval?: number; step?: number; operator?: number };

/** Who lost, and where the two part, as far as it came. */
export type Outcome = Place & { losers: { solver: Hotkey; reason: Failure; problem: string }[] };

/** How far a dispute has come: what to ask next, or how it ended. Undefined: we failed, nobody can tell. */
export type Progress = (Required<Place> & { next: Level | "referee" }) | Outcome | undefined;

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
    const now = progressOf(dispute, transcripts);
    if (!now || !("next" in now) || now.next !== stage) return [];
    const { next, ...place } = now;
    if (next === "referee") {
      const task: RefereeTask = { job, shown: `inputs-${id}`, parties: [...parties], ...place };
      return [{ taskId: `referee-${id}`, stage, synapse: "referee", to: "source", task }];
    }
    const task: DisputeTask = { job, commit: commitTaskOf(assignment), id, level: next, ...place };
    return [ask(`${stage}-${id}`, "dispute", parties, task, stage)];
  });
}

/** Follows a dispute as far as the answers go. */
export function progressOf(dispute: Dispute, transcripts: readonly Transcript[]): Progress {
  const { job, parties, ends } = dispute;
  const of = (stage: string) => answersTo(`${stage}-${dispute.id}`, transcripts);
  const saidIn = (answers: Answers) => parties.map((party) => hashesSaid(answers.get(party)));
  const place = { interval: 0, step: 0, operator: 0 };

  const intervals = of("intervals");
  if (!intervals) return { next: "intervals", ...place };
  const silent = silentIn(dispute, intervals, {});
  if (silent !== "none") return silent;
  const states = saidIn(intervals);
  const start = hashOfState(initialState(job));
  const astray = parties.filter((_, i) => states[i]![0] !== start);
  if (astray.length > 0) return lost(astray, "it does not begin where the beacon says", { interval: 0 });
  const liars = parties.filter((_, i) => states[i]!.at(-1) !== ends[i]);
  const last = { interval: job.intervals - 1 };
  if (liars.length > 0) return lost(liars, "its last state is not the one it swore to", last);
  const interval = partAt(states) - 1;

  const steps = of("steps");
  if (!steps) return { next: "steps", ...place, interval };
  const silentThen = silentIn(dispute, steps, { interval });
  if (silentThen !== "none") return silentThen;
  const after = saidIn(steps);
  const step = partAt(after.map((hashes) => ["", ...hashes])) - 1; // they agree before the first one

  const operators = of("operators");
  if (!operators) return { next: "operators", ...place, interval, step };
  const silentStill = silentIn(dispute, operators, { interval, step });
  if (silentStill !== "none") return silentStill;
  const given = saidIn(operators);
  // What they give in the end is bound to states that differ, so some operator does; the first one has inputs that agree.
  const operator = given[0]!.findIndex((hash, i) => hash !== given[1]![i]);

  const inputs = of("inputs");
  if (!inputs) return { next: "inputs", interval, step, operator };
  const where = { interval, step, operator };
  if (![...inputs.values()].some(({ ok }) => ok)) {
    const silentLast = silentIn(dispute, inputs, where);
    return silentLast === "none" ? undefined : silentLast;
  }
  const decided = of("referee");
  if (!decided) return { next: "referee", interval, step, operator };
  const answer = decided.get("source");
  if (!answer?.ok) return undefined;
  const { hash } = answer.response as RefereeTruth;
  const wrong = parties.filter((_, i) => given[i]![operator] !== hash);
  return lost(wrong, "the referee comes to something else", where);
}

type Answers = ReadonlyMap<Hotkey, Answer<unknown>>;

function answersTo(taskId: string, transcripts: readonly Transcript[]): Answers | undefined {
  return transcripts.find(({ job }) => job.taskId === taskId)?.answers;
}

/** "none": both answered. Undefined: whether somebody is silent is our own fault. */
function silentIn({ parties }: Dispute, answers: Answers, place: Place): Outcome | undefined | "none" {
  const given = parties.map((party) => answers.get(party));
  if (given.some((answer) => !answer || (!answer.ok && isValidatorsOwnFault(answer.reason))))
    return undefined;
  const losers = parties.flatMap((solver, i) => {
    const answer = given[i]!;
    return answer.ok ? [] : [{ solver, reason: answer.reason, problem: "it does not answer in a dispute" }];
  });
  return losers.length > 0 ? { losers, ...place } : "none";
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
