import { failPoint } from "../fail-point.ts";
import type { Reason } from "../reasons.ts";
import type { Job } from "../template.ts";
import type { BlockNumber, Hex, Hotkey, Netuid } from "../types.ts";
import {
  type AnswerRow,
  type AskRecord,
  contextToJson,
  type EpochHead,
  type EpochKey,
  type EpochRecord,
  type EpochRow,
  type EpochStatus,
  fromAnswerRow,
  fromEpochRow,
  fromJobRow,
  fromStageRow,
  type JobRecord,
  type JobRow,
  type RecordedContext,
  type StageRecord,
  type StageRow,
  type TemplateStamp,
} from "./epoch-rows.ts";
import type { SqliteFile, SqlValue } from "./sqlite-file.ts";

/** A job to record with the addresses of its targets; `reason` for those that are not even asked. */
export type PlannedJob = {
  job: Job;
  asks: { hotkey: Hotkey; ip?: string | undefined; port?: number | undefined; reason?: Reason | undefined }[];
};

export type AnswerRecord = {
  hotkey: Hotkey;
  reason: Reason;
  latencyMs: number;
  body?: Uint8Array | undefined;
};

/** Hotkey column of a job that asks a source. */
export const SOURCE = "source";

const OF = "netuid = ? AND mechanism = ? AND epoch = ?";

/** Epochs of which something may still be open. */
const OPEN_EPOCHS = 128;

/** All of an epoch but its context, which is large. */
const HEAD = "netuid, mechanism, epoch, status, reason, template, version, config, code, NULL AS context";

const IS_OPEN_JOB = `SELECT 1 FROM jobs WHERE ${OF} AND task_id = ? AND completed_in IS NULL`;

const SET_ANSWER = `UPDATE answers SET reason = ?, latency_ms = ?, body = ?
  WHERE ${OF} AND task_id = ? AND hotkey = ? AND reason IS NULL`;

/** What was planned and what came back. Effects are recorded once: the first answer stands. */
export class EpochRecords {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** All or nothing: several records that belong together. */
  transaction<T>(work: () => T): T {
    return this.#file.transaction(work);
  }

  plan(
    key: EpochKey,
    plan: TemplateStamp & { context: RecordedContext; stages: StageRecord[]; jobs: PlannedJob[] },
    atMs: number,
  ): void {
    this.#file.transaction(() => {
      this.#insertEpoch(key, plan, "planned", null, contextToJson(plan.context), atMs);
      plan.stages.forEach((stage, position) => {
        this.#file.run(
          `INSERT INTO stages (netuid, mechanism, epoch, stage, position, mark, status) VALUES (?, ?, ?, ?, ?, ?, ?)`,
          ...of(key),
          stage.stage,
          position,
          stage.mark ? JSON.stringify(stage.mark) : null,
          stage.status,
        );
        this.setStage(key, stage);
      });
      this.addJobs(key, plan.jobs);
      failPoint("epoch.plan.inside");
    });
  }

  /** An epoch in which nobody is asked. */
  skip(key: EpochKey, stamp: TemplateStamp, reason: string, atMs: number): void {
    this.#insertEpoch(key, stamp, "skipped", reason, null, atMs);
  }

  addJobs(key: EpochKey, jobs: readonly PlannedJob[]): void {
    this.#file.transaction(() => {
      const first = this.#count("jobs", key);
      jobs.forEach(({ job, asks }, index) => {
        this.#file.run(
          `INSERT INTO jobs (netuid, mechanism, epoch, task_id, position, stage, synapse, source, task)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          ...of(key),
          job.taskId,
          first + index,
          job.stage,
          job.synapse,
          job.to === "source" ? 1 : 0,
          JSON.stringify(job.task),
        );
        asks.forEach((ask, position) => {
          this.#file.run(
            `INSERT INTO answers (netuid, mechanism, epoch, task_id, hotkey, position, ip, port, reason, latency_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
            ...of(key),
            job.taskId,
            ask.hotkey,
            position,
            ask.ip ?? null,
            ask.port ?? null,
            ask.reason ?? null,
            ask.reason ? 0 : null,
          );
        });
      });
    });
  }

  setStage(key: EpochKey, stage: StageRecord): void {
    this.#file.run(
      `UPDATE stages SET status = ?, block = ?, beacon = ?, deadline_block = ?, done_block = ?, in_epoch = ?
       WHERE ${OF} AND stage = ?`,
      stage.status,
      stage.block ?? null,
      stage.beacon ?? null,
      stage.deadlineBlock ?? null,
      stage.doneBlock ?? null,
      stage.inEpoch ?? null,
      ...of(key),
      stage.stage,
    );
  }

  /**
   * Effects happen once although execution may happen twice: an answer that is there, that nobody asked for, or
   * whose job is closed, changes nothing.
   *
   * @returns How many were new.
   */
  record(key: EpochKey, taskId: string, answers: readonly AnswerRecord[]): number {
    // What a power cut takes back of answers is asked again.
    return this.#file.relaxedTransaction(() => {
      if (!this.#file.get(IS_OPEN_JOB, ...of(key), taskId)) return 0;
      let recorded = 0;
      for (const { hotkey, reason, latencyMs, body = null } of answers) {
        recorded += this.#file.run(SET_ANSWER, reason, latencyMs, body, ...of(key), taskId, hotkey);
      }
      failPoint("answers.record.inside");
      return recorded;
    });
  }

  /** What is still missing of a job gets this reason: nobody waits for it any more. */
  giveUp(key: EpochKey, taskId: string, reason: Reason): number {
    return this.#file.run(
      `UPDATE answers SET reason = ?, latency_ms = 0 WHERE ${OF} AND task_id = ? AND reason IS NULL`,
      reason,
      ...of(key),
      taskId,
    );
  }

  complete(key: EpochKey, taskId: string, inEpoch: number): void {
    this.#file.run(
      `UPDATE jobs SET completed_in = ? WHERE ${OF} AND task_id = ?`,
      inEpoch,
      ...of(key),
      taskId,
    );
  }

  /** Asked, and no answer yet: how many, by task. */
  outstanding(key: EpochKey): Map<string, number> {
    const rows = this.#file.all<{ task_id: string; n: number }>(
      `SELECT task_id, COUNT(*) AS n FROM answers WHERE ${OF} AND reason IS NULL GROUP BY task_id`,
      ...of(key),
    );
    return new Map(rows.map((row) => [row.task_id, row.n]));
  }

  /** Is anybody of this stage asked who has not answered yet? */
  hasOutstanding(key: EpochKey, stage: string): boolean {
    const sql = `SELECT 1 FROM answers WHERE ${OF} AND reason IS NULL
      AND task_id IN (SELECT task_id FROM jobs WHERE ${OF} AND stage = ?) LIMIT 1`;
    return this.#file.get(sql, ...of(key), ...of(key), stage) !== undefined;
  }

  /** Jobs of a stage that miss answers, with everybody they ask but without the replies: those are large. */
  openJobs(key: EpochKey, stage: string): JobRecord[] {
    const open = `${OF} AND stage = ? AND task_id IN (SELECT task_id FROM answers WHERE ${OF} AND reason IS NULL)`;
    const jobs = this.#file.all<JobRow>(
      `SELECT * FROM jobs WHERE ${open} ORDER BY position`,
      ...of(key),
      stage,
      ...of(key),
    );
    return jobs.map((row) => {
      const asks = this.#file.all<AnswerRow>(
        `SELECT task_id, hotkey, ip, port, reason, latency_ms, NULL AS body FROM answers
         WHERE ${OF} AND task_id = ? ORDER BY position`,
        ...of(key),
        row.task_id,
      );
      return fromJobRow(row, asks.map(fromAnswerRow));
    });
  }

  /** Names of a stage's jobs, in the order they were planned. */
  taskIds(key: EpochKey, stage: string): string[] {
    const sql = `SELECT task_id FROM jobs WHERE ${OF} AND stage = ? ORDER BY position`;
    return this.#file.all<{ task_id: string }>(sql, ...of(key), stage).map(({ task_id }) => task_id);
  }

  /** Which synapse a job uses; undefined when there is no such job. */
  synapseOf(key: EpochKey, taskId: string): string | undefined {
    return this.#file.get<{ synapse: string }>(
      `SELECT synapse FROM jobs WHERE ${OF} AND task_id = ?`,
      ...of(key),
      taskId,
    )?.synapse;
  }

  epoch(key: EpochKey): EpochRecord | undefined {
    const row = this.#file.get<EpochRow>(`SELECT * FROM epochs WHERE ${OF}`, ...of(key));
    return row && fromEpochRow(row);
  }

  /** The same without its context: what is looked at block by block. */
  head(key: EpochKey): EpochHead | undefined {
    const row = this.#file.get<EpochRow>(`SELECT ${HEAD} FROM epochs WHERE ${OF}`, ...of(key));
    return row && fromEpochRow(row);
  }

  /** Newest first, without their contexts. */
  latestHeads(netuid: Netuid, mechanism: number, count: number): EpochHead[] {
    const sql = `SELECT ${HEAD} FROM epochs WHERE netuid = ? AND mechanism = ? ORDER BY epoch DESC LIMIT ?`;
    return this.#file.all<EpochRow>(sql, netuid, mechanism, count).map(fromEpochRow);
  }

  /** Newest first. */
  latest(netuid: Netuid, mechanism: number, count: number): EpochRecord[] {
    return this.#file
      .all<EpochRow>(
        "SELECT * FROM epochs WHERE netuid = ? AND mechanism = ? ORDER BY epoch DESC LIMIT ?",
        netuid,
        mechanism,
        count,
      )
      .map(fromEpochRow);
  }

  /**
   * Epochs that are running, or have a stage that is still to come or to end, oldest first. Of the last ones: of older ones
   * there are no jobs left, and this is asked at each block.
   */
  open(netuid: Netuid, mechanism: number): EpochHead[] {
    return this.#file
      .all<EpochRow>(
        `SELECT ${HEAD} FROM (SELECT * FROM epochs WHERE netuid = ? AND mechanism = ? ORDER BY epoch DESC LIMIT ?) e
         WHERE status = 'planned' OR EXISTS (
           SELECT 1 FROM stages s WHERE s.netuid = e.netuid AND s.mechanism = e.mechanism AND s.epoch = e.epoch
           AND s.status IN ('waiting', 'asking')) ORDER BY epoch`,
        netuid,
        mechanism,
        OPEN_EPOCHS,
      )
      .map(fromEpochRow);
  }

  stages(key: EpochKey): StageRecord[] {
    return this.#file
      .all<StageRow>(`SELECT * FROM stages WHERE ${OF} ORDER BY position`, ...of(key))
      .map(fromStageRow);
  }

  /** In the order they were planned. */
  jobs(key: EpochKey): JobRecord[] {
    const asks = new Map<string, AskRecord[]>();
    for (const row of this.#file.all<AnswerRow>(
      `SELECT * FROM answers WHERE ${OF} ORDER BY task_id, position`,
      ...of(key),
    )) {
      const list = asks.get(row.task_id) ?? [];
      list.push(fromAnswerRow(row));
      asks.set(row.task_id, list);
    }
    return this.#file
      .all<JobRow>(`SELECT * FROM jobs WHERE ${OF} ORDER BY position`, ...of(key))
      .map((row) => fromJobRow(row, asks.get(row.task_id) ?? []));
  }

  /** Epochs that planned a job which was completed in another, later epoch. */
  completedLate(netuid: Netuid, mechanism: number, inEpoch: number): EpochKey[] {
    return this.#file.all<EpochKey>(
      `SELECT DISTINCT netuid, mechanism, epoch FROM jobs
       WHERE netuid = ? AND mechanism = ? AND completed_in = ? AND epoch < ? ORDER BY epoch`,
      netuid,
      mechanism,
      inEpoch,
      inEpoch,
    );
  }

  /** The commitment to an epoch's secret, and the block that included it. */
  commitment(netuid: Netuid, epoch: number): { hash: Hex; block: BlockNumber } | undefined {
    return this.#file.get(
      "SELECT hash, block FROM commitments WHERE netuid = ? AND epoch = ?",
      netuid,
      epoch,
    );
  }

  setCommitment(netuid: Netuid, epoch: number, hash: Hex, block: BlockNumber): void {
    this.#file.run(
      "INSERT INTO commitments (netuid, epoch, hash, block) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      netuid,
      epoch,
      hash,
      block,
    );
  }

  /** The secret of an epoch whose commitment is known, once it is public: a replay needs it. */
  disclose(netuid: Netuid, epoch: number, secret: Hex): void {
    this.#file.run(
      "UPDATE commitments SET secret = ? WHERE netuid = ? AND epoch = ? AND secret IS NULL",
      secret,
      netuid,
      epoch,
    );
  }

  /** Undefined: not disclosed yet, or before secrets were kept. */
  disclosedSecret(netuid: Netuid, epoch: number): Hex | undefined {
    const sql = "SELECT secret FROM commitments WHERE netuid = ? AND epoch = ?";
    return this.#file.get<{ secret: Hex | null }>(sql, netuid, epoch)?.secret ?? undefined;
  }

  /** Drops replies, evidence and states of epochs before this one. Scores, receipts and the state it began with stay. */
  forget(netuid: Netuid, mechanism: number, before: number): void {
    this.#file.transaction(() => {
      for (const table of ["answers", "jobs", "evidence"]) {
        this.#file.run(
          `DELETE FROM ${table} WHERE netuid = ? AND mechanism = ? AND epoch < ?`,
          netuid,
          mechanism,
          before,
        );
      }
      this.#file.run(
        `DELETE FROM states WHERE netuid = ? AND mechanism = ? AND epoch < ?
         AND epoch < (SELECT MAX(epoch) FROM states s
           WHERE s.netuid = states.netuid AND s.mechanism = states.mechanism AND s.epoch < ?)`,
        netuid,
        mechanism,
        before,
        before,
      );
    });
  }

  #insertEpoch(
    key: EpochKey,
    stamp: TemplateStamp,
    status: EpochStatus,
    reason: string | null,
    context: string | null,
    atMs: number,
  ): void {
    this.#file.run(
      `INSERT INTO epochs (netuid, mechanism, epoch, status, reason, template, version, config, code, context, created_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...of(key),
      status,
      reason,
      stamp.template,
      stamp.version,
      JSON.stringify(stamp.config),
      stamp.code ?? null,
      context,
      atMs,
    );
  }

  #count(table: "jobs", key: EpochKey): number {
    return (
      this.#file.get<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE ${OF}`, ...of(key))?.n ?? 0
    );
  }
}

function of(key: EpochKey): SqlValue[] {
  return [key.netuid, key.mechanism, key.epoch];
}
