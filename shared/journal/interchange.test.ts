import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { SignedCall } from "../chain/chain.ts";
import { isSubforgeError } from "../errors.ts";
import { contentHash, exportJournal, importJournal } from "./interchange.ts";
import { type Journal, openJournal } from "./journal.ts";

const GENESIS = `0x${"01".repeat(32)}` as const;
const HOTKEY = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const KEY = { netuid: 2, mechanism: 0, epoch: 7 };

const folder = mkdtempSync(join(tmpdir(), "subforge-interchange-"));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a journal that moves", () => {
  it("arrives with receipts, signed bytes, salts, commitments, states and scores", () => {
    const from = newPath();
    const to = newPath();
    fill(from);
    const text = JSON.stringify(exportJournal(from));
    expect(importJournal(to, text)).toEqual({
      ...{ receipts: 2, kept: 0, epochs: 1, states: 1, commitments: 1, results: 1 },
    });
    const [before, after] = [open(from), open(to)];
    for (const key of [KEY, { ...KEY, epoch: 8 }]) {
      expect(after.weights.get(key)).toEqual(before.weights.get(key));
    }
    expect(after.weights.unfinished(2, 0)).toMatchObject([{ epoch: 8, salt: [1, 2], call: callOf(8) }]);
    expect(after.scores.list(KEY)).toEqual(before.scores.list(KEY));
    expect(after.epochs.commitment(2, 7)).toEqual(before.epochs.commitment(2, 7));
    const stamp = { template: "hello", version: "1" };
    expect(after.scores.stateBefore({ ...KEY, epoch: 9 }, stamp)).toMatchObject({ state: { a: [1, null] } });
    expect(after.results.signed(2, 0, "btc", 7)).toEqual({
      ...before.results.signed(2, 0, "btc", 7),
      facts: null, // nobody signed them
    });
    for (const journal of [before, after]) journal.close();
    expect(JSON.stringify(exportJournal(to))).toBe(text);
    expect(importJournal(to, text)).toMatchObject({ receipts: 0, kept: 2 }); // a second time changes nothing
  });

  it("of another chain or hotkey is refused, and while a validator runs too", () => {
    const from = newPath();
    fill(from);
    const text = JSON.stringify(exportJournal(from));
    const other = newPath();
    openJournal({ path: other, genesis: `0x${"02".repeat(32)}`, hotkey: HOTKEY }).close();
    expect(() => importJournal(other, text)).toThrow(expect.objectContaining({ code: "JOURNAL_FOREIGN" }));
    const expected = { genesis: GENESIS, hotkey: "5Other" };
    expect(() => importJournal(newPath(), text, expected)).toThrow(
      expect.objectContaining({ code: "JOURNAL_FOREIGN" }),
    );
    const running = open(from);
    expect(() => importJournal(from, text)).toThrow(expect.objectContaining({ code: "JOURNAL_LOCKED" }));
    running.close();
  });

  it("P2: never replaces what was signed: another content for one epoch refuses the whole file", () => {
    const from = newPath();
    const to = newPath();
    fill(from);
    const journal = open(to);
    sign(journal, { ...KEY, epoch: 8 }, 9);
    journal.close();
    const text = JSON.stringify(exportJournal(from));
    expect(() => importJournal(to, text)).toThrow(expect.objectContaining({ code: "JOURNAL_CONFLICT" }));
    const after = open(to);
    expect(after.weights.get(KEY)).toBeUndefined();
    expect(after.weights.get({ ...KEY, epoch: 8 })).toMatchObject({ content: { uids: [1], values: [9] } });
    after.close();
  });

  it("outweighs what was only intended, or watched, here", () => {
    const from = newPath();
    const to = newPath();
    fill(from);
    const journal = open(to);
    const content = { uids: [1], values: [9] };
    journal.weights.decide({ ...KEY, epoch: 8 }, { content, versionKey: 0, block: 5 }, 1);
    journal.weights.shadow(KEY, 5, { content, versionKey: 0, block: 5 }, 1);
    journal.close();
    importJournal(to, JSON.stringify(exportJournal(from)));
    const after = open(to);
    expect(after.weights.get(KEY)).toMatchObject({ status: "verified", content: { values: [65535] } });
    expect(after.weights.get({ ...KEY, epoch: 8 })).toMatchObject({ status: "signed" });
    after.close();
  });

  it("is refused when a content was changed on the way", () => {
    const from = newPath();
    fill(from);
    const edited = JSON.stringify(exportJournal(from)).replace('"values":[65535]', '"values":[65534]');
    expect(() => importJournal(newPath(), edited)).toThrow(
      expect.objectContaining({ code: "JOURNAL_IMPORT_INVALID" }),
    );
  });

  it("keeps every receipt over any number of moves, whatever order it arrives in", () => {
    const key = fc.record({ netuid: fc.nat(3), mechanism: fc.nat(1), epoch: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 8 }), fc.array(key, { maxLength: 8 }), (here, there) => {
        const [a, b] = [newPath(), newPath()];
        for (const [path, keys] of [
          [a, here],
          [b, there],
        ] as const) {
          const journal = open(path);
          for (const one of keys) if (!journal.weights.get(one)) sign(journal, one, 1 + one.epoch);
          journal.close();
        }
        importJournal(a, JSON.stringify(exportJournal(b)));
        importJournal(b, JSON.stringify(exportJournal(a)));
        expect(exportJournal(a)).toEqual(exportJournal(b));
        const ids = new Set([...here, ...there].map((one) => JSON.stringify(one)));
        expect(exportJournal(a).receipts).toHaveLength(ids.size);
      }),
      { numRuns: 12 },
    );
  });

  it("is read or refused by name, whatever the file holds: nothing of a bad one stays", () => {
    const from = newPath();
    fill(from);
    const good = JSON.stringify(exportJournal(from));
    const to = newPath();
    open(to).close();
    const before = JSON.stringify(exportJournal(to));
    const edit = fc.tuple(
      fc.nat(good.length - 1),
      fc.constantFrom("", "-", "9", '"', "}", "[", "null", "\u0000", "1e400"),
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.array(edit, { minLength: 1, maxLength: 3 }), fc.json(), fc.string()),
        (hostile) => {
          const text =
            typeof hostile === "string"
              ? hostile
              : hostile.reduce((all, [at, put]) => all.slice(0, at) + put + all.slice(at + 1), good);
          try {
            importJournal(to, text);
            rmSync(to);
            open(to).close();
          } catch (error) {
            expect(isSubforgeError(error) && error.code).toMatch(
              /^JOURNAL_(IMPORT_INVALID|FOREIGN|CONFLICT)$/,
            );
            expect(JSON.stringify(exportJournal(to))).toBe(before);
          }
        },
      ),
      { numRuns: 150 },
    );
    for (const text of [
      "[".repeat(200_000),
      `{"__proto__":${good},${good.slice(1)}`,
      " ".repeat(70_000_000),
    ]) {
      expect(() => importJournal(to, text)).toThrow(
        expect.objectContaining({ code: "JOURNAL_IMPORT_INVALID" }),
      );
    }
  });
});

/** One verified epoch with scores, and one that is signed behind a hash. */
function fill(path: string): void {
  const journal = open(path);
  const { epochs, scores, weights } = journal;
  const stamp = { template: "hello", version: "1", config: {} };
  const context = {
    ...{ ...KEY, startBlock: 1, tempo: 10, validator: HOTKEY, participants: [], beacon: new Uint8Array(32) },
  };
  epochs.plan(KEY, { ...stamp, context, stages: [], jobs: [] } as never, 1);
  const score = { hotkey: "5Miner", uid: 1, score: 0.5, reason: "ok" as const, asked: 2, answered: 2 };
  const result = { topic: "btc", nonce: 7, value: 0.1, ci: [0, 0.05, 0.2, 0.3] as const, validUntil: 31 };
  const results = [{ ...result, facts: { naive: 0.2 } }];
  scores.close(KEY, { status: "scored", scores: [score], evidence: [], state: { a: [1, null] }, results });
  const signature = { scheme: "sr25519", signer: HOTKEY, signature: "0x01" } as const;
  journal.results.sign(journal.results.unsigned(2, 0)[0]!, [signature], 9);
  epochs.setCommitment(2, 7, "0x0102", 3);
  sign(journal, KEY, 65535);
  weights.included(KEY, { block: 52, blockHash: "0xbb", extrinsicHash: "0xaa07" }, 4);
  weights.verified(KEY, { uids: [1], values: [65535] }, 5);
  const next = { ...KEY, epoch: 8 };
  sign(journal, next, 7, [1, 2]);
  journal.close();
}

function sign(journal: Journal, key: typeof KEY, value: number, salt?: number[]): void {
  journal.weights.decide(key, { content: { uids: [1], values: [value] }, versionKey: 0, block: 50 }, 1);
  if (salt) journal.weights.chooseMethod(key, "hash", salt);
  journal.weights.signed(key, callOf(key.epoch), 2);
}

function callOf(epoch: number): SignedCall {
  const bytes = `0x0${epoch}` as const;
  return { bytes, extrinsicHash: `0xaa0${epoch}`, signer: HOTKEY, nonce: epoch, validUntil: 90 };
}

function newPath(): string {
  return join(folder, `${files++}.db`);
}

function open(path: string): Journal {
  return openJournal({ path, genesis: GENESIS, hotkey: HOTKEY });
}

it("a content has one hash, whoever computes it", () => {
  const content = { uids: [1, 2], values: [65535, 3] };
  expect(contentHash({ ...KEY, content })).toBe(contentHash({ ...structuredClone(KEY), content }));
  expect(contentHash({ ...KEY, epoch: 8, content })).not.toBe(contentHash({ ...KEY, content }));
  expect(contentHash({ ...KEY, content: undefined })).toBeNull();
});
