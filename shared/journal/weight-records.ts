import type { SignedCall, WireWeights } from "../chain/chain.ts";
import type { BlockNumber, Hex } from "../types.ts";
import type { EpochKey } from "./epoch-rows.ts";
import type { SqliteFile } from "./sqlite-file.ts";

/**
 * Life of the weights of one epoch. `verified` is the only success: the row was read back from the chain and is
 * what was signed. `failed` and `abstained` carry a reason.
 */
export type WeightStatus =
  | "planned"
  | "signed"
  | "submitted"
  | "included"
  | "verified"
  | "failed"
  | "abstained";

export type WeightRecord = EpochKey & {
  status: WeightStatus;
  /** What is signed, decided once. Undefined when there was nothing to send. */
  content: WireWeights | undefined;
  versionKey: number;
  /** Best block when the content was decided. */
  decidedBlock: BlockNumber;
  /** The signed bytes: the only ones that may be sent for this epoch while they are valid. */
  call: SignedCall | undefined;
  block: BlockNumber | undefined;
  blockHash: Hex | undefined;
  extrinsicHash: Hex | undefined;
  readBack: WireWeights | undefined;
  reason: string | undefined;
};

type Row = {
  netuid: number;
  mechanism: number;
  epoch: number;
  status: WeightStatus;
  content: string | null;
  version_key: number | null;
  decided_block: number;
  call: string | null;
  block: number | null;
  block_hash: Hex | null;
  extrinsic_hash: Hex | null;
  read_back: string | null;
  reason: string | null;
};

const OF = "netuid = ? AND mechanism = ? AND epoch = ?";

/** Receipts: one row per epoch, and a log of every step that is only appended to. */
export class WeightRecords {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /**
   * Decides the content of an epoch. The first decision stands, whatever is asked later.
   *
   * @returns What stands.
   */
  decide(
    key: EpochKey,
    decision: { content: WireWeights; versionKey: number; block: BlockNumber },
    atMs: number,
  ) {
    return this.#file.transaction(() => {
      const changes = this.#file.run(
        `INSERT INTO weights (netuid, mechanism, epoch, status, content, version_key, decided_block)
         VALUES (?, ?, ?, 'planned', ?, ?, ?) ON CONFLICT DO NOTHING`,
        ...of(key),
        JSON.stringify(decision.content),
        decision.versionKey,
        decision.block,
      );
      if (changes > 0) this.#log(key, "planned", atMs, { content: decision.content });
      return this.get(key)!;
    });
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
         ON CONFLICT DO UPDATE SET status = 'abstained', reason = excluded.reason WHERE status = 'planned'`,
        ...of(key),
        block,
        reason,
      );
      if (changes > 0) this.#log(key, "abstained", atMs, { reason });
    });
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
    const row = this.#file.get<Row>(`SELECT * FROM weights WHERE ${OF}`, ...of(key));
    return row && fromRow(row);
  }

  /** Those whose fate is open, oldest first: what a restart has to resolve before anything else is signed. */
  unfinished(netuid: number, mechanism: number): WeightRecord[] {
    return this.#file
      .all<Row>(
        `SELECT * FROM weights WHERE netuid = ? AND mechanism = ?
         AND status IN ('planned', 'signed', 'submitted', 'included') ORDER BY epoch`,
        netuid,
        mechanism,
      )
      .map(fromRow);
  }

  /** Receipts, newest first. */
  latest(netuid: number, mechanism: number, count: number): WeightRecord[] {
    return this.#file
      .all<Row>(
        "SELECT * FROM weights WHERE netuid = ? AND mechanism = ? ORDER BY epoch DESC LIMIT ?",
        netuid,
        mechanism,
        count,
      )
      .map(fromRow);
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

function fromRow(row: Row): WeightRecord {
  return {
    netuid: row.netuid,
    mechanism: row.mechanism,
    epoch: row.epoch,
    status: row.status,
    content: row.content ? (JSON.parse(row.content) as WireWeights) : undefined,
    versionKey: row.version_key ?? 0,
    decidedBlock: row.decided_block,
    call: row.call ? (JSON.parse(row.call) as SignedCall) : undefined,
    block: row.block ?? undefined,
    blockHash: row.block_hash ?? undefined,
    extrinsicHash: row.extrinsic_hash ?? undefined,
    readBack: row.read_back ? (JSON.parse(row.read_back) as WireWeights) : undefined,
    reason: row.reason ?? undefined,
  };
}
