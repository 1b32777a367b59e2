import { fork } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SignedCall } from "../chain/chain.ts";
import { packageRoot } from "../process-entry.ts";
import type { StageRecord } from "./epoch-rows.ts";
import { type Journal, openJournal, readJournal } from "./journal.ts";
import { SqliteFile } from "./sqlite-file.ts";

const GENESIS = `0x${"01".repeat(32)}` as const;
const HOTKEY = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const KEY = { netuid: 2, mechanism: 0, epoch: 7 };
const CALL: SignedCall = { bytes: "0x01", extrinsicHash: "0xaa", signer: HOTKEY, nonce: 3, validUntil: 90 };

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "subforge-journal-"));
  path = join(folder, "journal.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the file", () => {
  it("T34: is readable by its owner alone", () => {
    open().close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("belongs to one chain and one hotkey", () => {
    open().close();
    expect(() => openJournal({ path, genesis: `0x${"02".repeat(32)}`, hotkey: HOTKEY })).toThrow(
      expect.objectContaining({ code: "JOURNAL_FOREIGN" }),
    );
    expect(() => openJournal({ path, genesis: GENESIS, hotkey: "5Fother" })).toThrow(
      expect.objectContaining({ code: "JOURNAL_FOREIGN" }),
    );
    open().close(); // a refusal leaves the lock free
  });

  it("written by a later release is refused, and one that is no database too", () => {
    const file = new SqliteFile(path, "write");
    file.exec("PRAGMA user_version=99");
    file.close();
    expect(() => open()).toThrow(expect.objectContaining({ code: "JOURNAL_NEWER" }));
    writeFileSync(
      join(folder, "broken.db"),
      "no database at all, but long enough to be read as one".repeat(40),
    );
    expect(() => openJournal({ path: join(folder, "broken.db"), genesis: GENESIS, hotkey: HOTKEY })).toThrow(
      expect.objectContaining({ code: "JOURNAL_BROKEN" }),
    );
  });

  it("is whole when it is closed: a copy of it alone, without its log, has everything", () => {
    const journal = plan(open());
    journal.weights.decide(KEY, { content: { uids: [1], values: [65535] }, versionKey: 0, block: 50 }, 1);
    const reader = readJournal(path);
    const written = [reader.epochs.epoch(KEY), reader.epochs.jobs(KEY), reader.weights.get(KEY)];
    journal.close();
    const copy = join(folder, "copy.db");
    copyFileSync(path, copy);
    reader.close();
    const restored = openJournal({ path: copy, genesis: GENESIS, hotkey: HOTKEY });
    expect([restored.epochs.epoch(KEY), restored.epochs.jobs(KEY), restored.weights.get(KEY)]).toEqual(
      written,
    );
    expect(written).not.toContain(undefined);
    restored.close();
  });

  it("has one writer, readers beside it, and is free again when the writer is killed", async () => {
    const script = join(folder, "hold.mjs");
    const driver = pathToFileURL(
      join(packageRoot(), "node_modules/@photostructure/sqlite/dist/index.mjs"),
    ).href;
    writeFileSync(
      script,
      `import { DatabaseSync } from ${JSON.stringify(driver)};
       const db = new DatabaseSync(${JSON.stringify(`${path}.lock`)});
       db.exec("BEGIN EXCLUSIVE"); process.send("held"); setInterval(() => db, 1000);`,
    );
    open().close();
    const holder = fork(script);
    await once(holder, "message");
    expect(() => open()).toThrow(expect.objectContaining({ code: "JOURNAL_LOCKED" }));
    expect(readJournal(path).epochs.latest(2, 0, 1)).toEqual([]);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    open().close();
  });

  it("cannot be changed through a reader", () => {
    plan(open()).close();
    const reader = readJournal(path);
    expect(() => reader.epochs.skip({ ...KEY, epoch: 8 }, stamp, "late", 0)).toThrow(
      expect.objectContaining({ code: "JOURNAL_BROKEN" }),
    );
    reader.close();
  });
});

describe("an epoch", () => {
  it("is read back as it was planned, after a restart", () => {
    plan(open()).close();
    const { epochs, close } = open();
    expect(epochs.epoch(KEY)).toMatchObject({ status: "planned", config: { knob: 1 } });
    expect(epochs.epoch(KEY)?.context).toEqual(context);
    expect(epochs.stages(KEY)).toEqual(stages);
    expect(epochs.jobs(KEY)[0]).toMatchObject({
      job: { taskId: "t-0", to: ["a", "b", "c"], task: { question: 1 } },
      asks: [{ hotkey: "a", ip: "10.0.0.1", port: 8091 }, { hotkey: "b" }, { reason: "not-serving" }],
    });
    expect(epochs.outstanding(KEY)).toEqual(new Map([["t-0", 2]]));
    close();
  });

  it("keeps the first answer whatever comes twice, unasked, late or in another order", () => {
    const journal = plan(open());
    const arrival = fc.record({
      hotkey: fc.constantFrom("a", "b", "c", "stranger"),
      latencyMs: fc.nat(1000),
    });
    let epoch = 100;
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 12 }), (arrivals) => {
        const key = { ...KEY, epoch: epoch++ };
        plan(journal, key);
        for (const answer of arrivals)
          journal.epochs.record(key, "t-0", [{ ...answer, reason: "ok", body: new Uint8Array([1]) }]);
        for (const ask of journal.epochs.jobs(key)[0]!.asks) {
          const first = arrivals.find((answer) => answer.hotkey === ask.hotkey);
          if (ask.hotkey === "c") expect(ask.reason).toBe("not-serving");
          else if (first)
            expect(ask).toMatchObject({ latencyMs: first.latencyMs, body: new Uint8Array([1]) });
          else expect(ask.reason).toBeUndefined();
        }
      }),
      { numRuns: 50 },
    );
    journal.close();
  });

  it("takes no answer for a job that is complete", () => {
    const journal = plan(open());
    expect(journal.epochs.giveUp(KEY, "t-0", "validator-outage")).toBe(2);
    journal.epochs.complete(KEY, "t-0", 7);
    expect(journal.epochs.record(KEY, "t-0", [{ hotkey: "a", reason: "ok", latencyMs: 1 }])).toBe(0);
    journal.close();
  });

  it("ends once: scores, evidence and state of the first outcome stand", () => {
    const journal = plan(open());
    const score = { hotkey: "a", uid: 1, score: 0.5, reason: "ok", asked: 1, answered: 1 } as const;
    const evidence = [{ hotkey: "a", taskId: "t-0", facts: { why: "because" } }];
    journal.scores.close(KEY, { status: "scored", scores: [score], evidence, state: { mean: 0.5 } });
    journal.scores.close(KEY, { status: "void", reason: "again", scores: [], evidence: [], state: null });
    expect(journal.epochs.epoch(KEY)?.status).toBe("scored");
    expect(journal.scores.list(KEY)).toEqual([score]);
    expect(journal.scores.evidence(KEY, "a")).toEqual(evidence);
    expect(journal.scores.stateBefore({ ...KEY, epoch: 9 }, stamp)).toEqual({
      epoch: 7,
      state: { mean: 0.5 },
    });
    expect(journal.scores.stateBefore({ ...KEY, epoch: 9 }, { ...stamp, version: "2" })).toBeUndefined();
    expect(journal.scores.answeredBefore({ ...KEY, epoch: 9 })).toEqual(new Set(["a"]));
    journal.close();
  });

  it("that is old loses its replies but keeps its scores and the newest state", () => {
    const journal = plan(open());
    const score = { hotkey: "a", uid: 1, score: 0.5, reason: "ok", asked: 1, answered: 1 } as const;
    journal.scores.close(KEY, { status: "scored", scores: [score], evidence: [], state: 1 });
    journal.epochs.forget(2, 0, 100);
    expect(journal.epochs.jobs(KEY)).toEqual([]);
    expect(journal.scores.list(KEY)).toEqual([score]);
    expect(journal.scores.stateBefore({ ...KEY, epoch: 200 }, stamp)?.state).toBe(1);
    journal.close();
  });

  it("leave the state that the oldest kept epoch began with, so that it can be scored again", () => {
    const journal = open();
    for (const epoch of [7, 8, 9]) {
      plan(journal, { ...KEY, epoch });
      journal.scores.close({ ...KEY, epoch }, { status: "scored", scores: [], evidence: [], state: epoch });
    }
    journal.epochs.forget(2, 0, 9);
    expect(journal.scores.stateBefore({ ...KEY, epoch: 9 }, stamp)?.state).toBe(8);
    expect(journal.scores.stateBefore({ ...KEY, epoch: 8 }, stamp)).toBeUndefined();
    journal.close();
  });
});

describe("the weights of an epoch", () => {
  it("are decided once, across restarts", () => {
    const first = { uids: [1], values: [65535] };
    let journal = open();
    journal.weights.decide(KEY, { content: first, versionKey: 0, block: 50 }, 1);
    journal.close();
    journal = open();
    const other = { content: { uids: [2], values: [65535] }, versionKey: 0, block: 51 };
    expect(journal.weights.decide(KEY, other, 2).content).toEqual(first);
    journal.close();
  });

  it("leave a receipt of every step", () => {
    const journal = open();
    journal.weights.decide(KEY, { content: { uids: [1], values: [65535] }, versionKey: 0, block: 50 }, 1);
    journal.weights.signed(KEY, CALL, 2);
    journal.weights.submitted(KEY, 3);
    expect(journal.weights.unfinished(2, 0)).toMatchObject([{ epoch: 7, call: CALL, status: "submitted" }]);
    journal.weights.included(KEY, { block: 52, blockHash: "0xbb", extrinsicHash: "0xaa" }, 4);
    journal.weights.verified(KEY, { uids: [1], values: [65535] }, 5);
    expect(journal.weights.steps(KEY).map((step) => step.status)).toEqual([
      "planned",
      "signed",
      "submitted",
      "included",
      "verified",
    ]);
    expect(journal.weights.unfinished(2, 0)).toEqual([]);
    journal.close();
  });

  it("keep the first salt, and say how they were committed and revealed", () => {
    let journal = open();
    journal.weights.decide(KEY, { content: { uids: [1], values: [65535] }, versionKey: 0, block: 50 }, 1);
    expect(journal.weights.chooseMethod(KEY, "timelock", [9])).toEqual([9]);
    expect(journal.weights.get(KEY)!.salt).toBeUndefined();
    expect(journal.weights.chooseMethod(KEY, "hash", [1, 2])).toEqual([1, 2]);
    journal.close();
    journal = open();
    expect(journal.weights.chooseMethod(KEY, "hash", [3, 4])).toEqual([1, 2]);
    journal.weights.expectReveal(KEY, undefined, 70);
    journal.weights.included(KEY, { block: 52, blockHash: "0xbb", extrinsicHash: "0xaa" }, 4);
    journal.weights.awaitReveal(KEY, 7, 8);
    journal.weights.revealing(KEY, CALL, 71, 5);
    expect(journal.weights.unfinished(2, 0)).toMatchObject([
      { method: "hash", salt: [1, 2], revealBlock: 70, commitEpoch: 7, revealEpoch: 8, revealCall: CALL },
    ]);
    journal.weights.revealAgain(KEY, "expired", 6);
    expect(journal.weights.get(KEY)).toMatchObject({ status: "included", revealCall: undefined });
    journal.weights.revealed(KEY, 72, 7);
    expect(journal.weights.get(KEY)).toMatchObject({ status: "revealed", revealedBlock: 72 });
    journal.close();
  });

  it("that are signed cannot be abstained from", () => {
    const journal = open();
    journal.weights.decide(KEY, { content: { uids: [1], values: [65535] }, versionKey: 0, block: 50 }, 1);
    journal.weights.signed(KEY, CALL, 2);
    journal.weights.abstain(KEY, "window-over", 60, 3);
    expect(journal.weights.get(KEY)).toMatchObject({ status: "signed" });
    journal.close();
  });
});

const stamp = { template: "hello", version: "1", config: { knob: 1 } };

const context = {
  netuid: 2,
  mechanism: 0,
  epoch: 7,
  startBlock: 40,
  tempo: 10,
  validator: HOTKEY,
  participants: [
    {
      uid: 1,
      hotkey: "a",
      coldkey: "ca",
      stakeRao: 12_345_678_901_234_567_890n,
      validatorPermit: false,
      registeredAt: 3,
      ip: "10.0.0.1",
      commitment: { data: Uint8Array.of(1, 2, 0xa3), block: 39 },
    },
  ],
  beacon: new Uint8Array(32).fill(9),
};

const stages: StageRecord[] = [
  {
    stage: "ask",
    mark: undefined,
    status: "asking",
    block: 40,
    beacon: "0x09",
    deadlineBlock: 46,
    doneBlock: undefined,
    inEpoch: 7,
  },
];

function open(): Journal {
  return openJournal({ path, genesis: GENESIS, hotkey: HOTKEY });
}

function plan(journal: Journal, key = KEY): Journal {
  const job = {
    taskId: "t-0",
    stage: "ask",
    synapse: "greet",
    to: ["a", "b", "c"],
    task: { question: 1 },
  };
  const asks = [
    { hotkey: "a", ip: "10.0.0.1", port: 8091 },
    { hotkey: "b", ip: "10.0.0.2", port: 8091 },
    { hotkey: "c", reason: "not-serving" as const },
  ];
  journal.epochs.plan(key, { ...stamp, context, stages, jobs: [{ job, asks }] }, 0);
  return journal;
}
