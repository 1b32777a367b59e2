/** How a step ended: what was seen, why it failed, or why the client does not have it. */
export type Outcome =
  | { status: "ok"; detail: string }
  | { status: "red"; reason: string }
  | { status: "n.a."; reason: string };

export type StepResult = Outcome & { client: string; step: string; seconds: number };

/** What a step found that it should not have. Its message is the reason in the table. */
export class StepFailure extends Error {}

/** Thrown by a step that turns out to be none of this client's. */
export class NotAvailable extends Error {}

/** @throws StepFailure */
export function expect(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new StepFailure(reason);
}
