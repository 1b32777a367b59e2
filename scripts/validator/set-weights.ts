import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { openJournal, readJournal } from "../../shared/journal/journal.ts";
import type { WeightRecord } from "../../shared/journal/weight-rows.ts";
import type { Keypair } from "../../shared/keys/keypair.ts";
import { epochSecret } from "../../validator/epoch-secret.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import { WeightSetter } from "../../validator/weight-setter.ts";
import { loadSigner, type WalletArgs } from "../load-signer.ts";
import { createOutput, type Output } from "../output.ts";
import { quietLogger } from "../quiet-logger.ts";
import { type ChainArgs, withChain } from "../with-chain.ts";
import { confirmPlan } from "../write-plan.ts";
import { type JournalArgs, journalPath, nameOf, oneSubject } from "./journal-view.ts";
import { type PlannerTurn, type PlannerTurnArgs, takePlannerTurn } from "./planner-turn.ts";
import { describePlan, describeProposal, proposeWeights } from "./propose-weights.ts";
import { toReceipt, verdictOf } from "./weight-receipts.ts";

/** The parsed flags of `subforge validator weights set`. */
export type SetWeightsArgs = JournalArgs &
  ChainArgs &
  WalletArgs &
  PlannerTurnArgs & {
    json: boolean;
    yes: boolean;
    dryRun: boolean;
    burnShare: number | undefined;
    template: string;
  };

/** From here on nothing of it is under way: what comes later comes with a later block, and a validator follows it. */
const SETTLED = ["verified", "failed", "abstained", "revealed"];

/** Waiting longer than this for a block that shows it is for a validator that runs. */
const PATIENCE_MS = 180_000;

/**
 * Sets the weights of the running epoch by hand: plan, yes, sign, pool, block, read back. It takes the same way as a
 * running validator does, so that for one epoch one content is ever signed; and the lock of the journal and the lease in
 * Redis, so that none runs.
 *
 * @throws SubforgeError JOURNAL_LOCKED while a validator runs with this journal, JOURNAL_ABSENT, JOURNAL_NO_RECORD,
 * PLAN_DECLINED, PLANNER_LEASE_HELD, WEIGHTS_NOT_SIGNED, WEIGHTS_FAILED, WEIGHTS_UNSETTLED, and what `loadSigner` and `withChain` throw
 */
export async function setWeightsByHand(args: SetWeightsArgs, signal: AbortSignal): Promise<void> {
  const output = createOutput(args);
  const path = journalPath(args.data);
  readJournal(path).close(); // a folder without one gets none
  const signer = await loadSigner(args);
  await withChain(args, async (chain) => {
    const { genesis } = chain.identity;
    const journal = openJournal({ path, genesis, hotkey: signer.address });
    let turn: PlannerTurn | undefined;
    try {
      const { weights } = journal;
      const logger = quietLogger("planner", args);
      const subject = oneSubject({ ...journal, path }, args, "validator weights set");
      const proposal = await proposeWeights(subject, {
        journal: { ...journal, path },
        chain,
        hotkey: signer.address,
        secret: (epoch) => epochSecret(signer, genesis, subject.netuid, epoch),
        ...{ burnShare: args.burnShare, template: args.template },
        logger,
      });
      for (const line of describeProposal(proposal)) output.line(line);
      const key = { ...subject, epoch: proposal.epoch };
      const { plan, shares, basis } = proposal;
      if (!proposal.decided && plan.status !== "send") {
        throw new SubforgeError("WEIGHTS_NOT_SIGNED", { epoch: key.epoch, reason: describePlan(plan) });
      }
      if (args.dryRun) {
        output.line("nothing was signed: --dry-run");
        output.result({ set: false, dryRun: true, ...proposal });
        return;
      }
      const { netuid } = key;
      turn = await takePlannerTurn(args, { genesis, hotkey: signer.address, netuid, output, logger, signal });
      const { maySign } = turn; // and the lock of the journal is held, and somebody says yes
      await confirmPlan(`set the weights of epoch ${key.epoch} of ${nameOf(key)}`, args);
      const setter = new WeightSetter({
        ...{ chain, signer, weights, clock: systemClock, logger },
        onEvent: (event) => tell(event, output),
        maySign,
        burnShare: args.burnShare,
      });
      if (!proposal.decided) await setter.decide(key, shares, basis);
      const record = await follow(() => weights.get(key)!, setter, chain, signal);
      report(record, output, { weights, signer });
    } finally {
      await turn?.release();
      journal.close();
    }
  });
}

/** Block by block, until it is settled, or opens only in a later epoch. */
async function follow(
  read: () => WeightRecord,
  setter: WeightSetter,
  chain: { heads(signal: AbortSignal): AsyncIterable<unknown> },
  signal: AbortSignal,
): Promise<WeightRecord> {
  const { netuid, mechanism } = read();
  const ended = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  for await (const _ of chain.heads(ended)) {
    await setter.advance(netuid, mechanism);
    const { status, revealEpoch } = read();
    if (SETTLED.includes(status) || (status === "included" && revealEpoch !== undefined)) break;
  }
  return read();
}

/** @throws SubforgeError WEIGHTS_FAILED, WEIGHTS_UNSETTLED */
function report(
  record: WeightRecord,
  output: Output,
  { weights, signer }: { weights: Parameters<typeof toReceipt>[1]; signer: Keypair },
): void {
  const receipt = toReceipt(record, weights);
  const isCommitted = record.status === "included" && record.revealEpoch !== undefined;
  if (record.status !== "verified" && !isCommitted) {
    const { epoch, status } = record;
    const reason = verdictOf(record);
    if (status === "failed") throw new SubforgeError("WEIGHTS_FAILED", { epoch, reason });
    if (status === "abstained") throw new SubforgeError("WEIGHTS_NOT_SIGNED", { epoch, reason });
    throw new SubforgeError("WEIGHTS_UNSETTLED", { epoch, status, reason });
  }
  output.result({ set: record.status === "verified", hotkey: signer.address, receipt }, [
    isCommitted
      ? `committed in block ${record.block}: ${verdictOf(record)}; a running validator follows it`
      : `set in block ${record.block}: ${verdictOf(record)}`,
  ]);
}

function tell(event: ValidatorEvent, output: Output): void {
  if (event.event === "weights.signed") output.line(`signed   ${event.extrinsicHash}`);
  if (event.event === "weights.included") output.line(`included block ${event.block}`);
  if (event.event === "weights.failed") output.line(`failed   ${event.reason}`);
}
