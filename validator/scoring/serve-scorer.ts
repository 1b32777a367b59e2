import { readSync, writeSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import type { SubnetTemplate } from "../../shared/template.ts";
import { FrameReader, toFrame } from "./frames.ts";
import { inlineScorer } from "./scorer.ts";
import { answerFrames, type ScorerAnswer } from "./scorer-answer.ts";
import { QuestionReader, type ScorerQuestion } from "./scorer-question.ts";

/** As `startCaged` opens them. None of the standard three: a package that looks at `process.stdin` changes how it reads. */
const ANSWER_FD = 3;
const QUESTION_FD = 4;

const READ_BYTES = 1024 * 1024;

/** The parent decides how much it asks: its own memory holds it. */
const QUESTION_LIMITS = { frameBytes: 2 ** 31, totalBytes: Number.MAX_SAFE_INTEGER };

/**
 * A scorer's process, from beginning to end: load the template, say which one it is, read one question, answer, end.
 * One question each, so that a template can keep nothing from epoch to epoch but its state.
 */
export async function serveScorer(load: () => Promise<SubnetTemplate>): Promise<void> {
  disarm();
  const template = await load();
  write(toFrame({ part: "ready", id: template.id, version: template.version }));
  const question = readQuestion(template);
  if (question === undefined) return;
  for (const frame of answerFrames(await answer(template, question))) write(frame);
  waitForTheEnd();
}

/** The parent reads at its own pace, and ends this process when it has everything. */
function waitForTheEnd(): void {
  while (readSync(QUESTION_FD, Buffer.alloc(1)) > 0);
}

async function answer(template: SubnetTemplate, question: ScorerQuestion): Promise<ScorerAnswer> {
  const scorer = inlineScorer(template);
  if (question.call === "judge") return { call: "judge", judged: await scorer.judge(question) };
  return { call: "weights", shares: await scorer.weights(question.context, question.state) };
}

/**
 * Before any code of the template runs. Node's permission model knows nothing of signals: `kill` would end the
 * validator, and `_debugProcess` would open a debugger in it.
 */
function disarm(): void {
  const refuse = (): never => {
    throw Object.assign(new Error("a scorer may not touch other processes"), { code: "ERR_ACCESS_DENIED" });
  };
  for (const name of ["kill", "_kill", "_debugProcess", "_debugEnd", "_linkedBinding"]) {
    Object.defineProperty(process, name, { value: refuse, writable: false, configurable: false });
  }
  const os = createRequire(import.meta.url)("node:os") as { setPriority: unknown };
  os.setPriority = refuse;
  syncBuiltinESMExports();
}

/** Nothing else happens meanwhile: there is nothing else to do. Undefined: the parent is gone. */
function readQuestion(template: SubnetTemplate): ScorerQuestion | undefined {
  const frames = new FrameReader(QUESTION_LIMITS);
  const question = new QuestionReader(template);
  const buffer = Buffer.alloc(READ_BYTES);
  for (;;) {
    const length = readSync(QUESTION_FD, buffer);
    if (length === 0) return undefined;
    for (const frame of frames.push(Buffer.from(buffer.subarray(0, length)))) {
      const complete = question.take(frame);
      if (complete) return complete;
    }
  }
}

function write(frame: Buffer): void {
  let written = 0;
  while (written < frame.length) written += writeSync(ANSWER_FD, frame, written);
}
