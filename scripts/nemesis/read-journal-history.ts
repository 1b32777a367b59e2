import type { SignedCall } from "../../shared/chain/chain.ts";
import type { EpochRecord } from "../../shared/journal/epoch-rows.ts";
import { type Journal, readJournal } from "../../shared/journal/journal.ts";
import type { Keypair } from "../../shared/keys/keypair.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import type { Hex } from "../../shared/types.ts";
import { epochSecret } from "../../validator/epoch-secret.ts";
import { judgeEpoch } from "../../validator/score-book.ts";
import { toTranscripts } from "../../validator/transcripts.ts";
import type { JournalHistory, WeightCall } from "./history.ts";
import type { ReadCall } from "./weight-call-reader.ts";

/** More than any run here has. */
const ALL = 100_000;

export type Scorer = { template: SubnetTemplate; signer: Keypair; genesis: Hex };

/** All that a journal says, and what scoring its recorded answers again gives. */
export function readJournalHistory(
  path: string,
  scorer: Scorer,
  readCall: (bytes: Uint8Array, extrinsicHash: Hex) => ReadCall | undefined,
): JournalHistory {
  const journal = readJournal(path);
  try {
    const subjects = journal.subjects();
    return {
      epochs: subjects.flatMap(({ netuid, mechanism }) =>
        journal.epochs.latest(netuid, mechanism, ALL).map((record) => ({
          ...{ netuid, mechanism, epoch: record.epoch, status: record.status, reason: record.reason },
          startBlock: record.context?.startBlock,
          scores: new Map(journal.scores.list(record).map(({ hotkey, score }) => [hotkey, score])),
          replayDiffers: replay(journal, record, scorer),
        })),
      ),
      receipts: subjects.flatMap(({ netuid, mechanism }) =>
        journal.weights.latest(netuid, mechanism, ALL).map((record) => ({
          ...{ netuid, mechanism, epoch: record.epoch, status: record.status, content: record.content },
          ...{ decidedBlock: record.decidedBlock, block: record.block, revealedBlock: record.revealedBlock },
          extrinsicHash: record.extrinsicHash,
          reason: record.reason,
          signed: journal.weights.steps(record).flatMap((step) => signedCall(step, readCall)),
        })),
      ),
    };
  } finally {
    journal.close();
  }
}

/** Whatever step has signed bytes in it. */
function signedCall(
  { status, detail }: { status: string; detail: unknown },
  readCall: (bytes: Uint8Array, extrinsicHash: Hex) => ReadCall | undefined,
): WeightCall[] {
  if (status !== "signed" && status !== "revealing") return [];
  const { bytes, extrinsicHash } = JSON.parse(String((detail as unknown[])[0])) as SignedCall;
  const read = readCall(Uint8Array.from(Buffer.from(bytes.slice(2), "hex")), extrinsicHash);
  return read ? [read.call] : [];
}

/** @returns undefined when scores and state come out as they were recorded, or there is nothing to score. */
function replay(
  journal: Journal,
  record: EpochRecord,
  { template, signer, genesis }: Scorer,
): string | undefined {
  if (record.status !== "scored" || !record.context || record.version !== template.version) return undefined;
  const jobs = journal.epochs.jobs(record);
  if (jobs.length === 0) return undefined; // its answers are forgotten by now
  const transcripts = toTranscripts(template, record.epoch, jobs).filter(
    ({ job }) => jobs.find((other) => other.job.taskId === job.taskId)?.completedIn === record.epoch,
  );
  const secret = epochSecret(signer, genesis, record.netuid, record.epoch);
  const context = { ...record.context, secret, config: template.parseConfig(record.config) };
  const before = journal.scores.stateBefore(record, record)?.state ?? template.initialState();
  const judged = judgeEpoch(template, context, transcripts, before, journal.scores.answeredBefore(record));
  if (judged.status !== "scored") return `it is void now: ${judged.reason}`;
  const after = journal.scores.stateBefore({ ...record, epoch: record.epoch + 1 }, record)?.state;
  const recorded = JSON.stringify(journal.scores.list(record).map(({ uid, score }) => [uid, score ?? null]));
  const again = JSON.stringify(judged.scores.map(({ uid, score }) => [uid, score ?? null]));
  if (recorded !== again) return `${recorded} was recorded, ${again} comes out`;
  const state = JSON.stringify(judged.state);
  return JSON.stringify(after) === state ? undefined : "another state comes out";
}
