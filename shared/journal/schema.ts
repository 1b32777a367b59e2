import { SubforgeError } from "../errors.ts";
import { failPoint } from "../fail-point.ts";
import type { SqliteFile } from "./sqlite-file.ts";

/** One entry per version, never edited once released: a journal of version n runs the entries after n. */
const MIGRATIONS = [
  `
  CREATE TABLE pin (genesis TEXT NOT NULL, hotkey TEXT NOT NULL) STRICT;

  CREATE TABLE epochs (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL,
    status TEXT NOT NULL, reason TEXT,
    template TEXT NOT NULL, version TEXT NOT NULL, config TEXT NOT NULL,
    context TEXT, created_ms INTEGER NOT NULL,
    PRIMARY KEY (netuid, mechanism, epoch)
  ) STRICT;

  CREATE TABLE stages (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL, stage TEXT NOT NULL,
    position INTEGER NOT NULL, mark TEXT, status TEXT NOT NULL,
    block INTEGER, beacon TEXT, deadline_block INTEGER, done_block INTEGER, in_epoch INTEGER,
    PRIMARY KEY (netuid, mechanism, epoch, stage)
  ) STRICT;

  CREATE TABLE jobs (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL, task_id TEXT NOT NULL,
    position INTEGER NOT NULL, stage TEXT NOT NULL, synapse TEXT NOT NULL, source INTEGER NOT NULL, task TEXT NOT NULL,
    completed_in INTEGER,
    PRIMARY KEY (netuid, mechanism, epoch, task_id)
  ) STRICT;

  CREATE TABLE answers (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL, task_id TEXT NOT NULL,
    hotkey TEXT NOT NULL, position INTEGER NOT NULL, ip TEXT, port INTEGER,
    reason TEXT, latency_ms REAL, body BLOB,
    PRIMARY KEY (netuid, mechanism, epoch, task_id, hotkey)
  ) STRICT;
  CREATE INDEX answers_outstanding ON answers (netuid, mechanism, epoch) WHERE reason IS NULL;

  CREATE TABLE states (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, template TEXT NOT NULL, version TEXT NOT NULL,
    epoch INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (netuid, mechanism, template, version, epoch)
  ) STRICT;

  CREATE TABLE scores (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL, hotkey TEXT NOT NULL,
    uid INTEGER NOT NULL, score REAL, reason TEXT NOT NULL, asked INTEGER NOT NULL, answered INTEGER NOT NULL,
    PRIMARY KEY (netuid, mechanism, epoch, hotkey)
  ) STRICT;

  CREATE TABLE evidence (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL, hotkey TEXT NOT NULL,
    task_id TEXT NOT NULL, facts TEXT NOT NULL
  ) STRICT;
  CREATE INDEX evidence_of ON evidence (netuid, mechanism, epoch, hotkey);

  CREATE TABLE commitments (
    netuid INTEGER NOT NULL, epoch INTEGER NOT NULL, hash TEXT NOT NULL, block INTEGER NOT NULL,
    PRIMARY KEY (netuid, epoch)
  ) STRICT;

  CREATE TABLE weights (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL,
    status TEXT NOT NULL, content TEXT, version_key INTEGER, decided_block INTEGER NOT NULL,
    call TEXT, block INTEGER, block_hash TEXT, extrinsic_hash TEXT, read_back TEXT, reason TEXT,
    PRIMARY KEY (netuid, mechanism, epoch)
  ) STRICT;

  CREATE TABLE weight_steps (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL,
    status TEXT NOT NULL, at_ms INTEGER NOT NULL, detail TEXT
  ) STRICT;
  `,
  // Weights that are committed first: how, what opens them, and when. Null where they were set in the open.
  `
  ALTER TABLE weights ADD COLUMN method TEXT;
  ALTER TABLE weights ADD COLUMN salt TEXT;
  ALTER TABLE weights ADD COLUMN round INTEGER;
  ALTER TABLE weights ADD COLUMN commit_epoch INTEGER;
  ALTER TABLE weights ADD COLUMN reveal_epoch INTEGER;
  ALTER TABLE weights ADD COLUMN reveal_block INTEGER;
  ALTER TABLE weights ADD COLUMN reveal_call TEXT;
  ALTER TABLE weights ADD COLUMN reveal_signed_block INTEGER;
  ALTER TABLE weights ADD COLUMN revealed_block INTEGER;
  `,
  // Which code of the template an epoch ran with, and secrets that are public by now: what a replay needs.
  `
  ALTER TABLE epochs ADD COLUMN code TEXT;
  ALTER TABLE commitments ADD COLUMN secret TEXT;
  `,
  // Were an epoch's weights made of its own scores, or of what was kept from before?
  `
  ALTER TABLE weights ADD COLUMN basis TEXT NOT NULL DEFAULT 'scored';
  `,
  // What consumers may read: one content for each nonce of a topic, signed once.
  `
  CREATE TABLE results (
    netuid INTEGER NOT NULL, mechanism INTEGER NOT NULL, epoch INTEGER NOT NULL, topic TEXT NOT NULL, nonce INTEGER NOT NULL,
    value REAL NOT NULL, ci TEXT NOT NULL, valid_until INTEGER NOT NULL, facts TEXT,
    signatures TEXT, signed_ms INTEGER,
    PRIMARY KEY (netuid, mechanism, topic, nonce)
  ) STRICT;
  CREATE INDEX results_unsigned ON results (netuid, mechanism) WHERE signatures IS NULL;
  CREATE INDEX results_signed ON results (signed_ms) WHERE signed_ms IS NOT NULL;
  CREATE INDEX results_of ON results (netuid, mechanism, epoch);
  `,
];

/** The version of a journal that this release writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings a journal of any earlier version up to this one: each step happens or does not.
 *
 * @param upTo - An older version, for a test that needs such a journal.
 * @throws SubforgeError JOURNAL_NEWER when a later release wrote the file
 */
export function migrate(file: SqliteFile, path: string, upTo = SCHEMA_VERSION): void {
  const found = file.get<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0;
  if (found > MIGRATIONS.length) {
    throw new SubforgeError("JOURNAL_NEWER", { path, found, known: MIGRATIONS.length });
  }
  for (let version = found; version < upTo; version++) {
    file.transaction(() => {
      file.exec(MIGRATIONS[version]!);
      failPoint("journal.migrate.inside");
      file.exec(`PRAGMA user_version=${version + 1}`);
    });
  }
}
