import { existsSync } from "node:fs";
import { SubforgeError } from "../errors.ts";
import { failPoint } from "../fail-point.ts";
import type { Hex, Hotkey, Netuid } from "../types.ts";
import { EpochRecords } from "./epoch-records.ts";
import { ResultRecords } from "./result-records.ts";
import { DEFAULT_MAX_BYTES, type TrimReport, trimJournal } from "./retention.ts";
import { migrate } from "./schema.ts";
import { ScoreRecords } from "./score-records.ts";
import { lockFile, SqliteFile } from "./sqlite-file.ts";
import { WeightRecords } from "./weight-records.ts";

/** What one validator decided and signed. The truth about that; the chain is the truth about weights. */
export type Journal = {
  /** Whose it is. Undefined: nobody has written into it yet. */
  owner(): { genesis: Hex; hotkey: Hotkey } | undefined;
  /** The subnets and mechanisms it has records of, in order. */
  subjects(): { netuid: Netuid; mechanism: number }[];
  epochs: EpochRecords;
  scores: ScoreRecords;
  weights: WeightRecords;
  results: ResultRecords;
  /** Call it once an epoch: old replies go when the file gets too large; receipts never do. */
  trim(): TrimReport;
  close(): void;
};

/**
 * The journal of one hotkey on one chain, for writing. One process writes: a lock beside the file ends with the
 * process that holds it, also after kill -9.
 *
 * @throws SubforgeError JOURNAL_LOCKED at once when another process writes it
 * @throws SubforgeError JOURNAL_FOREIGN when it belongs to another chain or hotkey
 * @throws SubforgeError JOURNAL_NEWER | JOURNAL_FULL | JOURNAL_BROKEN
 */
export function openJournal(options: {
  path: string;
  genesis: Hex;
  hotkey: Hotkey;
  maxBytes?: number;
}): Journal {
  const { path, genesis, hotkey, maxBytes } = options;
  const lock = lockFile(`${path}.lock`);
  let file: SqliteFile | undefined;
  try {
    file = new SqliteFile(path, "write");
    migrate(file, path);
    checkReceipts(file, path);
    pin(file, path, { genesis, hotkey });
    failPoint("journal.open.after");
    return records(file, path, () => lock.release(), maxBytes);
  } catch (error) {
    file?.close();
    lock.release();
    throw error;
  }
}

/**
 * The same for reading, beside the process that writes. Nothing can be changed through it.
 *
 * @throws SubforgeError JOURNAL_ABSENT | JOURNAL_BROKEN
 */
export function readJournal(path: string): Journal {
  if (!existsSync(path)) throw new SubforgeError("JOURNAL_ABSENT", { path }); // SQLite would make an empty one
  return records(new SqliteFile(path, "read"), path, () => {});
}

/** Damage in the middle of the file is found before anything is decided by it, not when it is read. */
function checkReceipts(file: SqliteFile, path: string): void {
  for (const table of ["weights", "commitments"]) {
    const [problem] = file.all<{ quick_check: string }>(`PRAGMA quick_check('${table}')`);
    if (problem && problem.quick_check !== "ok") {
      throw new SubforgeError("JOURNAL_BROKEN", { path, reason: problem.quick_check });
    }
  }
}

function records(
  file: SqliteFile,
  path: string,
  afterClose: () => void,
  maxBytes = DEFAULT_MAX_BYTES,
): Journal {
  return {
    owner: () => file.get<{ genesis: Hex; hotkey: Hotkey }>("SELECT genesis, hotkey FROM pin"),
    subjects: () =>
      file.all<{ netuid: Netuid; mechanism: number }>(
        "SELECT netuid, mechanism FROM epochs UNION SELECT netuid, mechanism FROM weights ORDER BY netuid, mechanism",
      ),
    epochs: new EpochRecords(file),
    scores: new ScoreRecords(file),
    weights: new WeightRecords(file),
    results: new ResultRecords(file, path),
    trim: () => trimJournal(file, maxBytes),
    close: () => {
      file.close();
      afterClose();
    },
  };
}

/** A journal is of one hotkey on one chain: restored elsewhere, it would vouch for what never happened there. */
function pin(file: SqliteFile, path: string, expected: { genesis: Hex; hotkey: Hotkey }): void {
  const found = file.get<{ genesis: string; hotkey: string }>("SELECT genesis, hotkey FROM pin");
  if (!found) {
    file.run("INSERT INTO pin (genesis, hotkey) VALUES (?, ?)", expected.genesis, expected.hotkey);
    return;
  }
  for (const what of ["genesis", "hotkey"] as const) {
    if (found[what] !== expected[what]) {
      throw new SubforgeError("JOURNAL_FOREIGN", {
        path,
        what,
        expected: expected[what],
        found: found[what],
      });
    }
  }
}
