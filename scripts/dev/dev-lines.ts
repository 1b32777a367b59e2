import type { SkipReason, ValidatorEvent } from "../../validator/events.ts";
import type { EpochReport } from "./dev-report.ts";
import { factWords } from "./read-evidence.ts";

const SKIPPED: Record<SkipReason, string> = {
  "secret-not-committed": "its secret was not committed on chain before it began; the next one's is",
  "joined-late": "too little of it was left",
  "not-registered": "this hotkey is not registered on the subnet",
  "plan-invalid": "the template planned what cannot be asked",
};

/** Epochs whose weights are followed: with commits, several are on their way at once. */
const KEEP = 16;

type OfWeights = { netuid: number; mechanism: number; epoch: number };

/**
 * What a person reads of a validator: a line per epoch that was asked, a line for the whole way of its weights.
 *
 * @returns A function that takes each event and gives its line; undefined for those that only programs want, or whose
 * line is not complete yet.
 */
export function createLines(): (event: ValidatorEvent) => string | undefined {
  /** How far the weights of an epoch are, in words. */
  const ways = new Map<string, string[]>();
  const subjects = new Set<string>();
  /** The epoch, and of what, when there is more than one subnet or mechanism. */
  const nameOf = ({ netuid, mechanism, epoch }: OfWeights) =>
    subjects.size > 1 ? `${epoch} of subnet ${netuid}, mechanism ${mechanism}` : `${epoch}`;
  const keyOf = ({ netuid, mechanism, epoch }: OfWeights) => `${netuid}/${mechanism}/${epoch}`;
  const add = (of: OfWeights, step: string) => {
    const way = ways.get(keyOf(of)) ?? [];
    ways.set(keyOf(of), [...way, step]);
    for (const old of ways.keys()) if (ways.size > KEEP) ways.delete(old);
  };
  const end = (of: OfWeights, step: string) => {
    const way = [...(ways.get(keyOf(of)) ?? []), step];
    ways.delete(keyOf(of));
    return `weights  ${nameOf(of)}  ${way.join(" → ")}`;
  };
  return (event) => {
    if ("mechanism" in event) subjects.add(`${event.netuid}/${event.mechanism}`);
    switch (event.event) {
      case "epoch.planned":
        return `epoch    ${nameOf(event)}  ${event.jobs} questions to ${event.asked} miners`;
      case "epoch.skipped":
        return `epoch    ${nameOf(event)}  nobody is asked: ${SKIPPED[event.reason]}`;
      case "epochs.missed":
        return `epoch    ${event.from} to ${event.to}  missed: the chain or this validator was away`;
      case "epoch.scored":
        return `epoch    ${nameOf(event)}  asked ${event.asked}  answered ${event.answered}  ${describeScores(event.scores)}${describeFaults(event)}`;
      case "epoch.void":
        return `epoch    ${nameOf(event)}  asked ${event.asked}  answered ${event.answered}  void: ${event.reason}; scores are kept`;
      case "weights.signed":
        add(event, `planned ${event.sent.uids.length} → signed`);
        return undefined;
      case "weights.included":
        add(event, `in pool → block ${event.block}`);
        return undefined;
      case "weights.committed":
        return end(event, `commit read back ✓ → ${describeOpening(event)}`);
      case "weights.revealed":
        add(event, `revealed, seen at block ${event.block}`);
        return undefined;
      case "weights.verified":
        return end(event, "read back ✓");
      case "weights.shadow":
        if (event.reason !== null && event.reason in SKIPPED) return undefined; // said already
        return end(
          event,
          event.would ? `would be set for ${event.would.uids.length} miners` : `none: ${event.reason}`,
        );
      case "weights.abstained":
        if (event.reason in SKIPPED) return undefined; // said already
        return end(event, `none are sent: ${event.reason}`);
      case "weights.failed":
        return end(event, `failed: ${event.reason}`);
      case "doppelganger.waiting":
        return `waits    for signs of another machine with this hotkey, until block ${event.untilBlock}`;
      case "planner.waiting":
        return `waits    for the planner ${event.holder} of this hotkey to end`;
      case "validator.waiting":
        return describeWaiting(event);
      case "clock.skewed":
        return `clock    this machine is ${Math.abs(event.skewSeconds)} s ${event.skewSeconds > 0 ? "ahead of" : "behind"} the chain`;
      case "metrics.served":
        return `metrics  ${event.url}`;
      case "result.signed":
        return `result   ${nameOf(event)}  ${event.topic} is ${event.value}, nonce ${event.nonce}, signed`;
      case "results.served":
        return `results  ${event.url}/topics`;
      case "worker.stopped":
        return event.how === 0
          ? undefined
          : `worker   ${event.pid}  died: ${event.how}; another one takes over`;
      default:
        return undefined;
    }
  };
}

/** What the weights of an epoch led to, best paid first. */
export function paidLines({ epoch, paidAt, miners, spearman, roles }: EpochReport): string[] {
  const rows = [...miners]
    .sort((a, b) => b.incentive - a.incentive)
    .map(({ name, quality, role, incentive, reason, why }) => {
      const share = `${(incentive * 100).toFixed(2)} %`;
      const words = reason === "ok" ? "" : factWords(why);
      const facts = words && `: ${words}`;
      const is = role === undefined ? "quality" : `${role} quality`;
      return `         ${name.padEnd(12)} ${is} ${quality.toFixed(2)}  earns ${share.padStart(7)}  ${reason ?? "not asked"}${facts}`;
    });
  const among = roles.flatMap(({ role, spearman: rank }) =>
    rank === null ? [] : `${rank.toFixed(2)} among ${role}s`,
  );
  const ranks = spearman === null || among.length > 0 ? among.join(", ") : spearman.toFixed(2);
  const rank = ranks ? `rank correlation of quality and pay ${ranks}` : "nobody is paid yet";
  return [`paid     ${epoch}  in block ${paidAt}: ${rank}`, ...rows];
}

function describeOpening(event: Extract<ValidatorEvent, { event: "weights.committed" }>): string {
  const { round, revealBlock } = event;
  return round === null
    ? `reveal due from block ${revealBlock} on`
    : `the chain opens it at block ${revealBlock}, with round ${round} of its beacon`;
}

function describeWaiting(event: Extract<ValidatorEvent, { event: "validator.waiting" }>): string {
  const { lastVerified, endsInMs } = event;
  const kept = lastVerified
    ? `; weights of epoch ${lastVerified.epoch} are in force since block ${lastVerified.block}`
    : "";
  const ends = endsInMs === null ? "" : `; it ends by itself in ${Math.round(endsInMs / 1e3)} s`;
  return `waits    for ${event.for}${kept}${ends}`;
}

/** Those count for nobody. */
function describeFaults({ ownFaults }: { ownFaults: number }): string {
  return ownFaults > 0 ? `  partial: ${ownFaults} questions failed on our side` : "";
}

function describeScores(scores: Extract<ValidatorEvent, { event: "epoch.scored" }>["scores"]): string {
  const scored = scores.filter(({ score }) => score !== null);
  const zeros = scored.filter(({ score }) => score === 0);
  const reasons = new Map<string, number>();
  for (const { reason } of zeros) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const list = [...reasons].map(([reason, count]) => `${count} ${reason}`).join(", ");
  return `scored ${scored.length}  zero: ${zeros.length}${list ? ` (${list})` : ""}`;
}
