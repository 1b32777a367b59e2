import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ResultSignature } from "../rules/result-digest.ts";
import { type Journal, openJournal, readJournal } from "./journal.ts";
import type { UnsignedResult } from "./result-records.ts";
import { migrate, SCHEMA_VERSION } from "./schema.ts";
import { SqliteFile } from "./sqlite-file.ts";

const OF = { path: "", genesis: `0x${"01".repeat(32)}`, hotkey: "5Bob" } as const;
const BY: ResultSignature = { scheme: "sr25519", signer: "5Bob", signature: "0x01" };

let folder: string;
let path: string;
let journal: Journal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "subforge-results-"));
  path = join(folder, "journal.db");
  journal = openJournal({ ...OF, path });
});
afterEach(() => {
  journal.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("results in the journal", () => {
  it("appear with the epoch that made them, wait for a signature, and are then there for readers", () => {
    close(7, [result("btc", 7, 0.1), result("eth", 7, 5)]);
    const [btc, eth] = journal.results.unsigned(2, 0);
    expect(btc).toMatchObject({ name: "btc", record: { topic: "2-0-btc", epoch: 7, value: 0.1, nonce: 7 } });
    const reader = readJournal(path);
    expect(reader.results.newest()).toEqual([]);
    expect(reader.results.signedCount()).toBe(0);
    const change = reader.results.change();
    expect(reader.results.change()).toBe(change);
    journal.results.sign(btc!, [BY], 1_000);
    expect(journal.results.unsigned(2, 0)).toEqual([eth]);
    expect(reader.results.newest()).toEqual([{ ...btc, signatures: [BY], signedMs: 1_000 }]);
    expect(reader.results.signed(2, 0, "eth", 7)).toBeUndefined();
    expect(reader.results.signedCount()).toBe(1);
    expect(reader.results.change()).not.toBe(change);
    reader.close();
  });

  it("one nonce has one content and one set of signatures: the first", () => {
    close(7, [result("btc", 7, 0.1)]);
    close(8, [result("btc", 7, 0.2), result("btc", 8, 0.3)]);
    const [first] = journal.results.unsigned(2, 0);
    expect(first).toMatchObject({ record: { epoch: 7, value: 0.1 } });
    journal.results.sign(first!, [BY], 1);
    journal.results.sign(first!, [{ ...BY, signature: "0x02" }], 2);
    expect(journal.results.signed(2, 0, "btc", 7)).toMatchObject({ signatures: [BY], signedMs: 1 });
  });

  it("lose what is told with them when the journal needs room, and never a signature", () => {
    journal.close();
    journal = openJournal({ ...OF, path, maxBytes: 1 });
    for (let epoch = 0; epoch < 20; epoch++) close(epoch, [result("btc", epoch, epoch)]);
    for (const stored of journal.results.unsigned(2, 0)) journal.results.sign(stored, [BY], 1);
    for (let calls = 0; calls < 3; calls++) journal.trim();
    expect(journal.results.signed(2, 0, "btc", 0)).toMatchObject({ facts: null, signatures: [BY] });
    expect(journal.results.signed(2, 0, "btc", 19)).toMatchObject({ facts: { of: "btc" } });
  });

  it("of a journal that an older release wrote are none: it says so, and changes nothing", () => {
    const old = join(folder, "old.db");
    const file = new SqliteFile(old, "write");
    migrate(file, old, SCHEMA_VERSION - 1);
    file.close();
    const reader = readJournal(old);
    expect(() => reader.results.newest()).toThrow(expect.objectContaining({ code: "JOURNAL_OLDER" }));
    reader.close();
  });
});

function result(topic: string, nonce: number, value: number): UnsignedResult {
  return { topic, nonce, value, ci: [value, value, value, value], validUntil: 31, facts: { of: topic } };
}

function close(epoch: number, results: UnsignedResult[]): void {
  const key = { netuid: 2, mechanism: 0, epoch };
  const context = {
    ...{ ...key, startBlock: 1, tempo: 10, validator: "5Bob", participants: [] },
    beacon: new Uint8Array(32),
  };
  const stamp = { template: "hello", version: "1", config: {} };
  journal.epochs.plan(key, { ...stamp, context, stages: [], jobs: [] } as never, epoch);
  journal.scores.close(key, { status: "scored", scores: [], evidence: [], state: {}, results });
}
