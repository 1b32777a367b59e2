import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openJournal } from "./journal.ts";
import { migrate, SCHEMA_VERSION } from "./schema.ts";
import { SqliteFile } from "./sqlite-file.ts";

const GENESIS = `0x${"01".repeat(32)}` as const;
const KEY = { netuid: 2, mechanism: 0, epoch: 7 };

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "subforge-schema-"));
  path = join(folder, "journal.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a journal of an older release", () => {
  it.each(Array.from({ length: SCHEMA_VERSION - 1 }, (_, index) => index + 1))(
    "of version %i has all its records, and takes new ones",
    (version) => {
      writeAs(version);
      const journal = openJournal({ path, genesis: GENESIS, hotkey: "5Bob" });
      expect(journal.weights.get(KEY)).toMatchObject({
        status: "verified",
        content: { uids: [1], values: [65535] },
        basis: "scored",
        method: undefined,
      });
      expect(journal.weights.steps(KEY)).toMatchObject([{ status: "verified" }]);
      expect(journal.epochs.epoch(KEY)).toMatchObject({ status: "scored", template: "hello" });
      expect(journal.epochs.commitment(2, 7)).toMatchObject({ hash: "0x01", block: 3 });
      expect(
        journal.scores.stateBefore({ ...KEY, epoch: 8 }, { template: "hello", version: "1" }),
      ).toMatchObject({
        state: { a: 1 },
      });
      const next = { ...KEY, epoch: 8 };
      const content = { uids: [2], values: [65535] };
      journal.weights.decide(next, { content, versionKey: 0, block: 9, basis: "kept" }, 1);
      expect(journal.weights.chooseMethod(next, "hash", [5])).toEqual([5]);
      expect(journal.weights.get(next)).toMatchObject({ status: "planned", basis: "kept", salt: [5] });
      journal.close();
    },
  );

  it("is refused untouched by a release that is older still", () => {
    const file = new SqliteFile(path, "write");
    migrate(file, path);
    file.exec(`PRAGMA user_version=${SCHEMA_VERSION + 1}`);
    file.close();
    expect(() => openJournal({ path, genesis: GENESIS, hotkey: "5Bob" })).toThrow(
      expect.objectContaining({ code: "JOURNAL_NEWER" }),
    );
  });
});

/** What a release with that version left behind, in the columns all versions have. */
function writeAs(version: number): void {
  const file = new SqliteFile(path, "write");
  migrate(file, path, version);
  file.exec(`
    INSERT INTO pin (genesis, hotkey) VALUES ('${GENESIS}', '5Bob');
    INSERT INTO epochs (netuid, mechanism, epoch, status, template, version, config, created_ms)
      VALUES (2, 0, 7, 'scored', 'hello', '1', '{}', 1);
    INSERT INTO states (netuid, mechanism, template, version, epoch, state) VALUES (2, 0, 'hello', '1', 7, '{"a":1}');
    INSERT INTO commitments (netuid, epoch, hash, block) VALUES (2, 7, '0x01', 3);
    INSERT INTO weights (netuid, mechanism, epoch, status, content, version_key, decided_block)
      VALUES (2, 0, 7, 'verified', '{"uids":[1],"values":[65535]}', 0, 5);
    INSERT INTO weight_steps (netuid, mechanism, epoch, status, at_ms, detail) VALUES (2, 0, 7, 'verified', 6, NULL);
  `);
  file.close();
}
