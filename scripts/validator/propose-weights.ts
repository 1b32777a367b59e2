import type { Chain } from "../../shared/chain/chain.ts";
import type { Metagraph } from "../../shared/chain/metagraph.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { EpochKey, EpochRecord } from "../../shared/journal/epoch-rows.ts";
import type { WeightBasis } from "../../shared/journal/weight-rows.ts";
import type { Logger } from "../../shared/logger.ts";
import type { EpochContext, SubnetTemplate } from "../../shared/template.ts";
import type { Hotkey, Json, Uid } from "../../shared/types.ts";
import { recordNow } from "../../validator/record-now.ts";
import type { WeightShare } from "../../validator/score-book.ts";
import { readWeightFacts } from "../../validator/weight-facts.ts";
import { planWeights, type WeightPlan } from "../../validator/weight-plan.ts";
import { openScorer } from "../open-scorer.ts";
import { createOutput, table } from "../output.ts";
import { quietLogger } from "../quiet-logger.ts";
import { loadTemplates } from "../template-folder/load-template.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";
import {
  assertSameChain,
  type JournalArgs,
  type JournalView,
  nameOf,
  oneSubject,
  type Subject,
  withJournal,
} from "./journal-view.ts";
import { type Receipt, toReceipt, verdictOf } from "./weight-receipts.ts";

/** The parsed flags of `subforge validator weights plan`. */
export type PlanWeightsArgs = JournalArgs &
  ChainArgs & { json: boolean; burnShare: number | undefined; template: string };

/** What would be set now, and where it comes from. */
export type Proposal = Subject & {
  /** The running epoch. */
  epoch: number;
  block: number;
  template: string;
  version: string;
  /** Epoch whose scores made the state. */
  stateEpoch: number;
  basis: WeightBasis;
  /** What was decided for this epoch before: nothing else will be signed for it. */
  decided: Receipt | undefined;
  shares: WeightShare[];
  plan: WeightPlan;
  /** Of `plan`, with who it is for. `share`: of all that is sent. */
  vector: { uid: Uid; hotkey: Hotkey | null; share: number; u16: number }[];
};

type ProposeDeps = {
  journal: Pick<JournalView, "epochs" | "scores" | "weights" | "path">;
  chain: Pick<
    Chain,
    "subnetRules" | "metagraph" | "lastUpdate" | "inclusionOf" | "blockHash" | "commitments"
  >;
  hotkey: Hotkey;
  /** The epoch's secret; default: zeros, for who has no key. Only questions are made of it, and no weights. */
  secret?: (epoch: number) => Uint8Array;
  burnShare?: number | undefined;
  /** Path of a template that does not ship with subforge; any name: those that do. */
  template: string;
  /** Of the scorer. */
  logger: Logger;
};

/** Prints what would be set now. Nothing is opened, signed or sent. */
export async function showPlan(args: PlanWeightsArgs): Promise<void> {
  await withJournal(args, async (journal) => {
    const subject = oneSubject(journal, args, "validator weights plan");
    await withChain(args, async (chain) => {
      assertSameChain(journal, chain);
      const { genesis, hotkey } = journal;
      const logger = quietLogger("planner", args);
      const { burnShare, template } = args;
      const proposal = await proposeWeights(subject, { journal, chain, hotkey, burnShare, template, logger });
      createOutput(args).result({ genesis, hotkey, ...proposal }, describeProposal(proposal));
    });
  });
}

/**
 * The weights of the running epoch, made of the newest state in the journal by the template that wrote it.
 *
 * @throws SubforgeError JOURNAL_NO_RECORD when nothing was scored by this version of the template, and what `openScorer` throws
 */
export async function proposeWeights(subject: Subject, deps: ProposeDeps): Promise<Proposal> {
  const { journal, chain, hotkey, burnShare } = deps;
  const facts = await readWeightFacts(subject, { chain, hotkey, weights: journal.weights });
  const { rules, metagraph } = facts;
  const key: EpochKey = { ...subject, epoch: rules.epochIndex };
  const newest = newestEpoch(journal, subject);
  const template = await (await loadTemplates([deps.template]))(newest.template);
  const state = journal.scores.stateBefore({ ...key, epoch: key.epoch + 1 }, stampOf(template));
  if (!state) {
    const what = `scores of ${template.id} ${template.version} for ${nameOf(subject)}`;
    throw new SubforgeError("JOURNAL_NO_RECORD", { path: journal.path, what, known: [] });
  }
  const { context: planned } = journal.epochs.epoch(key) ?? {};
  const validator = { mechanism: key.mechanism, validator: hotkey };
  const { sampling: _, ...recorded } = planned ?? (await recordNow(validator, { chain, rules, metagraph }));
  const secret = deps.secret?.(key.epoch) ?? new Uint8Array(32);
  const context: EpochContext = { ...recorded, secret, config: template.parseConfig(newest.config) };
  const shares = await sharesOf(template, context, state.state, deps);
  const plan: WeightPlan = shares
    ? planWeights(key, shares, facts, { burnShare })
    : { status: "abstain", reason: "score-invalid" };
  const before = journal.weights.get(key);
  return {
    ...key,
    ...{ block: rules.block, template: template.id, version: template.version },
    ...{ stateEpoch: state.epoch, basis: state.epoch === key.epoch ? "scored" : "kept" },
    decided: before && before.status !== "shadow" ? toReceipt(before, journal.weights) : undefined,
    ...{ shares: shares ?? [], plan, vector: toVector(plan, metagraph) },
  };
}

/** A template's code reads what strangers sent, and the key may be in this process: it gets one of its own. */
async function sharesOf(
  template: SubnetTemplate,
  context: EpochContext,
  state: Json,
  { logger }: Pick<ProposeDeps, "logger">,
): Promise<WeightShare[] | undefined> {
  const scorer = await openScorer(template, logger);
  try {
    return await scorer.weights(context, state);
  } finally {
    await scorer.close();
  }
}

function newestEpoch({ epochs, path }: ProposeDeps["journal"], { netuid, mechanism }: Subject): EpochRecord {
  const [newest] = epochs.latest(netuid, mechanism, 1);
  if (newest) return newest;
  const what = `epochs of ${nameOf({ netuid, mechanism })}`;
  throw new SubforgeError("JOURNAL_NO_RECORD", { path, what, known: [] });
}

function stampOf({ id, version }: SubnetTemplate): { template: string; version: string } {
  return { template: id, version };
}

function toVector(plan: WeightPlan, { neurons }: Metagraph): Proposal["vector"] {
  if (plan.status !== "send") return [];
  const { uids, values } = plan.content;
  const total = values.reduce((sum, value) => sum + value, 0);
  return uids.map((uid, i) => ({
    ...{ uid, hotkey: neurons[uid]?.hotkey ?? null },
    ...{ share: values[i]! / total, u16: values[i]! },
  }));
}

export function describeProposal(proposal: Proposal): string[] {
  const { epoch, block, template, version, stateEpoch, basis, decided, plan, vector } = proposal;
  const from = basis === "scored" ? `scored in this epoch` : `kept since epoch ${stateEpoch}`;
  return [
    `${nameOf(proposal)}  epoch ${epoch} at block ${block}`,
    `  from    ${template} ${version}, ${from}`,
    `  plan    ${describePlan(plan)}`,
    ...(vector.length === 0
      ? []
      : table([
          ["  uid", "hotkey", "share", "u16"],
          ...vector.map(({ uid, hotkey, share, u16 }) => [
            ...[`  ${uid}`, hotkey ?? "–", `${(100 * share).toFixed(2)} %`, String(u16)],
          ]),
        ])),
    ...(decided
      ? [`  decided ${decided.status}: ${verdictOf(decided)}; nothing else is signed for epoch ${epoch}`]
      : []),
  ];
}

export function describePlan(plan: WeightPlan): string {
  if (plan.status === "wait") return `the chain takes weights from block ${plan.block} on`;
  if (plan.status === "abstain") return `nothing: ${plan.reason}`;
  const { content, versionKey, method, filled } = plan;
  const fill = filled > 0 ? `, ${filled} of them only to reach the smallest number` : "";
  return `${content.uids.length} uids${fill}, ${method}, version key ${versionKey}`;
}
