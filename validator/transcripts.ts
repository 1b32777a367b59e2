import { SOURCE } from "../shared/journal/epoch-records.ts";
import type { JobRecord } from "../shared/journal/epoch-rows.ts";
import type { Failure } from "../shared/reasons.ts";
import {
  type Answer,
  AnswerRefused,
  type Job,
  type Message,
  type SubnetTemplate,
  type Synapse,
  type Transcript,
} from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";
import { decodeMessage, MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";

type AskRecord = JobRecord["asks"][number];

/** Answers of one miner by taskId. */
type Earlier = ReadonlyMap<string, Answer<Message>>;

/**
 * What the journal holds of one epoch, as a template sees it: replies are read again from the bytes that came, so
 * that a recorded epoch can be replayed. Pure.
 *
 * @param jobs - Of the epoch, in the order they were planned; all of them, for later stages depend on earlier ones.
 * @returns One transcript per job, in the same order. An ask without an outcome yet is left out.
 */
export function toTranscripts(
  template: Pick<SubnetTemplate, "synapses" | "sources">,
  epoch: number,
  jobs: readonly JobRecord[],
): Transcript[] {
  const byHotkey = new Map<Hotkey, Map<string, Answer<Message>>>();
  const transcripts = new Map<string, Transcript>();
  for (const stage of new Set(jobs.map(({ job }) => job.stage))) {
    const ofStage = jobs.filter(({ job }) => job.stage === stage);
    for (const { job, asks } of ofStage) {
      const answers = new Map<Hotkey, Answer<Message>>();
      for (const ask of asks) {
        const answer = readAnswer(template, job, ask, byHotkey.get(ask.hotkey) ?? new Map());
        if (answer) answers.set(ask.hotkey, answer);
      }
      transcripts.set(job.taskId, { epoch, job, answers });
    }
    // Only now: jobs of one stage do not see each other's answers.
    for (const { job } of ofStage) remember(byHotkey, transcripts.get(job.taskId)!);
  }
  return jobs.map(({ job }) => transcripts.get(job.taskId)!);
}

/** What each miner answered, by taskId: what `createRequest` of a later stage is given. */
export function answersByHotkey(
  transcripts: readonly Transcript[],
): Map<Hotkey, Map<string, Answer<Message>>> {
  const byHotkey = new Map<Hotkey, Map<string, Answer<Message>>>();
  for (const transcript of transcripts) remember(byHotkey, transcript);
  return byHotkey;
}

function remember(byHotkey: Map<Hotkey, Map<string, Answer<Message>>>, { job, answers }: Transcript): void {
  for (const [hotkey, answer] of answers) {
    const known = byHotkey.get(hotkey) ?? new Map<string, Answer<Message>>();
    known.set(job.taskId, answer as Answer<Message>);
    byHotkey.set(hotkey, known);
  }
}

function readAnswer(
  template: Pick<SubnetTemplate, "synapses" | "sources">,
  job: Job,
  ask: AskRecord,
  earlier: Earlier,
): Answer<Message> | undefined {
  const { reason, latencyMs, body } = ask;
  if (reason === undefined) return undefined;
  if (reason !== "ok" || !body) {
    return { ok: false, reason: reason === "ok" ? "wrong-shape" : reason, latencyMs };
  }
  if (ask.hotkey === SOURCE && job.to === "source") return readTruth(template, job, body, latencyMs);
  const synapse = template.synapses[job.synapse];
  if (!synapse) return { ok: false, reason: "validator-outage", latencyMs };
  let request: Message;
  try {
    request = synapse.createRequest(job.task, ask.hotkey, earlier);
  } catch {
    return { ok: false, reason: "validator-outage", latencyMs }; // the question is ours
  }
  return readReply(synapse, request, body, latencyMs);
}

function readReply(synapse: Synapse, request: Message, body: Uint8Array, latencyMs: number): Answer<Message> {
  try {
    const message = decodeMessage(body, MESSAGE_CONTENT_TYPE, { maxBytes: synapse.maxResponseBytes });
    return { ok: true, response: synapse.parseResponse(message, request), latencyMs };
  } catch (error) {
    const reason: Failure = error instanceof AnswerRefused ? error.reason : "wrong-shape";
    return { ok: false, reason, latencyMs };
  }
}

function readTruth(
  template: Pick<SubnetTemplate, "sources">,
  job: Job,
  body: Uint8Array,
  latencyMs: number,
): Answer<Message> {
  try {
    const message = decodeMessage(body, MESSAGE_CONTENT_TYPE, { maxBytes: body.length });
    return { ok: true, response: template.sources![job.synapse]!.parseTruth(message, job.task), latencyMs };
  } catch {
    return { ok: false, reason: "validator-outage", latencyMs };
  }
}
