import { mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Journal, openJournal } from "./journal.ts";
import { migrate } from "./schema.ts";
import { SqliteFile } from "./sqlite-file.ts";
import { WeightRecords } from "./weight-records.ts";

const GENESIS = `0x${"01".repeat(32)}` as const;
const KEY = { netuid: 2, mechanism: 0, epoch: 0 };
const MAX_BYTES = 400_000;
const EPOCHS = 40;
const content = { uids: [1], values: [65535] };

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "subforge-retention-"));
  path = join(folder, "journal.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a journal that grows too large", () => {
  it("loses old replies first, then old scores, and never a receipt; the file follows", () => {
    const journal = open();
    for (let epoch = 0; epoch < EPOCHS; epoch++) addEpoch(journal, epoch);
    expect(statSync(path).size + walSize()).toBeGreaterThan(2 * MAX_BYTES);
    let last = journal.trim();
    expect(last.emptied).toBeGreaterThan(0);
    for (let calls = 0; last.emptied > 0 && calls < EPOCHS; calls++) last = journal.trim();
    expect(last.bytes).toBeLessThanOrEqual(MAX_BYTES);
    expect(journal.epochs.jobs({ ...KEY, epoch: 0 })).toEqual([]);
    expect(journal.epochs.jobs({ ...KEY, epoch: EPOCHS - 1 })[0]?.asks[0]?.body).toHaveLength(20_000);
    expect(journal.weights.latest(2, 0, EPOCHS)).toHaveLength(EPOCHS);
    expect(journal.scores.list({ ...KEY, epoch: EPOCHS - 1 })).toHaveLength(1);
    journal.close();
    expect(statSync(path).size).toBeLessThan(2 * MAX_BYTES);
  });

  it("keeps what an epoch still needs that is not over", () => {
    const journal = openJournal({ path, genesis: GENESIS, hotkey: "5Bob", maxBytes: 1 });
    addEpoch(journal, 0, { isOpen: true });
    addEpoch(journal, 1);
    journal.trim();
    expect(journal.epochs.jobs({ ...KEY, epoch: 0 })).toHaveLength(1);
    expect(journal.epochs.jobs({ ...KEY, epoch: 1 })).toEqual([]);
    journal.close();
  });
});

describe("V8: a journal", () => {
  it("on a full disk says so, signs nothing it cannot record, and goes on when there is room", () => {
    const file = new SqliteFile(path, "write");
    migrate(file, path);
    const weights = new WeightRecords(file);
    const { page_count: pages } = file.get<{ page_count: number }>("PRAGMA page_count")!;
    file.exec(`PRAGMA max_page_count=${pages + 1}`);
    const fill = () => {
      for (let epoch = 0; epoch < 500; epoch++) {
        weights.decide({ ...KEY, epoch }, { content, versionKey: 0, block: 5 }, 1);
      }
    };
    expect(fill).toThrow(expect.objectContaining({ code: "JOURNAL_FULL", retryable: true }));
    const recorded = weights.latest(2, 0, 500).length;
    for (const { epoch } of weights.latest(2, 0, 500)) {
      expect(weights.steps({ ...KEY, epoch })).toHaveLength(1); // all of a step or nothing of it
    }
    file.exec("PRAGMA max_page_count=100000");
    fill();
    expect(weights.latest(2, 0, 500)).toHaveLength(500);
    expect(recorded).toBeLessThan(500);
    file.close();
  });

  it("whose receipts are damaged is refused at its start", () => {
    const journal = open();
    for (let epoch = 0; epoch < 200; epoch++) {
      journal.weights.decide({ ...KEY, epoch }, { content, versionKey: 0, block: 5 }, 1);
    }
    journal.close();
    const file = new SqliteFile(path, "read");
    const root = file.get<{ rootpage: number }>("SELECT rootpage FROM sqlite_schema WHERE name = 'weights'")!;
    const { page_size: size } = file.get<{ page_size: number }>("PRAGMA page_size")!;
    file.close();
    const handle = openSync(path, "r+");
    writeSync(handle, Buffer.alloc(size, 0xa5), 0, size, (root.rootpage - 1) * size);
    expect(() => open()).toThrow(expect.objectContaining({ code: "JOURNAL_BROKEN" }));
  });
});

function open(): Journal {
  return openJournal({ path, genesis: GENESIS, hotkey: "5Bob", maxBytes: MAX_BYTES });
}

function walSize(): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

/** 20 kB of replies, a score, a state and a receipt. */
function addEpoch(journal: Journal, epoch: number, { isOpen = false } = {}): void {
  const { epochs, scores, weights } = journal;
  const key = { ...KEY, epoch };
  const context = {
    ...key,
    startBlock: 1,
    tempo: 10,
    validator: "5Bob",
    participants: [],
    beacon: new Uint8Array(32),
  };
  const stage = { stage: "ask", mark: undefined, status: isOpen ? ("asking" as const) : ("done" as const) };
  const unset = { block: 1, beacon: undefined, deadlineBlock: 9, doneBlock: 9, inEpoch: epoch };
  const job = { taskId: "t", stage: "ask", synapse: "s", to: ["5Miner"], task: {} };
  const asks = [{ hotkey: "5Miner", ip: "10.0.0.1", port: 1 }];
  const stamp = { template: "hello", version: "1", config: {} };
  epochs.plan(
    key,
    { ...stamp, context, stages: [{ ...stage, ...unset }], jobs: [{ job, asks }] } as never,
    epoch,
  );
  epochs.record(key, "t", [{ hotkey: "5Miner", reason: "ok", latencyMs: 1, body: new Uint8Array(20_000) }]);
  const score = { hotkey: "5Miner", uid: 1, score: 1, reason: "ok" as const, asked: 1, answered: 1 };
  scores.close(key, { status: "scored", scores: [score], evidence: [], state: { epoch } });
  weights.decide(key, { content, versionKey: 0, block: 5 }, 1);
}
