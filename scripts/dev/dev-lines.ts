import type { SkipReason, ValidatorEvent } from "../../validator/events.ts";
import type { EpochReport } from "./dev-report.ts";

const SKIPPED: Record<SkipReason, string> = {
  "secret-not-committed": "its secret was not committed on chain before it began; the next one's is",
  "joined-late": "too little of it was left",
  "not-registered": "this hotkey is not registered on the subnet",
  "plan-invalid": "the template planned what cannot be asked",
};

/** What a person reads of an event; undefined for those that only programs want. */
export function toLine(event: ValidatorEvent): string | undefined {
  switch (event.event) {
    case "epoch.planned":
      return `epoch    ${event.epoch}  ${event.jobs} questions to ${event.asked} miners`;
    case "epoch.skipped":
      return `epoch    ${event.epoch}  nobody is asked: ${SKIPPED[event.reason]}`;
    case "epochs.missed":
      return `epoch    ${event.from} to ${event.to}  missed: the chain or this validator was away`;
    case "epoch.scored":
      return `epoch    ${event.epoch}  ${event.answered} of ${event.asked} answered; ${describeZeros(event.scores)}`;
    case "epoch.void":
      return `epoch    ${event.epoch}  void: ${event.reason}; scores are kept`;
    case "weights.signed":
      return `weights  ${event.epoch}  ${event.sent.uids.length} miners → signed`;
    case "weights.included":
      return `weights  ${event.epoch}  → block ${event.block}`;
    case "weights.committed":
      return `weights  ${event.epoch}  → committed; ${describeOpening(event)}`;
    case "weights.revealed":
      return `weights  ${event.epoch}  → revealed, seen at block ${event.block}`;
    case "weights.verified":
      return `weights  ${event.epoch}  → read back, the same`;
    case "weights.abstained":
      if (event.reason in SKIPPED) return undefined; // said already
      return `weights  ${event.epoch}  none are sent: ${event.reason}`;
    case "weights.failed":
      return `weights  ${event.epoch}  failed: ${event.reason}`;
    case "worker.stopped":
      return event.how === 0
        ? undefined
        : `worker   ${event.pid}  died: ${event.how}; another one takes over`;
    default:
      return undefined;
  }
}

/** What the weights of an epoch led to, best paid first. */
export function paidLines({ epoch, paidAt, miners, spearman }: EpochReport): string[] {
  const rows = [...miners]
    .sort((a, b) => b.incentive - a.incentive)
    .map(({ name, quality, incentive, reason }) => {
      const share = `${(incentive * 100).toFixed(2)} %`;
      return `         ${name.padEnd(12)} quality ${quality.toFixed(2)}  earns ${share.padStart(7)}  ${reason ?? "not asked"}`;
    });
  const rank =
    spearman === null ? "nobody is paid yet" : `rank correlation of quality and pay ${spearman.toFixed(2)}`;
  return [`paid     ${epoch}  in block ${paidAt}: ${rank}`, ...rows];
}

function describeOpening(event: Extract<ValidatorEvent, { event: "weights.committed" }>): string {
  const { round, revealBlock } = event;
  return round === null
    ? `to be revealed from block ${revealBlock} on`
    : `the chain opens it at block ${revealBlock}, with round ${round} of its beacon`;
}

function describeZeros(scores: Extract<ValidatorEvent, { event: "epoch.scored" }>["scores"]): string {
  const reasons = new Map<string, number>();
  for (const { score, reason } of scores)
    if (score === 0) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const list = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(", ");
  return list ? `zero: ${list}` : "nobody has zero";
}
