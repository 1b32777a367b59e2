import { EXIT, SubforgeError } from "../../shared/errors.ts";
import type { EpochKey, EpochRecord, JobRecord } from "../../shared/journal/epoch-rows.ts";
import type { ScoreRecord } from "../../shared/journal/score-records.ts";
import { createLogger, type LogLevel } from "../../shared/logger.ts";
import type { Reason } from "../../shared/reasons.ts";
import type { EpochContext, SubnetTemplate } from "../../shared/template.ts";
import type { Hotkey, Json, Uid } from "../../shared/types.ts";
import { withNotSampled } from "../../validator/epoch-closer.ts";
import { epochSecret, mechanismSecret, secretHash } from "../../validator/epoch-secret.ts";
import type { Judgement } from "../../validator/score-book.ts";
import type { Scorer } from "../../validator/scoring/scorer.ts";
import { loadSigner, type WalletArgs } from "../load-signer.ts";
import { openScorer } from "../open-scorer.ts";
import { createOutput, table } from "../output.ts";
import { templateCode } from "../template-code.ts";
import { loadTemplates } from "../template-folder/load-template.ts";
import { type JournalArgs, type JournalView, nameOf, oneSubject, withJournal } from "./journal-view.ts";

/** The parsed flags of `subforge validator replay`. */
export type ReplayEpochArgs = JournalArgs &
  WalletArgs & { json: boolean; logLevel: LogLevel; epoch: number; template: string };

/** How templates and their scorers are opened; tests hand in their own. */
export type ReplayDeps = {
  loadTemplate(id: string): Promise<SubnetTemplate>;
  /** Digest of its code. */
  codeOf(template: SubnetTemplate): string | undefined;
  openScorer(template: SubnetTemplate): Promise<Scorer>;
};

type Score = { score: number | null; reason: Reason; asked: number; answered: number };

export type Replay = EpochKey & {
  template: string;
  /** Version of the template that scored then, and of the one that scored now. */
  version: { recorded: string; now: string };
  /** Is the template's code, by its digest, what it was then? null: one of the two is not known. */
  isCodeSame: boolean | null;
  /** With the reason, when it is void. */
  status: { recorded: string; now: string };
  /** Nothing differs: not a score, and not a byte of the state. */
  same: boolean;
  scores: number;
  differences: { hotkey: Hotkey; uid: Uid; recorded: Score | null; now: Score | null }[];
  isStateSame: boolean;
  isEvidenceSame: boolean;
  /** What was not as it was then. */
  notes: string[];
};

/**
 * Score the recorded answers of an epoch with the code of now, and print what differs. Changes nothing.
 *
 * @returns Exit code: 9 when a score or the state differs.
 * @throws SubforgeError EPOCH_NOT_REPLAYABLE, JOURNAL_NO_RECORD and the other JOURNAL_ codes, SCORER_NOT_STARTED,
 * SUBNET_UNKNOWN, and what `loadSigner` throws for a secret that is not public yet
 */
export async function replayEpoch(args: ReplayEpochArgs, deps: ReplayDeps = ours(args)): Promise<number> {
  const output = createOutput(args);
  const replay = await withJournal(args, async (journal) => {
    const key = { ...oneSubject(journal, args, "validator replay"), epoch: args.epoch };
    const record = findEpoch(journal, key);
    const template = await deps.loadTemplate(record.template);
    const secret = mechanismSecret(await findSecret(journal, key, args), key.mechanism);
    const scorer = await deps.openScorer(template);
    try {
      const code = deps.codeOf(template);
      return await scoreAgain(journal, record, { template, code, secret, scorer });
    } finally {
      await scorer.close();
    }
  });
  output.result(replay, toLines(replay));
  return replay.same ? EXIT.ok : EXIT.check;
}

function ours({ logLevel, template: path }: ReplayEpochArgs): ReplayDeps {
  const logger = createLogger("replay", logLevel);
  return {
    loadTemplate: async (id) => (await loadTemplates([path]))(id),
    codeOf: templateCode,
    openScorer: (template) => openScorer(template, logger),
  };
}

/** @throws SubforgeError JOURNAL_NO_RECORD, EPOCH_NOT_REPLAYABLE */
function findEpoch(journal: JournalView, key: EpochKey): EpochRecord {
  const { epoch } = key;
  const record = journal.epochs.epoch(key);
  if (!record) {
    const heads = journal.epochs.latestHeads(key.netuid, key.mechanism, 512);
    const [newest, oldest] = [heads[0], heads.at(-1)];
    const known = newest && oldest ? [`epochs ${oldest.epoch} to ${newest.epoch}`] : [];
    const what = `epoch ${epoch} of ${nameOf(key)}`;
    throw new SubforgeError("JOURNAL_NO_RECORD", { path: journal.path, what, known });
  }
  if (record.status === "skipped" || !record.context) {
    throw missing(epoch, `nobody was asked in it (${record.reason})`, "choose an epoch that was asked");
  }
  if (record.status === "planned") {
    throw missing(epoch, "it still runs", "wait until its weights are decided, then replay it");
  }
  if (journal.epochs.jobs(key).length === 0 && journal.scores.list(key).length > 0) {
    throw missing(epoch, "its answers are no longer kept", "choose a later epoch");
  }
  return record;
}

/**
 * The secret of an epoch as the chain has it since it was disclosed, else from the wallet.
 *
 * @throws SubforgeError EPOCH_NOT_REPLAYABLE when the wallet is another validator's
 */
async function findSecret(journal: JournalView, key: EpochKey, args: WalletArgs): Promise<Uint8Array> {
  const { netuid, epoch } = key;
  const disclosed = journal.epochs.disclosedSecret(netuid, epoch);
  if (disclosed) return new Uint8Array(Buffer.from(disclosed.slice(2), "hex"));
  const unknown = "its secret is not public yet, and no wallet of this validator was named";
  const next = `wait until the epoch after it has ended, or name the wallet of ${journal.hotkey}`;
  const signer = await loadSigner(args).catch((error: unknown) => {
    throw new SubforgeError("EPOCH_NOT_REPLAYABLE", { epoch, missing: unknown, next }, { cause: error });
  });
  if (signer.address !== journal.hotkey) throw missing(epoch, unknown, next);
  const secret = epochSecret(signer, journal.genesis, netuid, epoch);
  const committed = journal.epochs.commitment(netuid, epoch)?.hash;
  if (committed === `0x${Buffer.from(secretHash(secret)).toString("hex")}`) return secret;
  throw missing(
    epoch,
    "the wallet's secret is not what the chain was told before the epoch",
    "use the release that ran then",
  );
}

/** Pure but for the scorer. */
async function scoreAgain(
  journal: JournalView,
  record: EpochRecord,
  at: { template: SubnetTemplate; code: string | undefined; secret: Uint8Array; scorer: Scorer },
): Promise<Replay> {
  const { template, code, secret, scorer } = at;
  const { epochs, scores } = journal;
  const { sampling, ...context } = record.context!;
  const config = template.parseConfig(record.config);
  const told: EpochContext = { ...context, secret, config };
  const notes: string[] = [];
  const state = stateBefore(journal, record, template, notes);
  const late = epochs.completedLate(record.netuid, record.mechanism, record.epoch);
  const transcripts = [...late, record].flatMap((of) =>
    epochs.jobs(of).map((job: JobRecord) => ({ ...job, epoch: of.epoch })),
  );
  const judged = await scorer.judge({
    ...{ context: told, transcripts, state },
    answeredBefore: scores.answeredBefore(record),
  });
  const recorded = scores.list(record);
  const now = withNotSampled(judged.scores, told, sampling?.notSampled ?? []);
  const differences = differencesOf(recorded, now);
  if (differences.some(({ recorded: was, now: is }) => was && is && was.asked > is.asked)) {
    notes.push("answers of an earlier epoch that were judged in this one are no longer kept");
  }
  const status = { recorded: statusOf(record), now: statusOf(judged) };
  const isStateSame = judged.status !== "scored" || sameState(journal, record, judged.state);
  return {
    ...{ netuid: record.netuid, mechanism: record.mechanism, epoch: record.epoch, template: record.template },
    version: { recorded: record.version, now: template.version },
    isCodeSame: code === undefined || record.code === undefined ? null : code === record.code,
    status,
    same: differences.length === 0 && isStateSame && status.recorded === status.now,
    ...{ scores: recorded.length, differences, isStateSame },
    isEvidenceSame: sameEvidence(journal, record, judged),
    notes,
  };
}

/** @throws SubforgeError EPOCH_NOT_REPLAYABLE when the state is no longer kept */
function stateBefore(
  { epochs, scores }: JournalView,
  record: EpochRecord,
  template: SubnetTemplate,
  notes: string[],
): Json {
  if (record.version !== template.version) {
    notes.push(
      `version ${template.version} begins without a state: it does not know what ${record.version} kept`,
    );
    return template.initialState();
  }
  const kept = scores.stateBefore(record, record);
  const last = epochs
    .latestHeads(record.netuid, record.mechanism, Number.MAX_SAFE_INTEGER)
    .find(
      ({ epoch, status, template: id, version }) =>
        epoch < record.epoch && status === "scored" && id === record.template && version === record.version,
    );
  if (last?.epoch !== kept?.epoch) {
    throw missing(
      record.epoch,
      `the state after epoch ${last?.epoch} is no longer kept`,
      "choose a later epoch",
    );
  }
  return kept?.state ?? template.initialState();
}

function differencesOf(recorded: readonly ScoreRecord[], now: readonly ScoreRecord[]): Replay["differences"] {
  const before = new Map(recorded.map((score) => [score.hotkey, score]));
  const after = new Map(now.map((score) => [score.hotkey, score]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((hotkey) => {
    const [was, is] = [before.get(hotkey), after.get(hotkey)];
    const [one, other] = [toScore(was), toScore(is)];
    if (JSON.stringify(one) === JSON.stringify(other)) return [];
    return [{ hotkey, uid: (was ?? is)!.uid, recorded: one, now: other }];
  });
}

function toScore(record: ScoreRecord | undefined): Score | null {
  if (!record) return null;
  const { score, reason, asked, answered } = record;
  return { score: score ?? null, reason, asked, answered };
}

function sameState({ scores }: JournalView, record: EpochRecord, state: Json): boolean {
  const after = scores.stateBefore({ ...record, epoch: record.epoch + 1 }, record);
  return after?.epoch === record.epoch && JSON.stringify(after.state) === JSON.stringify(state);
}

function sameEvidence({ scores }: JournalView, record: EpochRecord, judged: Judgement): boolean {
  if (judged.status !== "scored") return true;
  const hotkeys = new Set([...judged.evidence, ...scores.list(record)].map(({ hotkey }) => hotkey));
  const byHotkey = new Map<Hotkey, unknown[]>();
  for (const entry of judged.evidence) {
    byHotkey.set(entry.hotkey, [...(byHotkey.get(entry.hotkey) ?? []), [entry.taskId, entry.facts]]);
  }
  return [...hotkeys].every((hotkey) => {
    const recorded = scores.evidence(record, hotkey).map(({ taskId, facts }) => [taskId, facts]);
    return JSON.stringify(recorded) === JSON.stringify(byHotkey.get(hotkey) ?? []);
  });
}

function statusOf({ status, reason }: { status: string; reason?: string | undefined }): string {
  return status === "void" ? `void: ${reason}` : status;
}

function toLines(replay: Replay): string[] {
  const { differences, version, status, notes } = replay;
  const versions =
    version.recorded === version.now ? version.now : `${version.recorded} then, ${version.now} now`;
  return [
    `epoch ${replay.epoch} of ${nameOf(replay)}  ${replay.template} ${versions}`,
    ...(replay.isCodeSame === false ? ["the template's code is not what it was then"] : []),
    ...(status.recorded === status.now ? [] : [`then ${status.recorded}, now ${status.now}`]),
    ...notes,
    ...(differences.length > 0
      ? table([
          ["uid", "hotkey", "then", "now"],
          ...differences.map(({ uid, hotkey, recorded, now }) => [
            String(uid),
            hotkey,
            scoreText(recorded),
            scoreText(now),
          ]),
        ])
      : []),
    replay.same
      ? `the same ${replay.scores} scores, and the same state byte by byte${replay.isEvidenceSame ? "" : "; other evidence"}`
      : `${differences.length} of ${replay.scores} scores differ; the state ${replay.isStateSame ? "is the same" : "differs"}`,
  ];
}

function scoreText(score: Score | null): string {
  return score ? `${score.score ?? "–"} ${score.reason} ${score.answered}/${score.asked}` : "–";
}

function missing(epoch: number, what: string, next: string): SubforgeError {
  return new SubforgeError("EPOCH_NOT_REPLAYABLE", { epoch, missing: what, next });
}
