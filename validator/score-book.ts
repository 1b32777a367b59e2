import type { ScoreRecord } from "../shared/journal/score-records.ts";
import { isValidatorsOwnFault, REASONS, type Reason } from "../shared/reasons.ts";
import type { EpochContext, Evidence, RawScore, SubnetTemplate, Transcript } from "../shared/template.ts";
import type { Hotkey, Json, Uid } from "../shared/types.ts";
import { describeThrown } from "./describe-thrown.ts";
import type { VoidReason } from "./events.ts";
import { isPlainJson } from "./plain-json.ts";
import { type Publication, publish } from "./results/published-results.ts";

/** More than this share of those who answered last time failing together is more likely us than them. */
const OUTAGE_SHARE = 0.5;

/** What a template may keep from epoch to epoch, as JSON: the journal writes all of it at the end of each. */
export const MAX_STATE_CHARS = 4 * 1024 * 1024;

/** Evidence of one epoch: entries, and the size of one as JSON. It is printed, not computed with. */
export const MAX_EVIDENCE = 65_536;
const MAX_FACTS_CHARS = 4_096;

/** What an epoch was worth. `void`: nothing is learnt from it, and what miners had before is kept. */
export type Judgement =
  | {
      status: "scored";
      scores: ScoreRecord[];
      evidence: Evidence[];
      state: Json;
      /** What consumers may read of that state. */
      published: Publication;
    }
  | {
      status: "void";
      reason: VoidReason;
      scores: ScoreRecord[];
      /** What the scorer threw, or how its process ended: for the log, short. */
      detail?: string;
    };

/**
 * Transcripts to scores, by the template, which is not trusted: one that throws, or gives what is no score, voids the
 * epoch. Scores belong to hotkeys, never to uids. Pure.
 *
 * @param transcripts - Those that were completed in this epoch.
 * @param answeredBefore - Who answered when miners were last asked; undefined when they never were.
 */
export function judgeEpoch(
  template: Pick<SubnetTemplate, "scoreEpoch" | "publish">,
  context: EpochContext,
  transcripts: readonly Transcript[],
  state: Json,
  answeredBefore: ReadonlySet<Hotkey> | undefined,
): Judgement {
  const tallies = tally(transcripts);
  const unscored = () => toRecords(context, tallies, new Map());
  if (isOutage(tallies, answeredBefore)) {
    return { status: "void", reason: "validator-outage", scores: unscored() };
  }
  let scored: ReturnType<SubnetTemplate["scoreEpoch"]>;
  try {
    scored = template.scoreEpoch(context, transcripts.map(withoutOwnFaults), state);
  } catch (error) {
    return { status: "void", reason: "scorer-failed", scores: unscored(), detail: describeThrown(error) };
  }
  if (!isValidSafely(scored)) return { status: "void", reason: "score-invalid", scores: unscored() };
  const scores = toRecords(context, tallies, scored.raw);
  const { evidence, state: after } = scored;
  return { status: "scored", scores, evidence, state: after, published: publish(template, context, after) };
}

/** Questions that failed on our side. With one of them, a round is a part of what was planned. */
export function countOwnFaults(asks: readonly { reason: Reason | undefined }[]): number {
  return asks.filter(({ reason }) => reason === "validator-outage").length;
}

/** What is recorded of those who were asked in an epoch that nobody could score. */
export function unscoredRecords(context: EpochContext, transcripts: readonly Transcript[]): ScoreRecord[] {
  return toRecords(context, tally(transcripts), new Map());
}

/** A share of the weights, with the hotkey it is for: by the time it is sent, the uid may be somebody else's. */
export type WeightShare = { uid: Uid; hotkey: Hotkey; weight: number };

/**
 * @returns undefined when the template throws, or gives what is no weight. Empty: nobody is worth anything.
 */
export function weightShares(
  template: Pick<SubnetTemplate, "toWeights">,
  context: EpochContext,
  state: Json,
): WeightShare[] | undefined {
  try {
    const byUid = new Map(context.participants.map(({ uid, hotkey }) => [uid, hotkey]));
    const seen = new Set<Uid>();
    const shares: WeightShare[] = [];
    for (const { uid, weight } of template.toWeights(state, context)) {
      const hotkey = byUid.get(uid);
      if (hotkey === undefined || seen.has(uid) || !isScore(weight)) return undefined;
      seen.add(uid);
      if (weight > 0) shares.push({ uid, hotkey, weight });
    }
    return shares;
  } catch {
    return undefined;
  }
}

/** What we failed to do is as if it was not asked: no template can make a miner pay for it. */
function withoutOwnFaults(transcript: Transcript): Transcript {
  const judged = [...transcript.answers].filter(([, a]) => a.ok || !isValidatorsOwnFault(a.reason));
  return { ...transcript, answers: new Map(judged) };
}

type Tally = { asked: number; answered: number; failures: Reason[] };

/** What happened to each miner that was asked. */
function tally(transcripts: readonly Transcript[]): Map<Hotkey, Tally> {
  const tallies = new Map<Hotkey, Tally>();
  for (const { job, answers } of transcripts) {
    if (job.to === "source") continue;
    for (const [hotkey, answer] of answers) {
      const of = tallies.get(hotkey) ?? { asked: 0, answered: 0, failures: [] };
      of.asked++;
      if (answer.ok) of.answered++;
      else of.failures.push(answer.reason);
      tallies.set(hotkey, of);
    }
  }
  return tallies;
}

/** Nobody answered at all, or most of those who did last time fell silent together. */
function isOutage(
  tallies: ReadonlyMap<Hotkey, Tally>,
  answeredBefore: ReadonlySet<Hotkey> | undefined,
): boolean {
  const reachable = [...tallies].filter(([, { failures }]) => !failures.every((r) => r === "not-serving"));
  if (tallies.size === 0) return false;
  if ([...tallies.values()].every(({ answered }) => answered === 0)) return reachable.length > 0;
  const before = [...tallies].filter(([hotkey]) => answeredBefore?.has(hotkey));
  const silent = before.filter(([, { answered }]) => answered === 0);
  return before.length > 0 && silent.length > before.length * OUTAGE_SHARE;
}

/** What was thrown while it was looked at is no score either. */
function isValidSafely(scored: unknown): boolean {
  try {
    return isValid(scored as ReturnType<SubnetTemplate["scoreEpoch"]>);
  } catch {
    return false;
  }
}

function isValid({ raw, state, evidence }: ReturnType<SubnetTemplate["scoreEpoch"]>): boolean {
  if (!(raw instanceof Map) || !Array.isArray(evidence) || evidence.length > MAX_EVIDENCE) return false;
  for (const [hotkey, entry] of raw) {
    if (typeof hotkey !== "string" || !isScore(entry?.score)) return false;
    if (typeof entry.reason !== "string" || !Object.hasOwn(REASONS, entry.reason)) return false;
  }
  if (!isPlainJson(state) || JSON.stringify(state).length > MAX_STATE_CHARS) return false;
  return evidence.every(
    ({ hotkey, taskId, facts }) =>
      typeof hotkey === "string" &&
      typeof taskId === "string" &&
      isPlainJson(facts) &&
      JSON.stringify(facts).length <= MAX_FACTS_CHARS,
  );
}

function isScore(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** Who was asked in this epoch, and who was judged in it by a truth that came later. */
function toRecords(
  context: EpochContext,
  tallies: ReadonlyMap<Hotkey, Tally>,
  raw: ReadonlyMap<Hotkey, RawScore>,
): ScoreRecord[] {
  const uids = new Map(context.participants.map(({ uid, hotkey }) => [hotkey, uid]));
  const records: ScoreRecord[] = [];
  for (const hotkey of new Set([...tallies.keys(), ...raw.keys()])) {
    const uid = uids.get(hotkey);
    if (uid === undefined) continue; // asked by an earlier epoch, and gone since
    const { asked, answered, failures } = tallies.get(hotkey) ?? { asked: 0, answered: 0, failures: [] };
    const entry = raw.get(hotkey);
    const reason = entry?.reason ?? mainFailure(failures);
    records.push({ hotkey, uid, score: entry?.score, reason, asked, answered });
  }
  return records.sort((a, b) => a.uid - b.uid);
}

/** The most frequent failure of the miner's own; ours only when there is no other. */
function mainFailure(failures: readonly Reason[]): Reason {
  const own = failures.filter((reason) => !isValidatorsOwnFault(reason));
  const counted = own.length > 0 ? own : failures;
  let best: Reason = "ok";
  let most = 0;
  for (const reason of new Set(counted)) {
    const count = counted.filter((other) => other === reason).length;
    if (count > most) [best, most] = [reason, count];
  }
  return best;
}
