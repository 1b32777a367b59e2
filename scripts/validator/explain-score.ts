import { SubforgeError } from "../../shared/errors.ts";
import type { EpochHead, EpochKey } from "../../shared/journal/epoch-rows.ts";
import type { ScoreRecord } from "../../shared/journal/score-records.ts";
import type { WeightBasis, WeightStatus } from "../../shared/journal/weight-rows.ts";
import type { Reason } from "../../shared/reasons.ts";
import type { Hotkey, Json, Uid } from "../../shared/types.ts";
import { countOwnFaults } from "../../validator/score-book.ts";
import { nearest } from "../nearest.ts";
import { createOutput, table } from "../output.ts";
import {
  type JournalArgs,
  type JournalView,
  nameOf,
  type Subject,
  subjectsOf,
  withJournal,
} from "./journal-view.ts";
import { verdictOf } from "./weight-receipts.ts";

/** The parsed flags of `subforge validator explain`. */
export type ExplainScoreArgs = JournalArgs & { json: boolean; miner: Hotkey; epoch: number | undefined };

/** Without `--epoch`, a miner that was not asked in so many epochs is not looked for. */
const LOOK_BACK = 512;

/** How deep in a template's state a hotkey is looked for. */
const STATE_DEPTH = 6;

/** One question to the miner, what came back, and what the template made of it. */
export type ExplainedTask = {
  /** The epoch that asked: earlier than the one that scored, when the truth came late. */
  epoch: number;
  taskId: string;
  stage: string;
  /** null: no answer yet. */
  outcome: Reason | null;
  latencyMs: number;
  replyBytes: number;
  evidence: Json[];
};

export type ScoreExplanation = EpochKey & {
  status: EpochHead["status"];
  /** Why the epoch was void. */
  voidReason: string | null;
  template: string;
  version: string;
  /** Digest of the template's code; null: it was not written down. */
  code: string | null;
  hotkey: Hotkey;
  uid: Uid;
  /** Empty with `kept` false: replies and evidence are dropped after some epochs, scores stay. */
  tasks: ExplainedTask[];
  /** What the template made of the epoch as a whole, and of answers that are not this miner's own. */
  whole: Json[];
  kept: boolean;
  /** null: this epoch says nothing about the miner, and what it had stays. */
  score: number | null;
  reason: Reason;
  asked: number;
  answered: number;
  /** Questions of this epoch, to anybody, that failed on our side: they count for nobody. */
  ownFaults: number;
  /** What the template remembers under this hotkey, by its place in the state, before and after the epoch. */
  smoothing: { before: Record<string, Json>; after: Record<string, Json> };
  weight: { value: number; share: number } | null;
  receipt: { status: WeightStatus; basis: WeightBasis; says: string } | null;
};

/**
 * Print how a miner's score came about, from the journal alone: also beside the validator that writes it.
 *
 * @throws SubforgeError JOURNAL_NO_RECORD for a hotkey or an epoch that nobody knows, and the other JOURNAL_ codes
 */
export async function explainScore(args: ExplainScoreArgs): Promise<void> {
  const output = createOutput(args);
  await withJournal(args, (journal) => {
    const found = subjectsOf(journal, args).flatMap((subject) => {
      const explained = explainMiner(journal, subject, args.miner, args.epoch);
      return explained ? [explained] : [];
    });
    if (found.length === 0) throw noRecord(journal, args);
    output.result({ hotkey: journal.hotkey, scores: found }, found.flatMap(toLines));
  });
}

/** @returns undefined when no epoch says anything about this hotkey. */
function explainMiner(
  journal: Pick<JournalView, "epochs" | "scores" | "weights">,
  { netuid, mechanism }: Subject,
  hotkey: Hotkey,
  epoch: number | undefined,
): ScoreExplanation | undefined {
  const { epochs, scores, weights } = journal;
  const heads =
    epoch === undefined
      ? epochs.latestHeads(netuid, mechanism, LOOK_BACK)
      : [epochs.head({ netuid, mechanism, epoch })];
  for (const head of heads) {
    const record = head && scores.list(head).find((score) => score.hotkey === hotkey);
    if (!head || !record) continue;
    const { uid, score, reason, asked, answered } = record;
    const tasks = tasksOf(journal, head, hotkey);
    const ownTasks = new Set(tasks.map(({ taskId }) => taskId));
    const ofOthers = scores.evidence(head, hotkey).filter(({ taskId }) => !ownTasks.has(taskId));
    const receipt = weights.get(head);
    return {
      ...{ netuid, mechanism, epoch: head.epoch, status: head.status, voidReason: head.reason ?? null },
      ...{ template: head.template, version: head.version, code: head.code ?? null, hotkey, uid },
      whole: ofOthers.map(({ facts }) => facts),
      ...{ tasks, kept: epochs.jobs(head).length > 0, score: score ?? null, reason, asked, answered },
      ownFaults: epochs.jobs(head).reduce((n, { asks }) => n + countOwnFaults(asks), 0),
      smoothing: smoothingOf(journal, head, hotkey),
      weight: weightOf(receipt?.content, uid),
      receipt: receipt ? { status: receipt.status, basis: receipt.basis, says: verdictOf(receipt) } : null,
    };
  }
  return undefined;
}

function tasksOf(
  { epochs, scores }: Pick<JournalView, "epochs" | "scores">,
  head: EpochHead,
  hotkey: Hotkey,
): ExplainedTask[] {
  const evidence = scores.evidence(head, hotkey);
  const late = epochs.completedLate(head.netuid, head.mechanism, head.epoch);
  return [...late, head].flatMap((of) =>
    epochs
      .jobs(of)
      .filter(({ completedIn }) => completedIn === head.epoch)
      .flatMap(({ job, asks }) =>
        asks
          .filter((ask) => ask.hotkey === hotkey)
          .map(
            ({ reason, latencyMs, body }): ExplainedTask => ({
              ...{ epoch: of.epoch, taskId: job.taskId, stage: job.stage, outcome: reason ?? null },
              ...{ latencyMs, replyBytes: body?.length ?? 0 },
              evidence: evidence.filter(({ taskId }) => taskId === job.taskId).map(({ facts }) => facts),
            }),
          ),
      ),
  );
}

function smoothingOf(
  { scores }: Pick<JournalView, "scores">,
  head: EpochHead,
  hotkey: Hotkey,
): ScoreExplanation["smoothing"] {
  const at = (epoch: number): Record<string, Json> => {
    const state = scores.stateBefore({ ...head, epoch }, head)?.state;
    return state === undefined ? {} : rememberedOf(state, hotkey);
  };
  return { before: at(head.epoch), after: at(head.epoch + 1) };
}

/** What a state, whatever its shape, holds under this hotkey. */
function rememberedOf(state: Json, hotkey: Hotkey, path: readonly string[] = []): Record<string, Json> {
  if (typeof state !== "object" || state === null || path.length > STATE_DEPTH) return {};
  const found: Record<string, Json> = {};
  for (const [name, value] of Object.entries(state)) {
    if (name === hotkey) found[path.join(".") || "state"] = value;
    else Object.assign(found, rememberedOf(value, hotkey, [...path, name]));
  }
  return found;
}

function weightOf(
  content: { uids: readonly Uid[]; values: readonly number[] } | undefined,
  uid: Uid,
): ScoreExplanation["weight"] {
  if (!content) return null;
  const sum = content.values.reduce((total, value) => total + value, 0);
  const value = content.values[content.uids.indexOf(uid)] ?? 0;
  return { value, share: sum > 0 ? value / sum : 0 };
}

function noRecord(journal: JournalView, args: ExplainScoreArgs): SubforgeError {
  const { miner, epoch, path } = { ...args, path: journal.path };
  const subjects = subjectsOf(journal, args);
  const seen = new Set<Hotkey>();
  for (const { netuid, mechanism } of subjects) {
    for (const head of journal.epochs.latestHeads(netuid, mechanism, LOOK_BACK)) {
      if (seen.has(miner)) break;
      for (const { hotkey } of journal.scores.list(head)) seen.add(hotkey);
    }
  }
  if (epoch !== undefined && seen.has(miner)) {
    const what = `${miner} in epoch ${epoch}`;
    const known = subjects.flatMap((subject) => {
      const last = explainMiner(journal, subject, miner, undefined);
      return last ? [`it in epoch ${last.epoch} of ${nameOf(subject)}`] : [];
    });
    return new SubforgeError("JOURNAL_NO_RECORD", { path, what, known });
  }
  const hotkeys = [...seen];
  const like = hotkeys.find((hotkey) => hotkey.startsWith(miner)) ?? nearest(miner, hotkeys);
  const known = like === undefined ? hotkeys.slice(0, 3) : [`${like}, which is like it`];
  return new SubforgeError("JOURNAL_NO_RECORD", { path, what: `the miner ${miner}`, known });
}

function toLines(explained: ScoreExplanation): string[] {
  const { hotkey, uid, epoch, status, voidReason, template, version, tasks, kept } = explained;
  const { weight, receipt } = explained;
  const of = `${nameOf(explained)}, epoch ${epoch}`;
  return [
    `${hotkey}  uid ${uid}  ${of}  ${template} ${version}`,
    ...(tasks.length > 0
      ? table([["task", "stage", "outcome", "latency", "reply", "evidence"], ...tasks.map(toRow)])
      : [kept ? "it was asked nothing in this epoch" : "its answers are no longer kept, its score is"]),
    ...explained.whole.map((facts) => `because  ${JSON.stringify(facts)}`),
    `score    ${scoreLine(explained)}`,
    ...(explained.ownFaults > 0
      ? [`partial  ${explained.ownFaults} questions of this epoch failed on our side, and count for nobody`]
      : []),
    ...(status === "void" ? [`epoch    void: ${voidReason}; scores of before are kept`] : []),
    ...smoothingLines(explained),
    `weight   ${weight ? `${weight.value}, ${percent(weight.share)} of the vector` : "no vector of this epoch"}`,
    `receipt  ${receipt ? `${receipt.status}: ${receipt.says}${receipt.basis === "kept" ? "; made of earlier scores" : ""}` : "none"}`,
    `again    subforge validator replay ${epoch} --netuid ${explained.netuid} --mechanism ${explained.mechanism}`,
  ];
}

function toRow({ epoch, taskId, stage, outcome, latencyMs, replyBytes, evidence }: ExplainedTask): string[] {
  return [
    `${epoch}/${taskId}`,
    stage,
    outcome ?? "not answered yet",
    outcome === "ok" ? `${Math.round(latencyMs)} ms` : "–",
    replyBytes > 0 ? `${replyBytes} B` : "–",
    evidence.map((facts) => JSON.stringify(facts)).join(" ") || "–",
  ];
}

function scoreLine({
  score,
  reason,
  asked,
  answered,
}: Pick<ScoreRecord, "reason" | "asked" | "answered"> & {
  score: number | null;
}): string {
  const worth = score === null ? "none: this epoch says nothing about it" : String(score);
  return `${worth}  (${reason}; asked ${asked}, answered ${answered})`;
}

function smoothingLines({ smoothing: { before, after } }: ScoreExplanation): string[] {
  const places = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  if (places.length === 0) return ["kept     nothing under this hotkey"];
  const text = (value: Json | undefined) => (value === undefined ? "nothing" : JSON.stringify(value));
  return places.map(
    (place) => `kept     ${place}: ${text(before[place])} before, ${text(after[place])} after`,
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
