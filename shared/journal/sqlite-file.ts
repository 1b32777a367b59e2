import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSyncInstance } from "@photostructure/sqlite";
import { SubforgeError } from "../errors.ts";

/** What a column may hold. Blobs are read back as `Uint8Array`. */
export type SqlValue = null | number | string | Uint8Array;

/** How long a read waits for another process's short write. */
const BUSY_TIMEOUT_MS = 2_000;

/**
 * A write-ahead log with full sync: what was committed survives kill -9 and a power cut. Pages that become free can be given
 * back a few at a time, in a file that was made so; the log does not keep the size it once had.
 */
const WRITER =
  "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864;";

/** SQLite's own numbers: SQLITE_FULL, and SQLITE_IOERR_WRITE, which is what a quota or a limit on files makes of it. */
const NO_SPACE = [13, 778];

/**
 * One SQLite database in one file of mode 0600. Calls are synchronous: a statement is durable when it returns, but for
 * those of a relaxed transaction.
 */
export class SqliteFile {
  readonly #path: string;
  readonly #mode: "write" | "read";
  readonly #db: InstanceType<typeof DatabaseSync>;
  readonly #statements = new Map<string, StatementSyncInstance>();
  #inTransaction = false;

  /** @throws SubforgeError JOURNAL_BROKEN */
  constructor(path: string, mode: "write" | "read") {
    this.#path = path;
    this.#mode = mode;
    this.#db = this.#guard(() => {
      if (mode === "write") createPrivate(path);
      const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      db.exec(mode === "write" ? WRITER : "PRAGMA query_only=ON;");
      db.exec("PRAGMA foreign_keys=ON;");
      return db;
    });
  }

  /** @returns How many rows changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes));
  }

  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.all<Row>(sql, ...values)[0];
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.#guard(() => this.#prepare(sql).all(...values)) as Row[];
  }

  exec(sql: string): void {
    this.#guard(() => this.#db.exec(sql));
  }

  /** All of it or nothing. A transaction inside another one joins it. `read`: one view of the file, beside a writer. */
  transaction<T>(work: () => T, mode: "write" | "read" = "write"): T {
    if (this.#inTransaction) return work();
    this.exec(mode === "write" ? "BEGIN IMMEDIATE" : "BEGIN");
    this.#inTransaction = true;
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** A full disk has rolled back already, and says so by another error, which must not hide the first one. */
  #rollBack(): void {
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // Nothing is open any more: that is what was wanted.
    }
  }

  /** What is in the log goes to the file, so that a copy of the file alone is whole. A full disk keeps it in the log. */
  #emptyLog(): void {
    try {
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // It is in the log, and read from there at the next start.
    }
  }

  /**
   * The same for what can be asked for again. It survives kill -9, but a power cut may take it back, as long as nothing
   * durable came after it.
   */
  relaxedTransaction<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    this.exec("PRAGMA synchronous=NORMAL");
    try {
      return this.transaction(work);
    } finally {
      this.exec("PRAGMA synchronous=FULL");
    }
  }

  close(): void {
    this.#statements.clear();
    if (this.#mode === "write") this.#emptyLog();
    this.#db.close();
  }

  #prepare(sql: string): StatementSyncInstance {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (NO_SPACE.includes(numberOf(error)))
        throw new SubforgeError("JOURNAL_FULL", { path: this.#path, reason }, { cause: error });
      throw new SubforgeError("JOURNAL_BROKEN", { path: this.#path, reason }, { cause: error });
    }
  }
}

function numberOf(error: unknown): number {
  const { sqliteExtendedCode } = error as { sqliteExtendedCode?: number };
  return sqliteExtendedCode ?? 0;
}

/**
 * Takes a lock that ends with the process that holds it, however that ends: the operating system's lock on a file,
 * not a file that exists.
 *
 * @throws SubforgeError JOURNAL_LOCKED when somebody else holds it
 */
export function lockFile(path: string): { release(): void } {
  createPrivate(path);
  const db = new DatabaseSync(path);
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch {
    db.close();
    throw new SubforgeError("JOURNAL_LOCKED", { path });
  }
  return {
    release: () => {
      db.close();
    },
  };
}

/** The file exists with mode 0600 before SQLite opens it; its log and index files inherit the mode. */
function createPrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}
