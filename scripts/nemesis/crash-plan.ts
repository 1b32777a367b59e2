import type { WeightsMethod } from "../../shared/chain/commit-reveal.ts";
import { FAIL_POINTS, type FailPoint } from "../../shared/fail-point.ts";

/** One death: which process, where, and what must be so that it gets there. */
export type Crash = {
  point: FailPoint;
  nth: number;
  who: "planner" | "worker";
  method: WeightsMethod;
  /** The process begins with an empty journal. */
  fresh: boolean;
  /** It dies while it starts. Else it first shows that the death before it has left nothing behind. */
  atStart: boolean;
  /** On a subnet whose epochs have a second stage. */
  staged: boolean;
  /** The pool refuses calls until somebody gives up. */
  refused: boolean;
};

/** Points that both processes pass: the planner hands out and collects, a worker takes and hands over. */
const OF_BOTH: readonly FailPoint[] = [
  "queue.add.before",
  "queue.add.after",
  "queue.take.before",
  "queue.take.after",
];

/** Reached at the start of a new journal only, or in the epoch that was not prepared. */
const FRESH: readonly FailPoint[] = [
  "journal.migrate.inside",
  "epoch.skip.before",
  "epoch.skip.after",
  "weights.abstain.before",
  "weights.abstain.after",
];

/** Reached once in the life of a process. */
const AT_START: readonly FailPoint[] = [
  ...FRESH,
  "journal.open.after",
  "lease.take.after",
  "queue.announce.after",
];

/** Steps of weights that are written in transactions of the same kind: planned ones are not. */
const STEPS = { plain: 4, hash: 6, timelock: 5 } as const;

/** What else happens to weights that are committed first. */
const OF_COMMITS: readonly FailPoint[] = ["commit.awaited.after", "reveal.revealed.after"];
const OF_HASHES: readonly FailPoint[] = [
  "reveal.sign.before",
  "reveal.sign.after",
  "reveal.signed.after",
  "reveal.submit.after",
];

/** Later stages of an epoch. */
const LATER_STAGES: readonly FailPoint[] = ["stage.begin.before", "stage.begin.inside", "stage.begin.after"];

/** Refused weights are signed again over 31 blocks: only the longest of our epochs lasts until somebody gives up. */
const GIVES_UP: FailPoint = "weights.fail.after";

const WEIGHTS = FAIL_POINTS.filter((point) => point.startsWith("weights.") && !FRESH.includes(point));

/** Every death that there is, on every kind of subnet where it means something else. */
export function crashPlan(): Crash[] {
  const everywhere = FAIL_POINTS.filter((point) => ![...OF_COMMITS, ...OF_HASHES, GIVES_UP].includes(point));
  return [
    ...everywhere.flatMap((point) => crashesAt(point, "plain")).sort(byTemplate),
    ...[...WEIGHTS, ...OF_COMMITS].flatMap((point) => crashesAt(point, "timelock")),
    ...[...WEIGHTS, ...OF_COMMITS, ...OF_HASHES]
      .filter((point) => point !== GIVES_UP)
      .flatMap((point) => crashesAt(point, "hash")),
  ];
}

/** Those of another template last: its validator is another process. */
function byTemplate(a: Crash, b: Crash): number {
  return Number(a.staged) - Number(b.staged);
}

function crashesAt(point: FailPoint, method: WeightsMethod): Crash[] {
  const isWorkers = point.startsWith("worker.");
  const base = {
    ...{ point, nth: 1, method, fresh: FRESH.includes(point), refused: point === GIVES_UP },
    ...{ atStart: AT_START.includes(point), staged: LATER_STAGES.includes(point) },
    who: isWorkers ? ("worker" as const) : ("planner" as const),
  };
  if (point === "weights.step.inside") {
    return Array.from({ length: STEPS[method] }, (_, index) => ({ ...base, nth: index + 1 }));
  }
  return OF_BOTH.includes(point) ? [base, { ...base, who: "worker" }] : [base];
}
