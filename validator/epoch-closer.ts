import type { SubnetRules } from "../shared/chain/chain.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { EpochHead, EpochKey } from "../shared/journal/epoch-rows.ts";
import type { Journal } from "../shared/journal/journal.ts";
import type { UnsignedResult } from "../shared/journal/result-records.ts";
import type { ScoreRecord } from "../shared/journal/score-records.ts";
import type { Logger } from "../shared/logger.ts";
import type { EpochContext } from "../shared/template.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { OnEvent, VoidReason } from "./events.ts";
import type { Publication } from "./results/published-results.ts";
import { countOwnFaults } from "./score-book.ts";
import type { RecordedTranscript, Scorer } from "./scoring/scorer.ts";
import type { Subject } from "./subject.ts";

export type EpochCloserDeps = {
  journal: Pick<Journal, "epochs" | "scores">;
  scorer: Scorer;
  dispatcher: Dispatcher;
  logger: Logger;
  onEvent: OnEvent;
};

/** Epochs for which a result holds: one more may fail, and the newest one is still taken. */
const RESULT_EPOCHS = 3;

/** Ends epochs: by their scores, or void with a reason. */
export class EpochCloser {
  readonly #subject: Subject;
  readonly #deps: EpochCloserDeps;

  constructor(subject: Subject, deps: EpochCloserDeps) {
    this.#subject = subject;
    this.#deps = deps;
  }

  /** An epoch that can no longer be scored, because its time or its template is gone. */
  voidIfOver(head: EpochHead, rules: SubnetRules): void {
    if (head.status !== "planned") return;
    if (this.#subject.isForeign(head)) this.#void(head, "template-changed");
    else if (head.epoch < rules.epochIndex) this.#void(head, "epoch-over");
  }

  /** Scores the running epoch as soon as nothing of it is asked or waited for any more. */
  async scoreIfReady(rules: SubnetRules): Promise<void> {
    const { epochs, scores } = this.#deps.journal;
    const key = this.#subject.key(rules.epochIndex);
    if (epochs.head(key)?.status !== "planned") return;
    const stages = epochs
      .open(key.netuid, key.mechanism)
      .flatMap((open) => epochs.stages(open))
      .filter(({ inEpoch }) => inEpoch === key.epoch);
    if (stages.some(({ status }) => status === "asking" || status === "waiting")) return;
    const context = this.#subject.contextOf(key);
    const transcripts = this.#completedIn(key);
    const judged = await this.#deps.scorer.judge({
      context,
      transcripts,
      state: this.#subject.stateBefore(key),
      answeredBefore: scores.answeredBefore(key),
    });
    const asked = judged.scores.filter((score) => score.asked > 0);
    const answered = asked.filter((score) => score.answered > 0).length;
    const all = withNotSampled(judged.scores, context, this.#subject.notSampled(key));
    failPoint("epoch.close.before");
    if (judged.status === "scored") {
      scores.close(key, { ...judged, scores: all, results: this.#resultsOf(judged.published, context) });
    } else scores.close(key, { ...judged, scores: all, evidence: [] });
    failPoint("epoch.close.after");
    this.#deps.dispatcher.forget(key.epoch);
    const ownFaults = transcripts.reduce(
      (n, { completedIn, asks }) => n + (completedIn === key.epoch ? countOwnFaults(asks) : 0),
      0,
    );
    const counts = { asked: asked.length, answered, ownFaults };
    if (judged.status === "scored") {
      const told = all.map((score) => ({ ...score, score: score.score ?? null }));
      this.#deps.onEvent({ event: "epoch.scored", ...key, scores: told, ...counts });
      return;
    }
    const { reason, detail } = judged;
    if (detail !== undefined) this.#deps.logger.error("epoch.void", { ...key, reason, detail });
    this.#deps.onEvent({ event: "epoch.void", ...key, reason, ...counts });
  }

  #resultsOf({ topics, problem }: Publication, context: EpochContext): UnsignedResult[] {
    const { netuid, mechanism, epoch, startBlock, tempo } = context;
    if (problem !== undefined) {
      this.#deps.logger.error("publish.failed", { netuid, mechanism, epoch, detail: problem });
    }
    const validUntil = startBlock + RESULT_EPOCHS * tempo;
    return topics.map(({ topic, result }) => ({ topic, ...result, validUntil }));
  }

  #void(head: EpochHead, reason: VoidReason): void {
    this.#deps.journal.scores.close(head, { status: "void", reason, scores: [], evidence: [] });
    const { netuid, mechanism, epoch } = head;
    this.#deps.onEvent({
      event: "epoch.void",
      netuid,
      mechanism,
      epoch,
      reason,
      asked: 0,
      answered: 0,
      ownFaults: 0,
    });
  }

  /** All jobs of each epoch of which something was completed in this one: its own, and late ones. */
  #completedIn(key: EpochKey): RecordedTranscript[] {
    const { epochs } = this.#deps.journal;
    const late = epochs.completedLate(key.netuid, key.mechanism, key.epoch);
    return [...late, key].flatMap((of) => epochs.jobs(of).map((job) => ({ ...job, epoch: of.epoch })));
  }
}

/** Who could not be asked has no score, and never a zero. */
export function withNotSampled(
  scores: readonly ScoreRecord[],
  { participants }: EpochContext,
  notSampled: readonly string[],
): ScoreRecord[] {
  if (notSampled.length === 0) return [...scores];
  const left = new Set(notSampled);
  for (const { hotkey, asked } of scores) if (asked > 0) left.delete(hotkey);
  const uids = new Map(participants.map(({ uid, hotkey }) => [hotkey, uid]));
  // Of a miner nobody asked the template may still say something, by a truth that came later; a zero is no such thing.
  const judged = scores.filter(({ hotkey, score }) => !left.has(hotkey) || (score ?? 0) > 0);
  for (const { hotkey } of judged) left.delete(hotkey);
  const unasked = [...left].map((hotkey): ScoreRecord => {
    const uid = uids.get(hotkey)!;
    return { hotkey, uid, score: undefined, reason: "not-sampled", asked: 0, answered: 0 };
  });
  return [...judged, ...unasked].sort((a, b) => a.uid - b.uid);
}
