import { expect, test } from "vitest";
import type { ScoredMiner, ValidatorEvent } from "../../validator/events.ts";
import { createLines } from "./dev-lines.ts";

const EPOCH = { netuid: 2, mechanism: 0, epoch: 17 };
const SENT = { uids: [3, 88], values: [65_535, 9] };
const HASH = { extrinsicHash: "0x01", basis: "scored" } as const;

const SIGNED: ValidatorEvent = { event: "weights.signed", ...EPOCH, ...HASH, sent: SENT };
const INCLUDED: ValidatorEvent = { event: "weights.included", ...EPOCH, ...HASH, block: 566 };
const VERIFIED: ValidatorEvent = {
  ...{ event: "weights.verified", ...EPOCH, ...HASH, block: 566 },
  ...{ sent: SENT, readBack: SENT },
};

function linesOf(...events: ValidatorEvent[]): string[] {
  const toLine = createLines();
  return events.flatMap((event) => toLine(event) ?? []);
}

function miner(score: number | null, reason: ScoredMiner["reason"]): ScoredMiner {
  return { hotkey: "5G", uid: 1, score, reason, asked: 4, answered: 4 };
}

test("an epoch is one line: asked, answered, scored, and why some have zero", () => {
  const scores = [miner(1, "ok"), miner(0, "timeout"), miner(0, "timeout"), miner(0, "wrong-shape")];
  const event = { event: "epoch.scored", ...EPOCH, asked: 5, answered: 2, ownFaults: 0 } as const;
  expect(linesOf({ ...event, scores: [...scores, miner(null, "validator-outage")] })).toEqual([
    "epoch    17  asked 5  answered 2  scored 4  zero: 3 (2 timeout, 1 wrong-shape)",
  ]);
  expect(linesOf({ ...event, ownFaults: 2, scores: [] })).toEqual([
    "epoch    17  asked 5  answered 2  scored 0  zero: 0  partial: 2 questions failed on our side",
  ]);
});

test("the way of its weights is one line, said when it ends: nothing is called set before it was read back", () => {
  expect(linesOf(SIGNED, INCLUDED)).toEqual([]);
  expect(linesOf(SIGNED, INCLUDED, VERIFIED)).toEqual([
    "weights  17  planned 2 → signed → in pool → block 566 → read back ✓",
  ]);
  expect(linesOf(SIGNED, { event: "weights.failed", ...EPOCH, reason: "window-over" })).toEqual([
    "weights  17  planned 2 → signed → failed: window-over",
  ]);
});

test("a commit is a line, and its reveal another one", () => {
  const committed: ValidatorEvent = {
    ...{ event: "weights.committed", ...EPOCH, method: "hash", round: null },
    ...{ revealEpoch: 18, revealBlock: 940 },
  };
  const revealed: ValidatorEvent = { event: "weights.revealed", ...EPOCH, block: 942 };
  expect(linesOf(SIGNED, INCLUDED, committed, revealed, VERIFIED)).toEqual([
    "weights  17  planned 2 → signed → in pool → block 566 → commit read back ✓ → reveal due from block 940 on",
    "weights  17  revealed, seen at block 942 → read back ✓",
  ]);
});

test("a result is a line, and where consumers read it another one", () => {
  const signed = { ...EPOCH, topic: "2-0-btc", nonce: 17, value: 1.25, digest: "0x01" } as const;
  const url = "http://127.0.0.1:9955";
  expect(linesOf({ event: "result.signed", ...signed }, { event: "results.served", url })).toEqual([
    "result   17  2-0-btc is 1.25, nonce 17, signed",
    "results  http://127.0.0.1:9955/topics",
  ]);
});

test("what it waits for is a line with what is in force, and with when it gives up", () => {
  const waiting = { event: "validator.waiting", for: "Redis: it does not answer", endsInMs: null } as const;
  expect(linesOf({ ...waiting, lastVerified: { epoch: 16, block: 480 } })).toEqual([
    "waits    for Redis: it does not answer; weights of epoch 16 are in force since block 480",
  ]);
  expect(linesOf({ ...waiting, for: "its own look", lastVerified: null, endsInMs: 40_000 })).toEqual([
    "waits    for its own look; it ends by itself in 40 s",
  ]);
});

test("with several mechanisms each line says whose it is", () => {
  const other = { ...SIGNED, mechanism: 1 };
  const [, second] = linesOf(SIGNED, other, VERIFIED, { ...VERIFIED, mechanism: 1 });
  expect(second).toMatch(/^weights {2}17 of subnet 2, mechanism 1 {2}planned 2/);
});
