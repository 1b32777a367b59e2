import { type Clock, systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { ScoreRecord } from "../../shared/journal/score-records.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Answer, EpochContext, Transcript } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { type Judgement, unscoredRecords, type WeightShare } from "../score-book.ts";
import type { JudgeInput, Scorer } from "./scorer.ts";
import type { ScorerAnswer } from "./scorer-answer.ts";
import { type Cage, hasOwnNetworks } from "./scorer-cage.ts";
import { askProcess, ScorerTrouble, type TemplateName } from "./scorer-process.ts";
import type { ScorerQuestion } from "./scorer-question.ts";

/** Scoring 256 miners takes a fraction of a second; what takes so long does not end. */
const DEADLINE_MS = 30_000;
const HEAP_MIB = 512;

/** Pause before a process is started again after one that failed; doubles while they keep failing. */
const PAUSE_MS = { first: 250, longest: 30_000 };

export type ProcessScorerOptions = Pick<Cage, "script" | "args"> & {
  /** The template that the planner plans with: a process that holds another one scores nothing. */
  expected: TemplateName;
  readable?: readonly string[];
  /** Of one call, from starting the process to the last byte of its answer. */
  deadlineMs?: number;
  heapMiB?: number;
};

/**
 * A scorer in processes of its own, one per question: a template can neither read what belongs to the validator, nor
 * block it, nor keep anything but its state. What comes back is checked against what was asked.
 *
 * @throws SubforgeError SCORER_NOT_STARTED when the template cannot be loaded in such a process
 */
export async function processScorer(
  options: ProcessScorerOptions,
  deps: { logger: Logger; clock?: Clock },
): Promise<Scorer> {
  const scorer = new ProcessScorer(options, deps);
  await scorer.start();
  return scorer;
}

class ProcessScorer implements Scorer {
  readonly #cage: Cage;
  readonly #expected: TemplateName;
  readonly #deadlineMs: number;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #line: Promise<unknown> = Promise.resolve();
  #pauseMs = 0;

  constructor(options: ProcessScorerOptions, { logger, clock }: { logger: Logger; clock?: Clock }) {
    const { script, args, readable = [], heapMiB = HEAP_MIB, deadlineMs = DEADLINE_MS } = options;
    // More than one thread computes, and a process that is alone must still end one day.
    const cpuSeconds = Math.ceil((4 * deadlineMs) / 1_000);
    this.#cage = { script, args, readable, heapMiB, cpuSeconds };
    this.#expected = { id: options.expected.id, version: options.expected.version };
    this.#deadlineMs = deadlineMs;
    this.#logger = logger;
    this.#clock = clock ?? systemClock;
  }

  async start(): Promise<void> {
    const { id } = this.#expected;
    try {
      await this.#askOnce(undefined);
    } catch (error) {
      throw new SubforgeError(
        "SCORER_NOT_STARTED",
        { template: id, reason: String(error) },
        { cause: error },
      );
    }
    const network = (await hasOwnNetworks()) ? "none" : "open";
    if (network === "open") {
      this.#logger.warn("scorer.network-open", { template: id, next: "let users have network namespaces" });
    } else this.#logger.debug("scorer.ready", { template: id, network });
  }

  async judge(input: JudgeInput): Promise<Judgement> {
    const { context } = input;
    const recorded = toUnread(input);
    const failed = (reason: ScorerTrouble["reason"], detail: string): Judgement => ({
      ...{ status: "void", reason, detail },
      scores: unscoredRecords(context, recorded),
    });
    try {
      const answer = await this.#ask({ call: "judge", ...input });
      if (answer?.call !== "judge") return failed("scorer-failed", "no judgement");
      const problem = whatIsForged(answer.judged.scores, context, recorded);
      return problem ? failed("scorer-failed", problem) : answer.judged;
    } catch (error) {
      const { reason, message } = toTrouble(error);
      return failed(reason, message);
    }
  }

  async weights(context: EpochContext, state: JudgeInput["state"]): Promise<WeightShare[] | undefined> {
    try {
      const answer = await this.#ask({ call: "weights", context, state });
      if (answer?.call !== "weights" || !answer.shares) return undefined;
      return areShares(answer.shares, context) ? answer.shares : undefined;
    } catch (error) {
      toTrouble(error);
      return undefined;
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#line;
  }

  /** One after the other: each may use all the memory it is given. */
  #ask(question: ScorerQuestion): Promise<ScorerAnswer | undefined> {
    const turn = this.#line.then(async () => {
      if (this.#pauseMs > 0) await this.#clock.sleep(this.#pauseMs, this.#closed.signal);
      try {
        const answer = await this.#askOnce(question);
        this.#pauseMs = 0;
        return answer;
      } catch (error) {
        const { reason, message } = toTrouble(error);
        this.#pauseMs = Math.min(Math.max(PAUSE_MS.first, this.#pauseMs * 2), PAUSE_MS.longest);
        const { id } = this.#expected;
        if (!this.#closed.signal.aborted)
          this.#logger.error("scorer.failed", { template: id, call: question.call, reason, detail: message });
        throw error;
      }
    });
    this.#line = turn.catch(() => undefined);
    return turn;
  }

  async #askOnce(question: ScorerQuestion | undefined): Promise<ScorerAnswer | undefined> {
    const limits = { deadlineMs: this.#deadlineMs, clock: this.#clock, signal: this.#closed.signal };
    const { template, answer } = await askProcess(this.#cage, question, limits);
    const { id, version } = this.#expected;
    if (template.id === id && template.version === version) return answer;
    const found = `${template.id} ${template.version}`;
    throw new ScorerTrouble("scorer-failed", `it holds ${found}, and the planner ${id} ${version}`);
  }
}

function toTrouble(error: unknown): ScorerTrouble {
  return error instanceof ScorerTrouble ? error : new ScorerTrouble("scorer-failed", String(error));
}

/** As the worker reported them, without looking into a reply: that is the scorer's work. */
function toUnread({ context, transcripts }: JudgeInput): Transcript[] {
  return transcripts
    .filter(({ completedIn }) => completedIn === context.epoch)
    .map(({ epoch, job, asks }) => {
      const answers = new Map<Hotkey, Answer<unknown>>();
      for (const { hotkey, reason, latencyMs, body } of asks) {
        if (reason === undefined) continue;
        if (reason === "ok" && body) answers.set(hotkey, { ok: true, response: undefined, latencyMs });
        else answers.set(hotkey, { ok: false, reason: reason === "ok" ? "wrong-shape" : reason, latencyMs });
      }
      return { epoch, job, answers };
    });
}

/** A process may say anything: scores for who is not there, or questions that nobody asked. */
function whatIsForged(
  scores: readonly ScoreRecord[],
  context: EpochContext,
  recorded: readonly Transcript[],
): string | undefined {
  const uids = new Map(context.participants.map(({ uid, hotkey }) => [hotkey, uid]));
  const asked = new Map(unscoredRecords(context, recorded).map((record) => [record.hotkey, record]));
  const seen = new Set<Hotkey>();
  for (const score of scores) {
    const known = asked.get(score.hotkey) ?? { asked: 0, answered: 0 };
    if (uids.get(score.hotkey) !== score.uid || seen.has(score.hotkey)) return "a score of nobody";
    if (score.asked !== known.asked || score.answered > known.answered) return "counts that are not ours";
    seen.add(score.hotkey);
  }
  const missing = [...asked.keys()].find((hotkey) => !seen.has(hotkey));
  return missing === undefined ? undefined : `nothing about ${missing}, who was asked`;
}

function areShares(shares: readonly WeightShare[], { participants }: EpochContext): boolean {
  const hotkeys = new Map(participants.map(({ uid, hotkey }) => [uid, hotkey]));
  const uids = new Set(shares.map(({ uid }) => uid));
  return uids.size === shares.length && shares.every(({ uid, hotkey }) => hotkeys.get(uid) === hotkey);
}
