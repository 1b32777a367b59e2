import { SubforgeError } from "./errors.ts";

/**
 * Every place at which a validator may die in a test: each journal, queue and chain step of planner and worker. `before` and
 * `after` mean the step that is named; `inside` is in the middle of a transaction, which must then have no effect at all.
 * Each is placed exactly once (`scripts/checks/fail-points.test.ts`), and `npm run nemesis -- crash-points` dies at each.
 */
export const FAIL_POINTS = [
  // journal: the file itself
  "journal.migrate.inside",
  "journal.open.after",
  // the secret behind the questions
  "secret.send.before",
  "call.sign.after",
  "secret.send.after",
  "secret.found.before",
  "secret.found.after",
  // the epoch and its stages
  "epoch.skip.before",
  "epoch.skip.after",
  "epoch.plan.before",
  "epoch.plan.inside",
  "epoch.plan.after",
  "stage.begin.before",
  "stage.begin.inside",
  "stage.begin.after",
  "stage.end.before",
  "stage.end.inside",
  "stage.end.after",
  "answers.record.before",
  "answers.record.inside",
  "answers.record.after",
  "epoch.close.before",
  "epoch.close.inside",
  "epoch.close.after",
  // weights: what is decided, signed, sent and read back
  "weights.abstain.before",
  "weights.abstain.after",
  "weights.decide.before",
  "weights.decide.inside",
  "weights.decide.after",
  "weights.step.inside",
  "weights.sign.before",
  "weights.sign.after",
  "weights.signed.after",
  "weights.submit.before",
  "weights.submit.after",
  "weights.included.after",
  "weights.read-back.before",
  "weights.read-back.after",
  "weights.verified.after",
  "weights.fail.after",
  "commit.awaited.after",
  "reveal.sign.before",
  "reveal.sign.after",
  "reveal.signed.after",
  "reveal.submit.after",
  "reveal.revealed.after",
  // queue: planner to worker and back
  "lease.take.after",
  "queue.announce.after",
  "queue.add.before",
  "queue.add.after",
  "queue.take.before",
  "queue.take.after",
  // worker
  "worker.ask.before",
  "worker.ask.after",
  "worker.hand-over.before",
  "worker.hand-over.after",
] as const;

export type FailPoint = (typeof FAIL_POINTS)[number];

let armed: { name: FailPoint; left: number } | undefined;

/** Dies here by SIGKILL when a test armed this point: nothing is flushed, closed or handed back. Else one comparison. */
export function failPoint(name: FailPoint): void {
  if (armed !== undefined && armed.name === name && --armed.left === 0) process.kill(process.pid, "SIGKILL");
}

/**
 * Makes this process die the n-th time it reaches the point.
 *
 * @param nth - From 1.
 */
export function armFailPoint(name: FailPoint, nth = 1): void {
  armed = { name, left: nth };
}

/** @param text - `name` or `name:nth`. @throws SubforgeError FAIL_POINT_UNKNOWN */
export function parseFailPoint(text: string): { name: FailPoint; nth: number } {
  const [, found, count = "1"] = /^([a-z.-]+)(?::([1-9]\d{0,5}))?$/.exec(text) ?? [];
  const name = FAIL_POINTS.find((known) => known === found);
  if (name === undefined) throw new SubforgeError("FAIL_POINT_UNKNOWN", { name: text.slice(0, 80) });
  return { name, nth: Number(count) };
}
