import { createHash } from "node:crypto";
import { type Failure, isValidatorsOwnFault } from "../../shared/reasons.ts";
import type { Answer, Transcript } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import type { Preset } from "./presets/preset.ts";
import { PRESETS } from "./presets/presets.ts";
import { type InferenceTask, splitRows, truthOf } from "./questions.ts";
import type { CommitResponse } from "./synapse-commit.ts";
import type { RevealResponse } from "./synapse-reveal.ts";

/** Answers are compared in thousandths. */
const FINGERPRINT_STEPS = 1_000;

/** Thousandths away from 0 and 1 that make a number a doubt, and how many doubts tell one model from another. */
const DOUBT = 5;
const MIN_DOUBTS = 8;

/** Truth and what a miner said, rows of one below those of the other. */
export type Judged = { truth: Float32Array[]; y: Float32Array[] };

/** What a miner said about the items that everybody got, in the order in which they were drawn. */
export type SharedAnswer = { taskId: string; residuals: number[]; fingerprint: string | undefined };

/** Everything one miner did in an epoch. */
export type Page = {
  preset: Preset;
  asked: number;
  failures: Failure[];
  /** Of the commitments whose answers were shown. */
  latenciesMs: number[];
  unique: Judged;
  shared: Judged;
  sharedAnswers: SharedAnswer[];
  /** Of the models that it named, each once. */
  modelHashes: string[];
};

/** A question as the validator sees it: how a miner was bound to its answer, and what that was. */
type Round = {
  task: InferenceTask;
  commit: Transcript["answers"];
  reveal: Transcript["answers"] | undefined;
};

/** The pages of all miners that were asked and may be judged, sorted by hotkey. */
export function keepLedger(transcripts: readonly Transcript[]): Map<Hotkey, Page> {
  const pages = new Map<Hotkey, Page>();
  for (const [taskId, round] of roundsOf(transcripts)) {
    for (const [hotkey, committed] of round.commit) {
      const answer = toAnswer(committed, round.reveal?.get(hotkey));
      if (!answer) continue;
      const page = pages.get(hotkey) ?? newPage(PRESETS[round.task.preset]);
      pages.set(hotkey, page);
      page.asked++;
      if (answer.ok) enter(page, taskId, round.task, hotkey, answer);
      else page.failures.push(answer.reason);
    }
  }
  return new Map([...pages].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** By the job of the commitment, in the order of their names. */
function roundsOf(transcripts: readonly Transcript[]): [taskId: string, Round][] {
  const rounds = new Map<string, Round>();
  for (const { job, answers } of transcripts) {
    if (job.stage === "commit") {
      const task = job.task as InferenceTask;
      rounds.set(job.taskId, { task, commit: askedOf(job.to, answers), reveal: undefined });
    }
  }
  for (const { job, answers } of transcripts) {
    const round = job.stage === "reveal" ? rounds.get((job.task as InferenceTask).commit) : undefined;
    if (round) round.reveal = answers;
  }
  return [...rounds].sort(([a], [b]) => (a < b ? -1 : 1));
}

function askedOf(to: readonly Hotkey[] | "source", answers: Transcript["answers"]): Transcript["answers"] {
  const asked = new Set(to === "source" ? [] : to);
  return new Map([...answers].filter(([hotkey]) => asked.has(hotkey)));
}

type Shown = { ok: true; committed: CommitResponse; revealed: RevealResponse; latencyMs: number };

/** Undefined: this question says nothing about the miner, because we failed somewhere. */
function toAnswer(
  committed: Answer<unknown>,
  revealed: Answer<unknown> | undefined,
): Shown | { ok: false; reason: Failure } | undefined {
  const failed = !committed.ok ? committed : revealed && !revealed.ok ? revealed : undefined;
  if (failed) return isValidatorsOwnFault(failed.reason) ? undefined : failed;
  if (!committed.ok || !revealed?.ok) return undefined;
  return {
    ok: true,
    committed: committed.response as CommitResponse,
    revealed: revealed.response as RevealResponse,
    latencyMs: committed.latencyMs,
  };
}

function newPage(preset: Preset): Page {
  return {
    ...{ preset, asked: 0, failures: [], latenciesMs: [] },
    unique: { truth: [], y: [] },
    shared: { truth: [], y: [] },
    ...{ sharedAnswers: [], modelHashes: [] },
  };
}

function enter(page: Page, taskId: string, task: InferenceTask, hotkey: Hotkey, answer: Shown): void {
  const { preset } = page;
  const { committed, revealed, latencyMs } = answer;
  const truth = truthOf(task, hotkey);
  const y = splitRows(task, hotkey, revealed.y.data, preset.outputs);
  for (const part of ["unique", "shared"] as const) {
    page[part].truth.push(truth[part]);
    page[part].y.push(y[part]);
  }
  page.latenciesMs.push(latencyMs);
  const residuals = preset.residuals(truth.shared, y.shared);
  page.sharedAnswers.push({ taskId, residuals, fingerprint: fingerprint(y.shared) });
  const { modelHash } = committed;
  if (modelHash !== "" && !page.modelHashes.includes(modelHash)) page.modelHashes.push(modelHash);
}

/**
 * Rounded before it is hashed, for the same model gives digits that differ in the seventh place when its rows share
 * another batch. Undefined when nearly everything is certain: honest models agree on certainties, but nobody shares
 * the digits of many doubts by chance.
 */
function fingerprint(y: Float32Array): string | undefined {
  const steps = Int32Array.from(y, (value) => Math.round(value * FINGERPRINT_STEPS));
  const doubts = steps.filter((step) => step > DOUBT && step < FINGERPRINT_STEPS - DOUBT);
  if (doubts.length < MIN_DOUBTS) return undefined;
  return createHash("sha256").update(steps).digest("hex");
}

/** Rows of several questions as one. */
export function joined(rows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const values of rows) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}
