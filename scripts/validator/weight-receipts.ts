import { SubforgeError } from "../../shared/errors.ts";
import type { WeightRecords } from "../../shared/journal/weight-records.ts";
import type { WeightRecord } from "../../shared/journal/weight-rows.ts";
import { createOutput, table } from "../output.ts";
import { type JournalArgs, nameOf, oneSubject, subjectsOf, withJournal } from "./journal-view.ts";

/** The parsed flags of `subforge validator weights receipts`. */
export type WeightReceiptsArgs = JournalArgs & { json: boolean; epoch: number | undefined; count: number };

/** A step in the life of an epoch's weights. */
export type ReceiptStep = { status: string; at: string };

/** What is kept of one epoch's weights, without the signed bytes and without the salt that still hides them. */
export type Receipt = Omit<WeightRecord, "call" | "revealCall" | "salt"> & {
  revealExtrinsicHash: string | undefined;
  steps: ReceiptStep[];
};

/** One row per epoch, newest first, or everything about one epoch. Reads the journal alone. */
export async function showReceipts(args: WeightReceiptsArgs): Promise<void> {
  const output = createOutput(args);
  await withJournal(args, (journal) => {
    const { genesis, hotkey } = journal;
    if (args.epoch !== undefined) {
      const key = { ...oneSubject(journal, args, "validator weights receipts"), epoch: args.epoch };
      const record = journal.weights.get(key);
      if (!record) {
        const epochs = journal.weights
          .latest(key.netuid, key.mechanism, 5)
          .map(({ epoch }) => `epoch ${epoch}`);
        const what = `weights of epoch ${args.epoch} of ${nameOf(key)}`;
        throw new SubforgeError("JOURNAL_NO_RECORD", { path: journal.path, what, known: epochs });
      }
      const receipt = toReceipt(record, journal.weights);
      output.result({ genesis, hotkey, receipt }, describeReceipt(receipt));
      return;
    }
    const found = subjectsOf(journal, args).map((subject) => ({
      ...subject,
      receipts: journal.weights
        .latest(subject.netuid, subject.mechanism, args.count)
        .map((record) => toReceipt(record, journal.weights)),
    }));
    output.result({ genesis, hotkey, subnets: found }, [
      ...found.flatMap(({ receipts, ...subject }) => [
        `${nameOf(subject)}  hotkey ${hotkey}`,
        ...table([HEADER, ...receipts.map(toRow)]),
      ]),
      "all steps of one: subforge validator weights receipts --epoch N",
    ]);
  });
}

export function toReceipt(record: WeightRecord, weights: Pick<WeightRecords, "steps">): Receipt {
  const { call: _call, revealCall, salt: _salt, ...kept } = record;
  const steps = weights
    .steps(record)
    .map(({ status, atMs }) => ({ status, at: new Date(atMs).toISOString() }));
  return { ...kept, revealExtrinsicHash: revealCall?.extrinsicHash, steps };
}

const HEADER = [
  "epoch",
  "status",
  "method",
  "basis",
  "uids",
  "decided",
  "included",
  "revealed",
  "extrinsic",
  "says",
];

function toRow(receipt: Receipt): string[] {
  const { epoch, content, decidedBlock, block, revealedBlock, extrinsicHash, method } = receipt;
  const numbers = [content?.uids.length, decidedBlock, block, revealedBlock].map((n) => String(n ?? "–"));
  const [uids = "", decided = "", included = "", revealed = ""] = numbers;
  return [
    ...[String(epoch), receipt.status, method ?? "–", basisOf(receipt), uids, decided, included, revealed],
    extrinsicHash === undefined ? "–" : `${extrinsicHash.slice(0, 10)}…`,
    verdictOf(receipt),
  ];
}

/** What the vector is made of; without one there is none. */
function basisOf({ content, status, basis }: Receipt): string {
  if (!content) return "–";
  return status === "shadow" ? "shadow" : basis;
}

/** What its status means, in words. */
export function verdictOf({ status, reason, revealBlock, revealEpoch }: Receipt | WeightRecord): string {
  switch (status) {
    case "verified":
      return "read back ✓";
    case "planned":
      return reason === undefined ? "decided, nothing signed yet" : `to be signed again: ${reason}`;
    case "signed":
      return "signed, not sent yet";
    case "submitted":
      return "in the pool, or on its way to it";
    case "included":
      return revealEpoch === undefined
        ? "in a block, not read back yet"
        : `committed, opens in epoch ${revealEpoch}, about block ${revealBlock}`;
    case "shadow":
      return reason === undefined ? "would have been set" : `nothing would have been set: ${reason}`;
    case "revealing":
      return "the reveal is on its way";
    case "revealed":
      return "opened by the chain, not read back yet";
    default:
      return reason ?? "";
  }
}

function describeReceipt(receipt: Receipt): string[] {
  const { epoch, content, readBack, steps } = receipt;
  const facts = {
    status: `${receipt.status}: ${verdictOf(receipt)}`,
    method: receipt.method,
    basis: basisOf(receipt),
    "version key": receipt.content ? receipt.versionKey : undefined,
    "decided in": receipt.decidedBlock,
    extrinsic: receipt.extrinsicHash,
    "included in": receipt.block === undefined ? undefined : `${receipt.block} ${receipt.blockHash}`,
    "beacon round": receipt.round,
    "committed in epoch": receipt.commitEpoch,
    "opens in epoch": receipt.revealEpoch,
    "reveal extrinsic": receipt.revealExtrinsicHash,
    "revealed in": receipt.revealedBlock,
  };
  const width = Math.max(...Object.keys(facts).map(({ length }) => length));
  return [
    `epoch ${epoch} of ${nameOf(receipt)}`,
    ...Object.entries(facts).flatMap(([name, fact]) =>
      fact === undefined ? [] : [`  ${name.padEnd(width)}  ${fact}`],
    ),
    "steps",
    ...steps.map(({ status, at }) => `  ${at}  ${status}`),
    ...(content ? describeVector(content, readBack) : []),
  ];
}

function describeVector(sent: NonNullable<Receipt["content"]>, readBack: Receipt["readBack"]): string[] {
  const shown = new Map(readBack?.uids.map((uid, i) => [uid, readBack.values[i]]));
  return [
    "vector",
    ...table([
      ["  uid", "sent", "read back"],
      ...sent.uids.map((uid, i) => [`  ${uid}`, String(sent.values[i]), String(shown.get(uid) ?? "–")]),
    ]),
  ];
}
