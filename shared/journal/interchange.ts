import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { SubforgeError } from "../errors.ts";
import type { Hex, Hotkey } from "../types.ts";
import { type Interchange, type InterchangeReceipt, parseInterchange } from "./interchange-format.ts";
import type { ResultRow } from "./result-records.ts";
import { migrate, SCHEMA_VERSION } from "./schema.ts";
import { lockFile, SqliteFile, type SqlValue } from "./sqlite-file.ts";
import { fromWeightRow, type WeightRow } from "./weight-rows.ts";

/** Newest receipts of a mechanism that move with a validator. Those whose fate is open always do. */
const RECEIPTS = 256;

/** Newest epochs of a mechanism whose scores move: what the outage guard and a person look back at. */
const SCORED_EPOCHS = 8;

/** Newest signed results of a topic that move: so that no nonce of theirs is ever signed with another content. */
const RESULTS = 64;

/** What an import did. `kept`: receipts that were there, with the same content. */
export type ImportReport = {
  receipts: number;
  kept: number;
  epochs: number;
  states: number;
  commitments: number;
  results: number;
};

/**
 * What another machine needs to go on as this validator: receipts with the bytes that were signed, salts of commits that are
 * not revealed yet, commitments, the newest states, the last scores and signed results. It holds no key. Keep it private until those commits
 * are revealed, and stop this machine before the other one starts.
 *
 * @throws SubforgeError JOURNAL_ABSENT | JOURNAL_OLDER | JOURNAL_NEWER | JOURNAL_BROKEN
 */
export function exportJournal(path: string): Interchange {
  if (!existsSync(path)) throw new SubforgeError("JOURNAL_ABSENT", { path });
  const file = new SqliteFile(path, "read");
  try {
    const found = file.get<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0;
    if (found > SCHEMA_VERSION)
      throw new SubforgeError("JOURNAL_NEWER", { path, found, known: SCHEMA_VERSION });
    if (found < SCHEMA_VERSION)
      throw new SubforgeError("JOURNAL_OLDER", { path, found, known: SCHEMA_VERSION });
    return file.transaction(() => read(file, path), "read");
  } finally {
    file.close();
  }
}

/**
 * Takes over what `exportJournal` gave, all of it or nothing. No receipt of something that was signed is ever replaced: the
 * same content is kept as it is, another content for the same epoch refuses the whole file.
 *
 * @param expected - Who this machine is; default: whoever the journal, or for a new one the file, belongs to.
 * @throws SubforgeError JOURNAL_IMPORT_INVALID, JOURNAL_FOREIGN for another chain or hotkey, JOURNAL_CONFLICT, JOURNAL_LOCKED while
 * a validator runs, and the other JOURNAL_ codes
 */
export function importJournal(
  path: string,
  text: string,
  expected?: { genesis: Hex; hotkey: Hotkey },
): ImportReport {
  const given = parseInterchange(text);
  for (const receipt of given.receipts) {
    if (receipt.contentHash !== contentHash(receipt)) {
      const { netuid, mechanism, epoch } = receipt;
      const problem = `the content of netuid ${netuid}, mechanism ${mechanism}, epoch ${epoch} has another hash`;
      throw new SubforgeError("JOURNAL_IMPORT_INVALID", { problem });
    }
  }
  const lock = lockFile(`${path}.lock`);
  let file: SqliteFile | undefined;
  try {
    file = new SqliteFile(path, "write");
    const opened = file;
    migrate(opened, path);
    return opened.transaction(() => {
      claim(opened, path, given, expected);
      return write(opened, given);
    });
  } finally {
    file?.close();
    lock.release();
  }
}

/** SHA-256 of an epoch's content, in hexadecimal; null where nothing was decided. */
export function contentHash({
  netuid,
  mechanism,
  epoch,
  content,
}: Pick<InterchangeReceipt, "netuid" | "mechanism" | "epoch" | "content">): string | null {
  if (!content) return null;
  const text = JSON.stringify([netuid, mechanism, epoch, content.uids, content.values]);
  return createHash("sha256").update(text).digest("hex");
}

function read(file: SqliteFile, path: string): Interchange {
  const owner = file.get<{ genesis: Hex; hotkey: Hotkey }>("SELECT genesis, hotkey FROM pin");
  if (!owner) throw new SubforgeError("JOURNAL_ABSENT", { path });
  const rank = (of: string, by: string) =>
    `(SELECT *, ROW_NUMBER() OVER (PARTITION BY ${by} ORDER BY epoch DESC) AS rank FROM ${of})`;
  const receipts = file
    .all<WeightRow>(
      `SELECT * FROM ${rank("weights", "netuid, mechanism")} WHERE status <> 'shadow'
       AND (rank <= ? OR status NOT IN ('verified', 'failed', 'abstained')) ORDER BY netuid, mechanism, epoch`,
      RECEIPTS,
    )
    .map((row) => {
      const record = fromWeightRow(row);
      return { ...record, contentHash: contentHash(record) } as InterchangeReceipt;
    });
  const epochs = file.all<Interchange["epochs"][number]>(
    `SELECT netuid, mechanism, epoch, status, reason, template, version, code, created_ms AS createdMs
     FROM ${rank("epochs", "netuid, mechanism")} WHERE status <> 'planned' AND rank <= ? ORDER BY netuid, mechanism, epoch`,
    SCORED_EPOCHS,
  );
  const scores = epochs.flatMap(({ netuid, mechanism, epoch }) =>
    file.all<Interchange["scores"][number]>(
      `SELECT netuid, mechanism, epoch, hotkey, uid, score, reason, asked, answered FROM scores
       WHERE netuid = ? AND mechanism = ? AND epoch = ? ORDER BY uid`,
      ...[netuid, mechanism, epoch],
    ),
  );
  const states = file
    .all<{ state: string }>(
      `SELECT netuid, mechanism, template, version, epoch, state
       FROM ${rank("states", "netuid, mechanism, template, version")} WHERE rank = 1`,
    )
    .map((row) => ({ ...row, state: JSON.parse(row.state) }) as Interchange["states"][number]);
  const commitments = file.all<Interchange["commitments"][number]>(
    `SELECT netuid, epoch, hash, block, secret FROM ${rank("commitments", "netuid")} WHERE rank <= ?`,
    RECEIPTS,
  );
  const results = file
    .all<ResultRow>(
      `SELECT * FROM ${rank("results", "netuid, mechanism, topic")} WHERE signatures IS NOT NULL AND rank <= ?
       ORDER BY netuid, mechanism, topic, nonce`,
      RESULTS,
    )
    .map(toMovedResult);
  const moved = { receipts, epochs, scores, states, commitments, results };
  return { format: "subforge-journal", version: 1, ...owner, ...moved };
}

/** Without its facts: nobody signed those, and the next epoch tells new ones. */
function toMovedResult(row: ResultRow): Interchange["results"][number] {
  const { netuid, mechanism, epoch, topic, nonce, value } = row;
  return {
    ...{ netuid, mechanism, epoch, topic, nonce, value, validUntil: row.valid_until },
    ci: JSON.parse(row.ci),
    ...{ signatures: JSON.parse(row.signatures!), signedMs: row.signed_ms! },
  };
}

function claim(
  file: SqliteFile,
  path: string,
  given: Interchange,
  expected: { genesis: Hex; hotkey: Hotkey } | undefined,
): void {
  const found = file.get<{ genesis: Hex; hotkey: Hotkey }>("SELECT genesis, hotkey FROM pin");
  for (const what of ["genesis", "hotkey"] as const) {
    for (const owner of [expected, found]) {
      if (!owner || owner[what] === given[what]) continue;
      throw new SubforgeError("JOURNAL_FOREIGN", { path, what, expected: owner[what], found: given[what] });
    }
  }
  if (!found) file.run("INSERT INTO pin (genesis, hotkey) VALUES (?, ?)", given.genesis, given.hotkey);
}

function write(file: SqliteFile, given: Interchange): ImportReport {
  const report: ImportReport = { receipts: 0, kept: 0, epochs: 0, states: 0, commitments: 0, results: 0 };
  for (const receipt of given.receipts) {
    if (takeReceipt(file, receipt)) report.receipts++;
    else report.kept++;
  }
  const added = new Set<string>();
  for (const e of given.epochs) {
    const isNew = insert(file, "epochs", {
      ...{ netuid: e.netuid, mechanism: e.mechanism, epoch: e.epoch, status: e.status, reason: e.reason },
      ...{ template: e.template, version: e.version, code: e.code, config: "{}", created_ms: e.createdMs },
    });
    if (isNew) added.add(idOf(e));
  }
  report.epochs = added.size;
  for (const score of given.scores) if (added.has(idOf(score))) insert(file, "scores", score);
  for (const state of given.states) {
    if (insert(file, "states", { ...state, state: JSON.stringify(state.state) })) report.states++;
  }
  for (const commitment of given.commitments)
    if (insert(file, "commitments", commitment)) report.commitments++;
  for (const result of given.results) if (takeResult(file, result)) report.results++;
  return report;
}

/** @returns false when the journal's own stays. @throws SubforgeError JOURNAL_CONFLICT */
function takeReceipt(file: SqliteFile, receipt: InterchangeReceipt): boolean {
  const { netuid, mechanism, epoch } = receipt;
  const row = file.get<WeightRow>(
    "SELECT * FROM weights WHERE netuid = ? AND mechanism = ? AND epoch = ?",
    ...[netuid, mechanism, epoch],
  );
  const own = row && fromWeightRow(row);
  if (own?.call && receipt.call && contentHash(own) !== contentHash(receipt)) {
    throw new SubforgeError("JOURNAL_CONFLICT", { netuid, mechanism, epoch });
  }
  // What was signed anywhere outweighs what was only intended here.
  if (own && (own.call || !receipt.call)) return false;
  file.run("DELETE FROM weights WHERE netuid = ? AND mechanism = ? AND epoch = ?", netuid, mechanism, epoch);
  insert(file, "weights", toRow(receipt));
  insert(file, "weight_steps", {
    ...{
      netuid,
      mechanism,
      epoch,
      status: receipt.status,
      at_ms: 0,
      detail: JSON.stringify({ imported: true }),
    },
  });
  return true;
}

/** What was signed anywhere outweighs what nobody signed here. */
function takeResult(file: SqliteFile, r: Interchange["results"][number]): boolean {
  const { netuid, mechanism, topic, nonce } = r;
  file.run(
    `DELETE FROM results
     WHERE netuid = ? AND mechanism = ? AND topic = ? AND nonce = ? AND signatures IS NULL`,
    ...[netuid, mechanism, topic, nonce],
  );
  return insert(file, "results", {
    ...{ netuid, mechanism, epoch: r.epoch, topic, nonce, value: r.value, ci: JSON.stringify(r.ci) },
    ...{ valid_until: r.validUntil, signatures: JSON.stringify(r.signatures), signed_ms: r.signedMs },
  });
}

function toRow(r: InterchangeReceipt): Record<string, SqlValue | undefined> {
  const json = (value: unknown) => (value === undefined ? undefined : JSON.stringify(value));
  return {
    ...{ netuid: r.netuid, mechanism: r.mechanism, epoch: r.epoch, status: r.status, basis: r.basis },
    ...{
      content: json(r.content),
      version_key: r.versionKey,
      decided_block: r.decidedBlock,
      call: json(r.call),
    },
    ...{
      block: r.block,
      block_hash: r.blockHash,
      extrinsic_hash: r.extrinsicHash,
      read_back: json(r.readBack),
    },
    ...{
      reason: r.reason,
      method: r.method,
      salt: json(r.salt),
      round: r.round,
      commit_epoch: r.commitEpoch,
    },
    ...{ reveal_epoch: r.revealEpoch, reveal_block: r.revealBlock, reveal_call: json(r.revealCall) },
    ...{ reveal_signed_block: r.revealSignedBlock, revealed_block: r.revealedBlock },
  };
}

/** @returns Whether it was new. Columns are this file's own words, never those of the text that is imported. */
function insert(file: SqliteFile, table: string, row: Record<string, SqlValue | undefined>): boolean {
  const columns = Object.keys(row);
  const places = columns.map(() => "?").join(", ");
  const sql = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places}) ON CONFLICT DO NOTHING`;
  return file.run(sql, ...columns.map((column) => row[column] ?? null)) > 0;
}

function idOf({ netuid, mechanism, epoch }: { netuid: number; mechanism: number; epoch: number }): string {
  return `${netuid}/${mechanism}/${epoch}`;
}
