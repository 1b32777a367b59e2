import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";
import type { Clock } from "../../shared/clock.ts";
import type { VoidReason } from "../events.ts";
import { FrameReader } from "./frames.ts";
import { ANSWER_LIMITS, AnswerReader, type ScorerAnswer } from "./scorer-answer.ts";
import { type Cage, startCaged } from "./scorer-cage.ts";
import { questionFrames, type ScorerQuestion } from "./scorer-question.ts";

/** Of what a process says in its last moments. */
const TROUBLE_CHARS = 500;
const TROUBLE_BYTES = 16_384;

/** `ulimit -t`, and the allocator when the system gives no more memory, end a process in these ways. */
const CPU_SIGNALS = ["SIGXCPU", "SIGKILL"];
const MEMORY_SIGNALS = ["SIGABRT", "SIGTRAP", "SIGILL", "SIGSEGV"];

const readySchema = z.strictObject({ part: z.literal("ready"), id: z.string(), version: z.string() });

export type TemplateName = { id: string; version: string };

/** A process that gave no answer, and why. */
export class ScorerTrouble extends Error {
  readonly reason: Extract<VoidReason, `scorer-${string}`>;

  constructor(reason: ScorerTrouble["reason"], detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/**
 * One process, one question. Resolves when the process is gone.
 *
 * @param question - Undefined: only load the template and say which one it is.
 * @throws ScorerTrouble
 */
export async function askProcess(
  cage: Cage,
  question: ScorerQuestion | undefined,
  limits: { deadlineMs: number; clock: Clock; signal: AbortSignal },
): Promise<{ template: TemplateName; answer: ScorerAnswer | undefined }> {
  const child = await startCaged(cage);
  const gone = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal ?? String(code)));
  });
  const trouble = lastWords(child.stderr!);
  const timer = new AbortController();
  try {
    return await Promise.race([
      readAnswer(child, question),
      gone.then((how) => Promise.reject(whyGone(how, trouble()))),
      rejectAfter(limits.deadlineMs, limits.clock, timer.signal),
      rejectOnAbort(limits.signal, timer.signal),
    ]);
  } finally {
    timer.abort();
    child.kill("SIGKILL");
    await gone;
  }
}

async function readAnswer(
  child: ChildProcess,
  question: ScorerQuestion | undefined,
): Promise<{ template: TemplateName; answer: ScorerAnswer | undefined }> {
  const frames = new FrameReader(ANSWER_LIMITS);
  const reader = new AnswerReader();
  let template: TemplateName | undefined;
  try {
    for await (const piece of child.stdio[3] as Readable) {
      for (const frame of frames.push(piece as Buffer)) {
        await nextTurn(); // one frame at a time: others wait too
        if (!template) {
          const { id, version } = readySchema.parse(frame.head);
          template = { id, version };
          if (!question) return { template, answer: undefined };
          sendQuestion(child.stdio[4] as Writable, question).catch(() => undefined); // its end tells why
          continue;
        }
        const answer = reader.take(frame);
        if (answer && answer.call === question?.call) return { template, answer };
      }
    }
  } catch (error) {
    throw new ScorerTrouble("scorer-failed", `its answer is none: ${String(error).slice(0, TROUBLE_CHARS)}`);
  }
  return new Promise(() => undefined); // the process is ending: how it ended is the answer
}

/** In pieces, as fast as they are taken. */
async function sendQuestion(to: Writable, question: ScorerQuestion): Promise<void> {
  to.on("error", () => undefined);
  for (const frame of questionFrames(question)) {
    if (to.destroyed) return;
    const more = to.write(frame);
    if (more) await nextTurn();
    else {
      const waited = new AbortController();
      const { signal } = waited;
      await Promise.race([once(to, "drain", { signal }), once(to, "close", { signal })]).finally(() =>
        waited.abort(),
      );
    }
  }
}

function whyGone(how: string, words: string): ScorerTrouble {
  const detail = `its process ended: ${how}${words ? `; ${words}` : ""}`;
  if (MEMORY_SIGNALS.includes(how) || /heap out of memory|allocation failed/i.test(words)) {
    return new ScorerTrouble("scorer-out-of-memory", detail);
  }
  return new ScorerTrouble(CPU_SIGNALS.includes(how) ? "scorer-timeout" : "scorer-failed", detail);
}

/** The message of what ended it, else the last of what it said. */
function lastWords(stream: Readable): () => string {
  let said = "";
  stream.on("data", (piece: Buffer) => {
    if (said.length < TROUBLE_BYTES) said += piece.toString("utf8");
  });
  stream.on("error", () => undefined);
  return () => {
    const lines = said.split("\n").map((line) => line.trim());
    const error = lines.find((line) => /^(\w*Error|FATAL ERROR)\b/.test(line));
    return (error ?? lines.findLast((line) => line !== "") ?? "").slice(0, TROUBLE_CHARS);
  };
}

async function rejectAfter(deadlineMs: number, clock: Clock, settled: AbortSignal): Promise<never> {
  await clock.sleep(deadlineMs, settled);
  throw new ScorerTrouble("scorer-timeout", `no answer within ${deadlineMs} ms`);
}

function rejectOnAbort(signal: AbortSignal, settled: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new ScorerTrouble("scorer-failed", "the validator stops"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true, signal: settled });
  });
}
