import type { SubnetRules } from "../../shared/chain/chain.ts";
import { weightsMethod } from "../../shared/chain/commit-reveal.ts";
import { neuronByHotkey } from "../../shared/chain/metagraph.ts";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import type { BlockNumber } from "../../shared/types.ts";
import { createOutput } from "../output.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";
import {
  assertSameChain,
  type JournalArgs,
  type JournalView,
  nameOf,
  type Subject,
  subjectsOf,
  withJournal,
} from "./journal-view.ts";
import { type Receipt, toReceipt, verdictOf } from "./weight-receipts.ts";

/** The parsed flags of `subforge validator weights status`. */
export type WeightStatusArgs = JournalArgs & ChainArgs & { json: boolean };

const SEARCHED = 64;
const SECONDS_PER_BLOCK = 12;

/** When the chain takes the next vector, and how much of the epoch is left. */
export type WeightWindow = {
  block: BlockNumber;
  epoch: number;
  method: string;
  lastUpdate: BlockNumber | null;
  /** First block that takes weights; null: the hotkey has no uid. */
  opensAt: BlockNumber | null;
  /** First block of the next epoch; null: epochs are off. */
  epochEnds: BlockNumber | null;
};

type SubjectStatus = Subject & {
  last: Receipt | null;
  verified: Receipt | null;
  open: Receipt[];
  window: WeightWindow | null;
};

/**
 * The newest vector of each subnet, the last one that the chain showed, what is under way, and the next window. Without
 * a chain the journal's part is printed all the same.
 */
export async function showWeightStatus(args: WeightStatusArgs): Promise<void> {
  await withJournal(args, async (journal) => {
    const subjects = subjectsOf(journal, args);
    let chainProblem: string | null = null;
    const windows = await withChain(args, async (chain) => {
      assertSameChain(journal, chain);
      return Promise.all(subjects.map((subject) => windowOf(chain, journal, subject)));
    }).catch((error: unknown) => {
      if (!isSubforgeError(error) || !error.code.startsWith("CHAIN_")) throw error;
      chainProblem = `${error.code}: ${error.message}`;
      return undefined;
    });
    const found = subjects.map(
      (subject, i): SubjectStatus => ({ ...statusOf(journal, subject), window: windows?.[i] ?? null }),
    );
    const { genesis, hotkey } = journal;
    createOutput(args).result({ genesis, hotkey, chainProblem, subnets: found }, [
      `hotkey   ${hotkey}`,
      ...found.flatMap(describe),
      ...(chainProblem === null ? [] : [`chain    ${chainProblem}`]),
    ]);
  });
}

function statusOf(journal: JournalView, subject: Subject): Omit<SubjectStatus, "window"> {
  const { weights } = journal;
  const receipts = weights.latest(subject.netuid, subject.mechanism, SEARCHED);
  const ofStatus = receipts.find(({ status }) => status === "verified");
  const toPrint = (record: (typeof receipts)[number] | undefined) =>
    record ? toReceipt(record, weights) : null;
  const open = weights.unfinished(subject.netuid, subject.mechanism);
  return {
    ...subject,
    last: toPrint(receipts[0]),
    verified: toPrint(ofStatus),
    open: open.map((record) => toReceipt(record, weights)),
  };
}

async function windowOf(
  chain: OperatorChain,
  { hotkey }: JournalView,
  subject: Subject,
): Promise<WeightWindow> {
  const { netuid, mechanism } = subject;
  const [rules, metagraph] = await Promise.all([chain.subnetRules(netuid), chain.metagraph(netuid)]);
  const self = neuronByHotkey(metagraph, hotkey);
  const lastUpdate =
    self && (mechanism === 0 ? self.lastUpdate : await chain.lastUpdate(netuid, self.uid, mechanism));
  return toWindow(rules, lastUpdate);
}

/** Pure. `lastUpdate`: 0 when it never set any, undefined without a uid. */
export function toWindow(rules: SubnetRules, lastUpdate: BlockNumber | undefined): WeightWindow {
  const { block, epochIndex: epoch, weightsRateLimit, nextEpochBlock } = rules;
  const opensAt = lastUpdate === undefined ? null : lastUpdate === 0 ? block : lastUpdate + weightsRateLimit;
  return {
    ...{ block, epoch, method: weightsMethod(rules), lastUpdate: lastUpdate ?? null },
    ...{ opensAt, epochEnds: nextEpochBlock ?? null },
  };
}

function describe({ last, verified, open, window, ...subject }: SubjectStatus): string[] {
  return [
    nameOf(subject),
    `  last     ${last ? describeReceipt(last) : "no vector yet"}`,
    ...(verified && verified.epoch !== last?.epoch ? [`  verified ${describeReceipt(verified)}`] : []),
    ...open
      .filter(({ epoch }) => epoch !== last?.epoch)
      .map((receipt) => `  open     ${describeReceipt(receipt)}`),
    ...(window ? [`  window   ${describeWindow(window)}`] : []),
  ];
}

function describeReceipt(receipt: Receipt): string {
  const { epoch, status, block, revealedBlock, content } = receipt;
  const at = revealedBlock ?? block;
  const where = at === undefined ? "" : ` in block ${at}`;
  const uids = content === undefined ? "" : `, ${content.uids.length} uids`;
  return `epoch ${epoch}  ${status}${where}${uids}: ${verdictOf(receipt)}`;
}

function describeWindow({ block, epoch, method, lastUpdate, opensAt, epochEnds }: WeightWindow): string {
  if (opensAt === null) return "none: the hotkey has no uid on this subnet";
  const since = lastUpdate === 0 ? "never set" : `last set in block ${lastUpdate}`;
  const when = opensAt <= block ? "open now" : `opens in block ${opensAt}, ${inTime(opensAt - block)}`;
  const end =
    epochEnds === null
      ? "epochs are off"
      : `epoch ${epoch} ends in block ${epochEnds}, ${inTime(epochEnds - block)}`;
  return `${when}; ${since}; ${end}; now ${block}; weights are set ${method}`;
}

/** @example "in 21 blocks (4 min 12 s at 12 s each)" */
function inTime(blocks: number): string {
  const seconds = Math.max(0, blocks) * SECONDS_PER_BLOCK;
  return `in ${Math.max(0, blocks)} blocks (${Math.floor(seconds / 60)} min ${seconds % 60} s at ${SECONDS_PER_BLOCK} s each)`;
}
