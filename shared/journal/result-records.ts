import { SubforgeError } from "../errors.ts";
import { type ResultRecord, type ResultSignature, topicId } from "../rules/result-digest.ts";
import type { BlockNumber, Json, Netuid } from "../types.ts";
import type { EpochKey } from "./epoch-rows.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import type { SqliteFile } from "./sqlite-file.ts";

/** What a template says to consumers of one topic, before anybody signed it. */
export type UnsignedResult = {
  /** The template's own name of the topic. */
  topic: string;
  nonce: number;
  value: number;
  ci: ResultRecord["ci"];
  validUntil: BlockNumber;
  facts: Json;
};

/** A result of the journal. `record` is what is signed. */
export type StoredResult = {
  mechanism: number;
  /** The template's own name of the topic; that of the record is `topicId`. */
  name: string;
  record: ResultRecord;
  /** null: they went to make room. They are not signed. */
  facts: Json;
};

export type SignedResult = StoredResult & {
  signatures: readonly ResultSignature[];
  /** Unix ms, by this machine's clock. */
  signedMs: number;
};

/** Newest results of each topic that are looked at for its pace. */
const PACE_RESULTS = 2;

export type ResultRow = {
  netuid: Netuid;
  mechanism: number;
  epoch: number;
  topic: string;
  nonce: number;
  value: number;
  ci: string;
  valid_until: number;
  facts: string | null;
  signatures: string | null;
  signed_ms: number | null;
};

/** What consumers may read of epochs, and who signed it. One content for each nonce of a topic is ever signed. */
export class ResultRecords {
  readonly #file: SqliteFile;
  readonly #path: string;

  constructor(file: SqliteFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** Oldest first. */
  unsigned(netuid: Netuid, mechanism: number): StoredResult[] {
    return this.#file
      .all<ResultRow>(
        `SELECT * FROM results WHERE netuid = ? AND mechanism = ? AND signatures IS NULL ORDER BY epoch, topic`,
        netuid,
        mechanism,
      )
      .map(toStored);
  }

  /** The first signatures stand. */
  sign(
    { mechanism, name, record }: StoredResult,
    signatures: readonly ResultSignature[],
    nowMs: number,
  ): void {
    this.#file.run(
      `UPDATE results SET signatures = ?, signed_ms = ?
       WHERE netuid = ? AND mechanism = ? AND topic = ? AND nonce = ? AND signatures IS NULL`,
      ...[JSON.stringify(signatures), nowMs, record.netuid, mechanism, name, record.nonce],
    );
  }

  /** The newest signed results of each topic: two of those that have them, newest first. */
  newest(): SignedResult[] {
    this.#requireTable();
    const topics = this.#file.all<Pick<ResultRow, "netuid" | "mechanism" | "topic">>(
      "SELECT DISTINCT netuid, mechanism, topic FROM results ORDER BY netuid, mechanism, topic",
    );
    return topics.flatMap(({ netuid, mechanism, topic }) =>
      this.#file
        .all<ResultRow>(
          `SELECT * FROM results
           WHERE netuid = ? AND mechanism = ? AND topic = ? AND signatures IS NOT NULL ORDER BY nonce DESC LIMIT ?`,
          ...[netuid, mechanism, topic, PACE_RESULTS],
        )
        .map(toSigned),
    );
  }

  /** How many are signed: it never falls. */
  signedCount(): number {
    this.#requireTable();
    const [row] = this.#file.all<{ n: number }>(
      "SELECT COUNT(*) AS n FROM results WHERE signed_ms IS NOT NULL",
    );
    return row!.n;
  }

  /** Another number after each change that somebody else made to the journal. For whoever looks often: it reads nothing. */
  change(): number {
    return this.#file.get<{ data_version: number }>("PRAGMA data_version")!.data_version;
  }

  /** Undefined: none of that nonce was signed. */
  signed(netuid: Netuid, mechanism: number, name: string, nonce: number): SignedResult | undefined {
    const row = this.#file.get<ResultRow>(
      `SELECT * FROM results
       WHERE netuid = ? AND mechanism = ? AND topic = ? AND nonce = ? AND signatures IS NOT NULL`,
      ...[netuid, mechanism, name, nonce],
    );
    return row && toSigned(row);
  }

  /** A journal that is only read keeps the format it has. @throws SubforgeError JOURNAL_OLDER */
  #requireTable(): void {
    const table = this.#file.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'results'");
    if (table) return;
    const found = this.#file.get<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0;
    throw new SubforgeError("JOURNAL_OLDER", { path: this.#path, found, known: SCHEMA_VERSION });
  }
}

/** The first content of a nonce stands. Inside the transaction that ends its epoch. */
export function insertResult(file: SqliteFile, key: EpochKey, result: UnsignedResult): void {
  const { topic, nonce, value, ci, validUntil, facts } = result;
  file.run(
    `INSERT INTO results (netuid, mechanism, epoch, topic, nonce, value, ci, valid_until, facts)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ...[key.netuid, key.mechanism, key.epoch, topic, nonce, value, JSON.stringify(ci), validUntil],
    JSON.stringify(facts),
  );
}

function toStored(row: ResultRow): StoredResult {
  const { netuid, mechanism, topic: name, epoch, nonce, value } = row;
  const ci = JSON.parse(row.ci) as ResultRecord["ci"];
  const topic = topicId(netuid, mechanism, name);
  return {
    ...{ mechanism, name, facts: row.facts === null ? null : (JSON.parse(row.facts) as Json) },
    record: { netuid, topic, epoch, value, ci, validUntil: row.valid_until, nonce },
  };
}

function toSigned(row: ResultRow): SignedResult {
  const signatures = JSON.parse(row.signatures!) as ResultSignature[];
  return { ...toStored(row), signatures, signedMs: row.signed_ms! };
}
