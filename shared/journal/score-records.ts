import { failPoint } from "../fail-point.ts";
import type { Reason } from "../reasons.ts";
import type { Evidence } from "../template.ts";
import type { Hotkey, Json, Uid } from "../types.ts";
import type { EpochKey, TemplateStamp } from "./epoch-rows.ts";
import { insertResult, type UnsignedResult } from "./result-records.ts";
import type { SqliteFile, SqlValue } from "./sqlite-file.ts";

export type ScoreRecord = {
  hotkey: Hotkey;
  uid: Uid;
  /** Undefined when this epoch says nothing about the miner. */
  score: number | undefined;
  reason: Reason;
  asked: number;
  answered: number;
};

/** Whoever was not asked for longer may be gone for any reason. */
const ANSWERED_EPOCHS = 64;

const OF = "netuid = ? AND mechanism = ? AND epoch = ?";

/** What an epoch was worth to each miner, why, and the template's state after it. */
export class ScoreRecords {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Ends an epoch: its scores, its evidence, the state after it and what it says to consumers appear together. */
  close(
    key: EpochKey,
    outcome: {
      status: "scored" | "void";
      reason?: string;
      scores: ScoreRecord[];
      evidence: Evidence[];
      state?: Json;
      results?: readonly UnsignedResult[];
    },
  ): void {
    this.#file.transaction(() => {
      const changes = this.#file.run(
        `UPDATE epochs SET status = ?, reason = ? WHERE ${OF} AND status = 'planned'`,
        outcome.status,
        outcome.reason ?? null,
        ...of(key),
      );
      if (changes === 0) return; // ended already: the first outcome stands
      for (const score of outcome.scores) this.#insertScore(key, score);
      failPoint("epoch.close.inside");
      for (const { hotkey, taskId, facts } of outcome.evidence) {
        this.#file.run(
          "INSERT INTO evidence (netuid, mechanism, epoch, hotkey, task_id, facts) VALUES (?, ?, ?, ?, ?, ?)",
          ...of(key),
          hotkey,
          taskId,
          JSON.stringify(facts),
        );
      }
      for (const result of outcome.results ?? []) insertResult(this.#file, key, result);
      if (outcome.state === undefined) return;
      this.#file.run(
        `INSERT INTO states (netuid, mechanism, template, version, epoch, state)
         SELECT netuid, mechanism, template, version, epoch, ? FROM epochs WHERE ${OF}`,
        JSON.stringify(outcome.state),
        ...of(key),
      );
    });
  }

  /** The newest state before an epoch. Undefined: none of this version. */
  stateBefore(
    key: EpochKey,
    stamp: Pick<TemplateStamp, "template" | "version">,
  ): { epoch: number; state: Json } | undefined {
    const row = this.#file.get<{ epoch: number; state: string }>(
      `SELECT epoch, state FROM states WHERE netuid = ? AND mechanism = ? AND template = ? AND version = ? AND epoch < ?
       ORDER BY epoch DESC LIMIT 1`,
      key.netuid,
      key.mechanism,
      stamp.template,
      stamp.version,
      key.epoch,
    );
    return row && { epoch: row.epoch, state: JSON.parse(row.state) as Json };
  }

  /** By uid. */
  list(key: EpochKey): ScoreRecord[] {
    return this.#file
      .all<{
        hotkey: string;
        uid: number;
        score: number | null;
        reason: Reason;
        asked: number;
        answered: number;
      }>(
        `SELECT hotkey, uid, score, reason, asked, answered FROM scores WHERE ${OF} ORDER BY uid`,
        ...of(key),
      )
      .map((row) => ({ ...row, score: row.score ?? undefined }));
  }

  evidence(key: EpochKey, hotkey: Hotkey): Evidence[] {
    return this.#file
      .all<{ task_id: string; facts: string }>(
        `SELECT task_id, facts FROM evidence WHERE ${OF} AND hotkey = ?`,
        ...of(key),
        hotkey,
      )
      .map((row) => ({ hotkey, taskId: row.task_id, facts: JSON.parse(row.facts) as Json }));
  }

  /**
   * Who gave at least one answer when it was last asked before this epoch, in the last 64: not everybody need be asked in
   * each. Undefined: nobody was asked.
   */
  answeredBefore(key: EpochKey): Set<Hotkey> | undefined {
    const rows = this.#file.all<{ hotkey: string; answered: number }>(
      `SELECT hotkey, answered, MAX(epoch) FROM scores
       WHERE netuid = ? AND mechanism = ? AND epoch >= ? AND epoch < ? AND asked > 0 GROUP BY hotkey`,
      key.netuid,
      key.mechanism,
      key.epoch - ANSWERED_EPOCHS,
      key.epoch,
    );
    if (rows.length === 0) return undefined;
    return new Set(rows.filter(({ answered }) => answered > 0).map(({ hotkey }) => hotkey));
  }

  /** In which epoch each miner was asked last, in the epochs `from` up to but not including this one. */
  lastAsked(key: EpochKey, from: number): Map<Hotkey, number> {
    const rows = this.#file.all<{ hotkey: string; last: number }>(
      `SELECT hotkey, MAX(epoch) AS last FROM scores
       WHERE netuid = ? AND mechanism = ? AND epoch >= ? AND epoch < ? AND asked > 0 GROUP BY hotkey`,
      key.netuid,
      key.mechanism,
      from,
      key.epoch,
    );
    return new Map(rows.map(({ hotkey, last }) => [hotkey, last]));
  }

  #insertScore(key: EpochKey, score: ScoreRecord): void {
    this.#file.run(
      `INSERT INTO scores (netuid, mechanism, epoch, hotkey, uid, score, reason, asked, answered)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...of(key),
      score.hotkey,
      score.uid,
      score.score ?? null,
      score.reason,
      score.asked,
      score.answered,
    );
  }
}

function of(key: EpochKey): SqlValue[] {
  return [key.netuid, key.mechanism, key.epoch];
}
