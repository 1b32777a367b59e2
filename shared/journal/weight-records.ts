import type { SignedCall, WireWeights } from "../chain/chain.ts";
import type { WeightsMethod } from "../chain/commit-reveal.ts";
import { failPoint } from "../fail-point.ts";
import type { BlockNumber, Hex } from "../types.ts";
import type { EpochKey } from "./epoch-rows.ts";
import type { SqliteFile } from "./sqlite-file.ts";
import {
  fromWeightRow,
  type WeightBasis,
  type WeightRecord,
  type WeightRow,
  type WeightStatus,
} from "./weight-rows.ts";

export type WeightDecision = {
  content: WireWeights;
  versionKey: number;
  /** Best block when it was decided. */
  block: BlockNumber;
  /** Default: the epoch's own scores. */
  basis?: WeightBasis;
};

const OF = "netuid = ? AND mechanism = ? AND epoch = ?";

/** Receipts: one row per epoch, and a log of every step that is only appended to. */
export class WeightRecords {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /**
   * Decides the content of an epoch. The first decision stands, whatever is asked later; what a shadow run would have sent
   * is no decision.
   *
   * @returns What stands.
   */
  decide(key: EpochKey, decision: WeightDecision, atMs: number): WeightRecord {
    return this.#file.transaction(() => {
      const changes = this.#file.run(
        `INSERT INTO weights (netuid, mechanism, epoch, status, content, version_key, decided_block, basis)
         VALUES (?, ?, ?, 'planned', ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET status = 'planned', content = excluded.content, version_key = excluded.version_key,
           decided_block = excluded.decided_block, basis = excluded.basis, reason = NULL
         WHERE status = 'shadow'`,
        ...of(key),
        JSON.stringify(decision.content),
        decision.versionKey,
        decision.block,
        decision.basis ?? "scored",
      );
      failPoint("weights.decide.inside");
      if (changes > 0) this.#log(key, "planned", atMs, { content: decision.content });
      return this.get(key)!;
    });
  }

  /** What would have been decided by a run that signs nothing. Has no effect on what was decided. */
  shadow(
    key: EpochKey,
    block: BlockNumber,
    outcome: WeightDecision | { reason: string },
    atMs: number,
  ): void {
    const decided = "content" in outcome ? outcome : undefined;
    const reason = "reason" in outcome ? outcome.reason : null;
    this.#file.transaction(() => {
      const changes = this.#file.run(
        `INSERT INTO weights (netuid, mechanism, epoch, status, content, version_key, decided_block, basis, reason)
         VALUES (?, ?, ?, 'shadow', ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        ...of(key),
        decided ? JSON.stringify(decided.content) : null,
        decided?.versionKey ?? null,
        block,
        decided?.basis ?? "scored",
        reason,
      );
      if (changes > 0) this.#log(key, "shadow", atMs, decided ? { content: decided.content } : { reason });
    });
  }

  /** The chain wants another version key by now: what is signed next carries it. */
  setVersionKey(key: EpochKey, versionKey: number): void {
    this.#file.run(
      `UPDATE weights SET version_key = ? WHERE ${OF} AND status = 'planned'`,
      versionKey,
      ...of(key),
    );
  }

  /** The signed bytes can no longer be included: the same content may be signed again. */
  planned(key: EpochKey, reason: string, atMs: number): void {
    this.#step(key, "planned", atMs, "reason = ?", [reason]);
  }

  /** Nothing is sent for this epoch. Has no effect once something was signed. */
  abstain(key: EpochKey, reason: string, block: BlockNumber, atMs: number): void {
    this.#file.transaction(() => {
      const changes = this.#file.run(
        `INSERT INTO weights (netuid, mechanism, epoch, status, decided_block, reason)
         VALUES (?, ?, ?, 'abstained', ?, ?)
         ON CONFLICT DO UPDATE SET status = 'abstained', reason = excluded.reason WHERE status IN ('planned', 'shadow')`,
        ...of(key),
        block,
        reason,
      );
      if (changes > 0) this.#log(key, "abstained", atMs, { reason });
    });
  }

  /**
   * How the content will be sent, before anything of it is signed.
   *
   * @param salt - Kept when there is none yet: a second one would make the first commit unreadable.
   * @returns The salt that stands.
   */
  chooseMethod(key: EpochKey, method: WeightsMethod, salt: readonly number[]): readonly number[] {
    const kept = method === "hash" ? JSON.stringify(salt) : null;
    this.#file.run(
      `UPDATE weights SET method = ?, salt = COALESCE(salt, ?) WHERE ${OF}`,
      method,
      kept,
      ...of(key),
    );
    return this.get(key)?.salt ?? salt;
  }

  /** What the commit that is signed next waits for. */
  expectReveal(key: EpochKey, round: number | undefined, revealBlock: BlockNumber): void {
    const sql = `UPDATE weights SET round = ?, reveal_block = ? WHERE ${OF}`;
    this.#file.run(sql, round ?? null, revealBlock, ...of(key));
  }

  /** The epoch in which the included commit opens. */
  awaitReveal(key: EpochKey, commitEpoch: number, revealEpoch: number): void {
    const sql = `UPDATE weights SET commit_epoch = ?, reveal_epoch = ? WHERE ${OF}`;
    this.#file.run(sql, commitEpoch, revealEpoch, ...of(key));
  }

  /** Before the bytes of the reveal leave this process. */
  revealing(key: EpochKey, call: SignedCall, block: BlockNumber, atMs: number): void {
    const columns = "reveal_call = ?, reveal_signed_block = ?";
    this.#step(key, "revealing", atMs, columns, [JSON.stringify(call), block]);
  }

  /** Those bytes can no longer be included: the same reveal may be signed again. */
  revealAgain(key: EpochKey, reason: string, atMs: number): void {
    this.#step(key, "included", atMs, "reveal_call = NULL, reason = ?", [reason]);
  }

  revealed(key: EpochKey, block: BlockNumber, atMs: number): void {
    this.#step(key, "revealed", atMs, "revealed_block = ?", [block]);
  }

  /** Before the bytes leave this process. */
  signed(key: EpochKey, call: SignedCall, atMs: number): void {
    this.#step(key, "signed", atMs, "call = ?, extrinsic_hash = ?", [
      JSON.stringify(call),
      call.extrinsicHash,
    ]);
  }

  submitted(key: EpochKey, atMs: number): void {
    this.#step(key, "submitted", atMs, "reason = NULL", []);
  }

  included(
    key: EpochKey,
    at: { block: BlockNumber; blockHash: Hex; extrinsicHash: Hex },
    atMs: number,
  ): void {
    const columns = "block = ?, block_hash = ?, extrinsic_hash = ?";
    this.#step(key, "included", atMs, columns, [at.block, at.blockHash, at.extrinsicHash]);
  }

  verified(key: EpochKey, readBack: WireWeights, atMs: number): void {
    this.#step(key, "verified", atMs, "read_back = ?", [JSON.stringify(readBack)]);
  }

  failed(key: EpochKey, reason: string, atMs: number, readBack?: WireWeights): void {
    const columns = "reason = ?, read_back = ?";
    this.#step(key, "failed", atMs, columns, [reason, readBack ? JSON.stringify(readBack) : null]);
  }

  get(key: EpochKey): WeightRecord | undefined {
    const row = this.#file.get<WeightRow>(`SELECT * FROM weights WHERE ${OF}`, ...of(key));
    return row && fromWeightRow(row);
  }

  /** Those whose fate is open, oldest first: what a restart has to resolve before anything else is signed. */
  unfinished(netuid: number, mechanism: number): WeightRecord[] {
    return this.#file
      .all<WeightRow>(
        `SELECT * FROM weights WHERE netuid = ? AND mechanism = ?
         AND status IN ('planned', 'signed', 'submitted', 'included', 'revealing', 'revealed') ORDER BY epoch`,
        netuid,
        mechanism,
      )
      .map(fromWeightRow);
  }

  /** Receipts, newest first. */
  latest(netuid: number, mechanism: number, count: number): WeightRecord[] {
    return this.#file
      .all<WeightRow>(
        "SELECT * FROM weights WHERE netuid = ? AND mechanism = ? ORDER BY epoch DESC LIMIT ?",
        netuid,
        mechanism,
        count,
      )
      .map(fromWeightRow);
  }

  /** The newest that were ever signed, newest first. */
  latestSigned(netuid: number, mechanism: number, count: number): WeightRecord[] {
    return this.#file
      .all<WeightRow>(
        `SELECT * FROM weights WHERE netuid = ? AND mechanism = ? AND call IS NOT NULL ORDER BY epoch DESC LIMIT ?`,
        netuid,
        mechanism,
        count,
      )
      .map(fromWeightRow);
  }

  /** Every step an epoch went through, oldest first. */
  steps(key: EpochKey): { status: WeightStatus; atMs: number; detail: unknown }[] {
    return this.#file
      .all<{ status: WeightStatus; at_ms: number; detail: string | null }>(
        `SELECT status, at_ms, detail FROM weight_steps WHERE ${OF} ORDER BY seq`,
        ...of(key),
      )
      .map((row) => ({
        status: row.status,
        atMs: row.at_ms,
        detail: row.detail ? JSON.parse(row.detail) : null,
      }));
  }

  #step(
    key: EpochKey,
    status: WeightStatus,
    atMs: number,
    columns: string,
    values: (string | number | null)[],
  ): void {
    this.#file.transaction(() => {
      this.#file.run(`UPDATE weights SET status = ?, ${columns} WHERE ${OF}`, status, ...values, ...of(key));
      failPoint("weights.step.inside");
      this.#log(key, status, atMs, values);
    });
  }

  #log(key: EpochKey, status: WeightStatus, atMs: number, detail: unknown): void {
    this.#file.run(
      "INSERT INTO weight_steps (netuid, mechanism, epoch, status, at_ms, detail) VALUES (?, ?, ?, ?, ?, ?)",
      ...of(key),
      status,
      atMs,
      JSON.stringify(detail),
    );
  }
}

function of(key: EpochKey): [number, number, number] {
  return [key.netuid, key.mechanism, key.epoch];
}
