import type { Reason } from "../reasons.ts";
import type { EpochContext, Job, Mark, Participant } from "../template.ts";
import type { BlockNumber, Hex, Hotkey, Json, Netuid } from "../types.ts";

export type EpochKey = { netuid: Netuid; mechanism: number; epoch: number };

/** `planned` is running; `void` was asked and is not scored; `skipped` was not asked. The last two have a reason. */
export type EpochStatus = "planned" | "scored" | "void" | "skipped";

export type TemplateStamp = {
  template: string;
  version: string;
  config: Json;
  /** Digest of the template's code, in hex. Undefined: nobody knows. */
  code?: string | undefined;
};

/** What a template was told of an epoch, without the secret: that one is derived again, never stored. */
export type RecordedContext = Omit<EpochContext, "secret" | "config"> & {
  /** Which part of the participants could be asked, where the validator does not ask everybody. */
  sampling?: RecordedSampling | undefined;
};

/** A choice that can be made again from the epoch's secret, `participants` and the scores of earlier epochs. */
export type RecordedSampling = {
  policy: "random" | "stale-first";
  /** Miners that may be asked; below 1, that share of them. */
  size: number;
  notSampled: readonly Hotkey[];
};

export type EpochRecord = EpochKey &
  TemplateStamp & { status: EpochStatus; reason: string | undefined; context: RecordedContext | undefined };

export type EpochHead = Omit<EpochRecord, "context">;

/** `waiting`: not begun; `asking`: its jobs are out; `done`: every answer is in or overdue; `missed`: never begun. */
export type StageRecord = {
  stage: string;
  /** Undefined for the first stage, which begins with the epoch. */
  mark: Mark | undefined;
  status: "waiting" | "asking" | "done" | "missed";
  /** Its own first block, whose hash made `beacon`. */
  block: BlockNumber | undefined;
  beacon: Hex | undefined;
  /** From this block on, answers that are missing are overdue. */
  deadlineBlock: BlockNumber | undefined;
  doneBlock: BlockNumber | undefined;
  /** The epoch in which it runs: later than the one that planned it for a truth that arrives later. */
  inEpoch: number | undefined;
};

/** Whom a job asks, and what came back. */
export type AskRecord = {
  hotkey: Hotkey;
  /** Address at the time of planning; undefined for a source. */
  ip: string | undefined;
  port: number | undefined;
  /** Undefined: no answer yet. */
  reason: Reason | undefined;
  latencyMs: number;
  /** The reply as it arrived, bounded by its synapse. */
  body: Uint8Array | undefined;
};

export type JobRecord = { job: Job; completedIn: number | undefined; asks: AskRecord[] };

export type EpochRow = {
  netuid: number;
  mechanism: number;
  epoch: number;
  status: EpochStatus;
  reason: string | null;
  template: string;
  version: string;
  config: string;
  context: string | null;
  code: string | null;
};

export type StageRow = {
  stage: string;
  mark: string | null;
  status: StageRecord["status"];
  block: number | null;
  beacon: Hex | null;
  deadline_block: number | null;
  done_block: number | null;
  in_epoch: number | null;
};

export type JobRow = {
  task_id: string;
  stage: string;
  synapse: string;
  source: number;
  task: string;
  completed_in: number | null;
};

export type AnswerRow = {
  task_id: string;
  hotkey: string;
  ip: string | null;
  port: number | null;
  reason: Reason | null;
  latency_ms: number | null;
  body: Uint8Array | null;
};

export function contextToJson(context: RecordedContext): string {
  return JSON.stringify({
    ...context,
    beacon: Buffer.from(context.beacon).toString("hex"),
    participants: context.participants.map(toPlainParticipant),
  });
}

export function fromEpochRow(row: EpochRow): EpochRecord {
  return {
    netuid: row.netuid,
    mechanism: row.mechanism,
    epoch: row.epoch,
    status: row.status,
    reason: row.reason ?? undefined,
    template: row.template,
    version: row.version,
    config: JSON.parse(row.config) as Json,
    code: row.code ?? undefined,
    context: row.context === null ? undefined : contextFromJson(row.context),
  };
}

function contextFromJson(text: string): RecordedContext {
  const parsed = JSON.parse(text) as RecordedContext & { beacon: unknown; participants: PlainParticipant[] };
  return {
    ...parsed,
    beacon: new Uint8Array(Buffer.from(String(parsed.beacon), "hex")),
    participants: parsed.participants.map(fromPlainParticipant),
  };
}

/** A participant as JSON holds it: what it committed in hexadecimal digits. */
export type PlainParticipant = Omit<Participant, "stakeRao" | "commitment"> & {
  stakeRao: string;
  commitment?: { data: string; block: BlockNumber } | undefined;
};

export function toPlainParticipant({ commitment, ...participant }: Participant): PlainParticipant {
  const { stakeRao } = participant;
  const data = commitment && Buffer.from(commitment.data).toString("hex");
  return {
    ...{ ...participant, stakeRao: String(stakeRao) },
    ...(commitment && { commitment: { data: data!, block: commitment.block } }),
  };
}

export function fromPlainParticipant({ commitment, ...participant }: PlainParticipant): Participant {
  const { ip, stakeRao } = participant;
  const data = commitment && new Uint8Array(Buffer.from(commitment.data, "hex"));
  return {
    ...{ ...participant, ip, stakeRao: BigInt(stakeRao) }, // a template finds the address, if undefined
    ...(commitment && { commitment: { data: data!, block: commitment.block } }),
  };
}

export function fromStageRow(row: StageRow): StageRecord {
  return {
    stage: row.stage,
    mark: row.mark ? (JSON.parse(row.mark) as Mark) : undefined,
    status: row.status,
    block: row.block ?? undefined,
    beacon: row.beacon ?? undefined,
    deadlineBlock: row.deadline_block ?? undefined,
    doneBlock: row.done_block ?? undefined,
    inEpoch: row.in_epoch ?? undefined,
  };
}

export function fromJobRow(row: JobRow, asks: AskRecord[]): JobRecord {
  return {
    job: {
      taskId: row.task_id,
      stage: row.stage,
      synapse: row.synapse,
      to: row.source ? "source" : asks.map((ask) => ask.hotkey),
      task: JSON.parse(row.task) as Json,
    },
    completedIn: row.completed_in ?? undefined,
    asks,
  };
}

export function fromAnswerRow(row: AnswerRow): AskRecord {
  return {
    hotkey: row.hotkey,
    ip: row.ip ?? undefined,
    port: row.port ?? undefined,
    reason: row.reason ?? undefined,
    latencyMs: row.latency_ms ?? 0,
    body: row.body ?? undefined,
  };
}
