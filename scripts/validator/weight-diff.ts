import type { WireWeights } from "../../shared/chain/chain.ts";
import { type Metagraph, neuronByHotkey } from "../../shared/chain/metagraph.ts";
import type { OperatorChain } from "../../shared/chain/operator-chain.ts";
import { EXIT } from "../../shared/errors.ts";
import type { WeightRecord } from "../../shared/journal/weight-rows.ts";
import type { Hotkey, Uid } from "../../shared/types.ts";
import { createOutput, table } from "../output.ts";
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
import { verdictOf } from "./weight-receipts.ts";

/** The parsed flags of `subforge validator weights diff`. */
export type WeightDiffArgs = JournalArgs & ChainArgs & { json: boolean };

/** How many receipts are searched for one that the chain should show. */
const SEARCHED = 64;

/** A uid of which journal and chain say different things. `null`: no weight there. u16. */
export type Difference = { uid: Uid; hotkey: Hotkey | null; journal: number | null; chain: number | null };

export type WeightDiff = Subject & {
  block: number;
  uid: Uid | null;
  /** The epoch whose weights the chain should show; null: none reached it yet. */
  epoch: number | null;
  equal: boolean;
  differences: Difference[];
  /** Epochs whose weights the chain does not show yet. */
  pending: { epoch: number; status: string; says: string }[];
};

/** What the journal says was set, against what the chain holds now. @returns 9 when they differ, else 0. */
export async function diffWeights(args: WeightDiffArgs): Promise<number> {
  return withJournal(args, async (journal) => {
    const subjects = subjectsOf(journal, args);
    return withChain(args, async (chain) => {
      assertSameChain(journal, chain);
      const diffs = await Promise.all(subjects.map((subject) => diffOne(journal, chain, subject)));
      const isEqual = diffs.every(({ equal }) => equal);
      const { genesis, hotkey } = journal;
      createOutput(args).result({ genesis, hotkey, equal: isEqual, subnets: diffs }, diffs.flatMap(describe));
      return isEqual ? EXIT.ok : EXIT.check;
    });
  });
}

async function diffOne(journal: JournalView, chain: OperatorChain, subject: Subject): Promise<WeightDiff> {
  const { netuid, mechanism } = subject;
  const metagraph = await chain.metagraph(netuid);
  const self = neuronByHotkey(metagraph, journal.hotkey);
  const found = self ? await chain.weights(netuid, self.uid, { mechanism }) : { uids: [], values: [] };
  const records = journal.weights.latest(netuid, mechanism, SEARCHED);
  const record = records.find(isShown);
  const differences = compareWeights(record?.content ?? { uids: [], values: [] }, found, metagraph);
  const pending = records
    .filter((each) => isPending(each) && each !== record)
    .map((each) => ({ epoch: each.epoch, status: each.status, says: verdictOf(each) }));
  return {
    ...subject,
    block: metagraph.block,
    uid: self?.uid ?? null,
    epoch: record?.epoch ?? null,
    equal: differences.length === 0,
    differences,
    pending,
  };
}

/** In the open as soon as it is in a block; what was committed once the chain opened it. */
function isShown({ status, method }: WeightRecord): boolean {
  return status === "verified" || status === "revealed" || (status === "included" && method === "plain");
}

function isPending({ status }: WeightRecord): boolean {
  return ["planned", "signed", "submitted", "included", "revealing"].includes(status);
}

/** Uids of which the two say different things, in order. */
export function compareWeights(
  journal: WireWeights,
  chain: WireWeights,
  metagraph: Pick<Metagraph, "neurons">,
): Difference[] {
  const columns = [journal, chain].map(
    ({ uids, values }) => new Map(uids.map((uid, i) => [uid, values[i]!])),
  );
  const [ours, theirs] = [columns[0]!, columns[1]!];
  return [...new Set([...ours.keys(), ...theirs.keys()])]
    .sort((a, b) => a - b)
    .filter((uid) => ours.get(uid) !== theirs.get(uid))
    .map((uid) => ({
      uid,
      hotkey: metagraph.neurons[uid]?.hotkey ?? null,
      journal: ours.get(uid) ?? null,
      chain: theirs.get(uid) ?? null,
    }));
}

function describe({ uid, epoch, block, differences, pending, ...subject }: WeightDiff): string[] {
  const who = uid === null ? "the hotkey has no uid any more" : `uid ${uid}`;
  const verdict =
    differences.length > 0
      ? `${differences.length} uids differ from epoch ${epoch ?? "–: the journal set nothing"}`
      : epoch === null
        ? "nothing was set yet, and the chain shows nothing"
        : `the chain shows what the journal set in epoch ${epoch} ✓`;
  return [
    `${nameOf(subject)}  ${who}  block ${block}: ${verdict}`,
    ...(differences.length === 0
      ? []
      : table([
          ["  uid", "hotkey", "journal", "chain"],
          ...differences.map((row) => [
            `  ${row.uid}`,
            row.hotkey ?? "–",
            String(row.journal ?? "–"),
            String(row.chain ?? "–"),
          ]),
        ])),
    ...(differences.length > 0 && uid !== null
      ? ["  another machine may have set them, or an old copy of the journal is in use: docs/runbook.md"]
      : []),
    ...pending.map((each) => `  epoch ${each.epoch} ${each.status}: ${each.says}`),
  ];
}
