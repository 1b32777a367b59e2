import type { Reason } from "../reasons.ts";
import type { Mark, Participant } from "../template.ts";
import type { Hex, Json } from "../types.ts";
import type {
  AskRecord,
  EpochRecord,
  EpochStatus,
  JobRecord,
  RecordedContext,
  StageRecord,
} from "./epoch-records.ts";
import { blob } from "./sqlite-file.ts";

/* Rows as they stand in the file, and the records they become. */

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
  body: unknown;
};

export function contextToJson(context: RecordedContext): string {
  return JSON.stringify({
    ...context,
    beacon: Buffer.from(context.beacon).toString("hex"),
    participants: context.participants.map((p) => ({ ...p, stakeRao: String(p.stakeRao) })),
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
    context: row.context === null ? undefined : contextFromJson(row.context),
  };
}

function contextFromJson(text: string): RecordedContext {
  const parsed = JSON.parse(text) as RecordedContext & { beacon: unknown };
  return {
    ...parsed,
    beacon: new Uint8Array(Buffer.from(String(parsed.beacon), "hex")),
    participants: parsed.participants.map(
      (p): Participant => ({ ...p, ip: p.ip, stakeRao: BigInt(p.stakeRao) }),
    ),
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
    body: blob(row.body),
  };
}
