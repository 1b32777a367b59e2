import { describe, expect, it } from "vitest";
import type { Hex } from "../../shared/types.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { checkHistory } from "./check-history.ts";
import type { History, WeightCall } from "./history.ts";

/* A checker that cannot fail proves nothing: each promise is broken here by a history of its own. */

const HONEST = "5Honest";
const WORTHLESS = "5Worthless";
const NEWCOMER = "5Newcomer";
const content = { uids: [1], values: [65_535] };
const key = { netuid: 2, mechanism: 0, epoch: 7 };

const promises = (history: History) => [...new Set(checkHistory(history).map(({ promise }) => promise))];

describe("the history checker", () => {
  it("finds nothing in an epoch that went well", () => {
    expect(checkHistory(history())).toEqual([]);
  });

  it("finds nothing in an epoch that was signed again with the same content", () => {
    const bad = history();
    receipt(bad).signed.push(call({ extrinsicHash: "0x02", content: { weights: { ...content } } }));
    expect(checkHistory(bad)).toEqual([]);
  });

  it.each<[string, (h: History) => void]>([
    ["the row was never on the chain", (h) => void h.chain.rows.pop()],
    [
      "the row was there only before the call",
      (h) =>
        void h.chain.rows.splice(
          1,
          1,
          { ...key, block: 20, row: content },
          { ...key, block: 39, row: { uids: [2], values: [1] } },
        ),
    ],
    [
      "the call is in no block of the branch that stands",
      (h) => Object.assign(h.chain, { included: new Map() }),
    ],
    ["the call is in another block", (h) => Object.assign(h.chain, { included: new Map([["0x01", 49]]) })],
    [
      "the receipt of a verified event says something else",
      (h) => Object.assign(receipt(h), { status: "failed" }),
    ],
    [
      "what was read back differs from what was sent",
      (h) => void h.events.push({ ...verified, readBack: { uids: [2], values: [1] } }),
    ],
  ])("P1 is broken when %s", (_, breakIt) => {
    const bad = history();
    breakIt(bad);
    expect(promises(bad)).toContain("P1");
  });

  it.each<[string, (h: History) => void]>([
    [
      "another content was signed",
      (h) =>
        void receipt(h).signed.push(call({ content: { weights: { uids: [1, 2], values: [65_535, 1] } } })),
    ],
    [
      "what was signed is not what was decided",
      (h) => Object.assign(receipt(h), { content: { uids: [2], values: [65_535] } }),
    ],
    [
      "two hashes were committed",
      (h) =>
        void receipt(h).signed.push(call({ content: { hash: "0xaa" } }), call({ content: { hash: "0xbb" } })),
    ],
    [
      "a second journal signed another content for the same epoch",
      (h) => {
        const other = history().journals[0]!;
        other.receipts[0]!.content = { uids: [1], values: [1] };
        other.receipts[0]!.signed = [
          call({ extrinsicHash: "0x03", content: { weights: { uids: [1], values: [1] } } }),
        ];
        h.journals.push(other);
      },
    ],
  ])("P2 is broken when %s", (_, breakIt) => {
    const bad = history();
    breakIt(bad);
    expect(promises(bad)).toContain("P2");
  });

  it.each<[string, (h: History) => void]>([
    [
      "the chain saw bytes that no journal has",
      (h) => void h.chain.seen.push(call({ extrinsicHash: "0x09" })),
    ],
    ["a scored epoch is gone", (h) => Object.assign(h.journals[0]!, { epochs: [] })],
    [
      "a score changed after it was told",
      (h) =>
        Object.assign(epoch(h), {
          scores: new Map([
            [HONEST, 0.5],
            [WORTHLESS, 0],
          ]),
        }),
    ],
    ["an epoch was scored twice, differently", (h) => void h.events.push({ ...scored, scores: [] })],
    [
      "signed bytes were told and are not recorded",
      (h) => void h.events.push({ ...signed, extrinsicHash: "0x08" }),
    ],
    [
      "an epoch stays open behind a newer one",
      (h) => {
        h.journals[0]!.epochs.push({ ...epoch(h), epoch: 5, status: "planned" });
      },
    ],
    [
      "nothing was decided about a scored epoch",
      (h) => {
        const { epochs } = h.journals[0]!;
        epochs.push({ ...epoch(h), epoch: 8 }, { ...epoch(h), epoch: 9 });
        h.journals[0]!.receipts = [];
        h.chain.seen = [];
        h.events = [];
      },
    ],
  ])("P3 is broken when %s", (_, breakIt) => {
    const bad = history();
    breakIt(bad);
    expect(promises(bad)).toContain("P3");
  });

  it("P6 is broken when an honest miner has less than everything, and not when it has no score", () => {
    const bad = history();
    epoch(bad).scores = new Map([[HONEST, 0.75]]);
    expect(promises(bad)).toContain("P6");
    epoch(bad).scores = new Map([[HONEST, undefined]]);
    expect(promises(bad)).not.toContain("P6");
  });

  it.each([
    { uids: [], values: [] },
    { uids: [1, 2], values: [65_535] },
    { uids: [2, 1], values: [1, 65_535] },
    { uids: [1], values: [0] },
    { uids: [1], values: [Number.NaN] },
    { uids: [1], values: [65_536] },
  ])("P7 is broken when %j is signed", (weights) => {
    const bad = history();
    receipt(bad).content = weights;
    receipt(bad).signed = [call({ content: { weights } })];
    expect(promises(bad)).toContain("P7");
  });

  it("P8 is broken when a newcomer is paid for what the hotkey before it earned", () => {
    const bad = history();
    bad.chain.owners.push({ netuid: 2, block: 38, hotkeys: ["5Validator", NEWCOMER, WORTHLESS] });
    expect(promises(bad)).toContain("P8");
  });

  it("P8 is broken when a newcomer inherits a score", () => {
    const bad = history();
    epoch(bad).scores = new Map([
      [HONEST, 1],
      [WORTHLESS, 0.1],
    ]);
    expect(promises(bad)).toContain("P8");
  });

  it("P13 is broken when the recorded answers score differently now", () => {
    const bad = history();
    epoch(bad).replayDiffers = "1 was recorded, 0 comes out";
    expect(promises(bad)).toEqual(["P13"]);
  });
});

const signed = { event: "weights.signed", ...key, sent: content, extrinsicHash: "0x01" } as never as Extract<
  ValidatorEvent,
  { event: "weights.signed" }
>;
const verified = {
  event: "weights.verified",
  ...key,
  sent: content,
  readBack: content,
  block: 40,
  extrinsicHash: "0x01",
} as never as Extract<ValidatorEvent, { event: "weights.verified" }>;
const scored = {
  event: "epoch.scored",
  ...key,
  asked: 2,
  answered: 2,
  scores: [
    { hotkey: HONEST, uid: 1, score: 1, reason: "ok", asked: 4, answered: 4 },
    { hotkey: WORTHLESS, uid: 2, score: 0, reason: "ok", asked: 4, answered: 4 },
  ],
} as never as Extract<ValidatorEvent, { event: "epoch.scored" }>;

function call(part: Partial<WeightCall>): WeightCall {
  return { netuid: 2, mechanism: 0, extrinsicHash: "0x01" as Hex, content: { weights: content }, ...part };
}

function history(): History {
  return {
    miners: new Map([
      [HONEST, "honest"],
      [WORTHLESS, "worthless"],
      [NEWCOMER, "worthless"],
    ]),
    chain: {
      seen: [call({})],
      included: new Map([["0x01", 40]]),
      rows: [
        { netuid: 2, mechanism: 0, block: 0, row: { uids: [], values: [] } },
        { netuid: 2, mechanism: 0, block: 40, row: content },
      ],
      owners: [{ netuid: 2, block: 0, hotkeys: ["5Validator", HONEST, WORTHLESS] }],
    },
    journals: [
      {
        epochs: [
          {
            ...key,
            status: "scored",
            reason: undefined,
            startBlock: 30,
            scores: new Map([
              [HONEST, 1],
              [WORTHLESS, 0],
            ]),
            replayDiffers: undefined,
          },
        ],
        receipts: [
          {
            ...key,
            status: "verified",
            reason: undefined,
            content,
            decidedBlock: 38,
            block: 40,
            revealedBlock: undefined,
            extrinsicHash: "0x01",
            signed: [call({})],
          },
        ],
      },
    ],
    events: [scored, signed, verified],
  };
}

function receipt(h: History): History["journals"][number]["receipts"][number] {
  return h.journals[0]!.receipts[0]!;
}

function epoch(h: History): History["journals"][number]["epochs"][number] {
  return h.journals[0]!.epochs[0]!;
}
