import { z } from "zod";
import type { ScoreRecord } from "../../shared/journal/score-records.ts";
import { REASONS, type Reason } from "../../shared/reasons.ts";
import type { Evidence } from "../../shared/template.ts";
import type { Json } from "../../shared/types.ts";
import { isPlainJson } from "../plain-json.ts";
import { arePublishable, type Publication } from "../results/published-results.ts";
import { type Judgement, MAX_EVIDENCE, MAX_STATE_CHARS, type WeightShare } from "../score-book.ts";
import { type Frame, toFrame } from "./frames.ts";

/** What the scorer's process answers, once. */
export type ScorerAnswer =
  | { call: "judge"; judged: Judgement }
  | { call: "weights"; shares: WeightShare[] | undefined };

/** Bounds on what is read of an answer: it comes from a process that runs a stranger's code. */
export const ANSWER_LIMITS = { frameBytes: 16 * 1024 * 1024, totalBytes: 128 * 1024 * 1024 };

/** So many entries share a frame: a reader is busy for milliseconds, not longer. */
const BATCH = 256;
const MAX_NEURONS = 65_536;

const name = z.string().max(128);
const uid = z.int().min(0).max(65_535);
const score = z.number().min(0);
const reason = z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]);
const scoreSchema = z.strictObject({
  hotkey: name,
  uid,
  score: score.optional(),
  reason,
  asked: z.int().min(0),
  answered: z.int().min(0),
});
const shareSchema = z.strictObject({ uid, hotkey: name, weight: z.number().positive() });
const evidenceSchema = z.strictObject({ hotkey: name, taskId: name, facts: z.unknown() });
const topicSchema = z.strictObject({
  topic: name,
  result: z.strictObject({
    ...{ nonce: z.number(), value: z.number() },
    ...{ ci: z.tuple([z.number(), z.number(), z.number(), z.number()]), facts: z.unknown() },
  }),
});
const voidReason = z.enum(["validator-outage", "scorer-failed", "score-invalid"]);

const partSchema = z.discriminatedUnion("part", [
  z.strictObject({ part: z.literal("scored") }),
  z.strictObject({ part: z.literal("void"), reason: voidReason, detail: z.string().max(500).optional() }),
  z.strictObject({ part: z.literal("scores"), scores: z.array(scoreSchema).max(BATCH) }),
  z.strictObject({ part: z.literal("evidence"), evidence: z.array(evidenceSchema).max(BATCH) }),
  z.strictObject({ part: z.literal("state") }),
  z.strictObject({
    part: z.literal("published"),
    topics: z.array(topicSchema).max(BATCH),
    problem: z.string().max(500).optional(),
  }),
  z.strictObject({ part: z.literal("weights") }),
  z.strictObject({ part: z.literal("no-weights") }),
  z.strictObject({ part: z.literal("shares"), shares: z.array(shareSchema).max(BATCH) }),
  z.strictObject({ part: z.literal("end") }),
]);

export function* answerFrames(answer: ScorerAnswer): Generator<Buffer> {
  if (answer.call === "weights") {
    yield toFrame({ part: answer.shares ? "weights" : "no-weights" });
    for (const shares of inBatches(answer.shares ?? [])) yield toFrame({ part: "shares", shares });
  } else {
    const { judged } = answer;
    yield toFrame(
      judged.status === "scored"
        ? { part: "scored" }
        : { part: "void", reason: judged.reason, detail: judged.detail },
    );
    for (const scores of inBatches(judged.scores)) yield toFrame({ part: "scores", scores });
    if (judged.status === "scored") {
      for (const evidence of inBatches(judged.evidence)) yield toFrame({ part: "evidence", evidence });
      yield toFrame({ part: "state" }, Buffer.from(JSON.stringify(judged.state)));
      yield toFrame({ part: "published", ...judged.published });
    }
  }
  yield toFrame({ part: "end" });
}

/** Collects the frames of an answer, and believes none of them. */
export class AnswerReader {
  readonly #scores: ScoreRecord[] = [];
  readonly #evidence: Evidence[] = [];
  readonly #shares: WeightShare[] = [];
  #kind: "scored" | "void" | "weights" | "no-weights" | undefined;
  #void: { reason: z.infer<typeof voidReason>; detail?: string } = { reason: "scorer-failed" };
  #state: Json | undefined;
  #published: Publication = { topics: [] };

  /**
   * @returns The answer, when this was its last frame.
   * @throws anything when it is none
   */
  take({ head, bytes }: Frame): ScorerAnswer | undefined {
    const part = partSchema.parse(head);
    switch (part.part) {
      case "scores":
        for (const entry of part.scores) this.#scores.push({ ...entry, score: entry.score });
        break;
      case "evidence":
        for (const { facts, ...of } of part.evidence) {
          if (!isPlainJson(facts)) throw new Error("evidence that is no plain JSON");
          this.#evidence.push({ ...of, facts });
        }
        break;
      case "shares":
        this.#shares.push(...part.shares);
        break;
      case "state":
        this.#state = readState(bytes);
        break;
      case "published": {
        const { topics, problem } = part as Publication;
        if (!arePublishable(topics)) throw new Error("a result that is none");
        this.#published = { topics, ...(problem !== undefined && { problem }) };
        break;
      }
      case "end":
        return this.#answer();
      default:
        if (this.#kind) throw new Error("two answers");
        this.#kind = part.part;
        if (part.part === "void") {
          const { reason, detail } = part;
          this.#void = { reason, ...(detail !== undefined && { detail }) };
        }
    }
    if (
      this.#scores.length > MAX_NEURONS ||
      this.#shares.length > MAX_NEURONS ||
      this.#evidence.length > MAX_EVIDENCE
    ) {
      throw new Error("more entries than a subnet has");
    }
    return undefined;
  }

  #answer(): ScorerAnswer {
    const scores = this.#scores;
    switch (this.#kind) {
      case "scored": {
        const state = this.#state;
        if (state === undefined) throw new Error("scores without a state");
        const published = this.#published;
        return {
          call: "judge",
          judged: { status: "scored", scores, evidence: this.#evidence, state, published },
        };
      }
      case "void":
        return { call: "judge", judged: { status: "void", ...this.#void, scores } };
      case "weights":
        return { call: "weights", shares: this.#shares };
      case "no-weights":
        return { call: "weights", shares: undefined };
      case undefined:
        throw new Error("an end without an answer");
    }
  }
}

function readState(bytes: Uint8Array): Json {
  if (bytes.length > MAX_STATE_CHARS * 4) throw new Error(`a state of ${bytes.length} bytes`);
  const state: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (!isPlainJson(state)) throw new Error("a state that is no plain JSON");
  return state;
}

function* inBatches<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += BATCH) yield items.slice(at, at + BATCH);
}
