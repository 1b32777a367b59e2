import type { Chain, Inclusion, SubnetRules } from "../shared/chain/chain.ts";
import { isSubforgeError } from "../shared/errors.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { WeightRecord } from "../shared/journal/weight-rows.ts";
import type { Logger } from "../shared/logger.ts";
import { keyOf, type WeightOutcome, type WeightOutcomeDeps } from "./weight-outcome.ts";

/** How often the same reveal is signed again, when the pool refused its bytes. */
const MAX_SIGNATURES = 3;

export type CommitFollowerDeps = WeightOutcomeDeps & {
  chain: Pick<Chain, "openCommits" | "sign" | "submit" | "inTurn" | "inclusionOf">;
  logger: Logger;
};

/**
 * What happens to weights after their commit is in a block: nothing until the epoch they open in; then the chain opens
 * a timelocked commit by itself, and one behind a hash is revealed by us, from the salt in the journal. Every step can be
 * taken by a process that knows the journal alone.
 */
export class CommitFollower {
  readonly #deps: CommitFollowerDeps;
  readonly #outcome: WeightOutcome;
  /** How often an epoch's reveal was signed by this process. */
  readonly #signatures = new Map<number, number>();

  constructor(deps: CommitFollowerDeps, outcome: WeightOutcome) {
    this.#deps = deps;
    this.#outcome = outcome;
  }

  /** Takes an included commit, or a reveal of it that is under way, as far as it gets now. */
  async follow(record: WeightRecord, rules: SubnetRules): Promise<void> {
    const revealEpoch = await this.#revealEpochOf(record, rules);
    if (record.status === "revealing") await this.#followReveal(record, rules, revealEpoch);
    else if (rules.epochIndex < revealEpoch) return;
    else if (record.method === "timelock") await this.#lookForRevealed(record, rules);
    else if (rules.epochIndex > revealEpoch) this.#outcome.fail(record, "reveal-missed");
    else if (rules.commitReveal) await this.#reveal(record, rules);
    // Else committing was switched off, and reveals are refused: it may be switched on again in time.
  }

  /** Our reveal was in a block: it is sent once more when a fork dropped that block, and read back otherwise. */
  async confirm(record: WeightRecord): Promise<void> {
    const { chain, weights, clock } = this.#deps;
    const { revealCall, revealSignedBlock } = record;
    if (revealCall && !(await chain.inclusionOf(revealCall.extrinsicHash, revealSignedBlock!))) {
      weights.revealing(record, revealCall, revealSignedBlock!, clock.nowMs());
    } else await this.#outcome.readBack(record, "reveal-lost");
  }

  /** Counted by the chain from the epoch the commit landed in; the period may be changed meanwhile. */
  async #revealEpochOf(record: WeightRecord, rules: SubnetRules): Promise<number> {
    const { chain, signer, weights, onEvent } = this.#deps;
    const { netuid, mechanism } = record;
    const period = rules.commitReveal?.revealPeriodEpochs;
    if (record.commitEpoch === undefined) {
      const open = await chain.openCommits(netuid, signer.address, mechanism);
      // Gone already, after a long absence, or moved by a fork: it was meant for the epoch that decided it.
      const commitEpoch = open.find(({ block }) => block === record.block)?.epoch ?? record.epoch;
      const revealEpoch = commitEpoch + (period ?? 1);
      weights.awaitReveal(record, commitEpoch, revealEpoch);
      failPoint("commit.awaited.after");
      const { method = "hash", round = null } = record;
      // What was foreseen, and an epoch more for one that landed late.
      const revealBlock = (record.revealBlock ?? rules.block) + (commitEpoch - record.epoch) * rules.tempo;
      onEvent({
        event: "weights.committed",
        ...keyOf(record),
        method,
        round,
        revealEpoch,
        revealBlock,
      });
      return revealEpoch;
    }
    const revealEpoch = period === undefined ? record.revealEpoch! : record.commitEpoch + period;
    if (revealEpoch !== record.revealEpoch) weights.awaitReveal(record, record.commitEpoch, revealEpoch);
    return revealEpoch;
  }

  /** As long as the beacon's pulse is missing, the chain tries again in each block of this epoch. */
  async #lookForRevealed(before: WeightRecord, rules: SubnetRules): Promise<void> {
    const { chain, signer, weights } = this.#deps;
    const record = weights.get(before)!; // the epoch of its commit may have been found out just now
    const open = await chain.openCommits(record.netuid, signer.address, record.mechanism);
    // By its epoch, not its block: a fork may have moved it.
    const isOpen = open.some(({ method, epoch }) => method === "timelock" && epoch === record.commitEpoch);
    if (!isOpen) {
      this.#onRevealed(record, rules.block);
      await this.#outcome.readBack(weights.get(record)!, "reveal-lost");
    } else if (rules.epochIndex > record.revealEpoch!) this.#outcome.fail(record, "reveal-missed");
  }

  /** The bytes are in the journal before they leave, as those of the commit were. */
  async #reveal(record: WeightRecord, rules: SubnetRules): Promise<void> {
    const { chain, signer, weights, clock } = this.#deps;
    const { netuid, mechanism, content, salt, versionKey, epoch } = record;
    if (!salt) return this.#outcome.fail(record, "salt-lost");
    this.#signatures.set(epoch, (this.#signatures.get(epoch) ?? 0) + 1);
    await chain.inTurn(signer.address, async () => {
      const kind = "revealWeights";
      failPoint("reveal.sign.before");
      const call = await chain.sign({ kind, netuid, mechanism, weights: content!, salt, versionKey }, signer);
      failPoint("reveal.sign.after");
      weights.revealing(record, call, rules.block, clock.nowMs());
      failPoint("reveal.signed.after");
      await this.#submit(weights.get(record)!);
    });
  }

  /** After a crash or a lost connection: the fate of the bytes first, then the same bytes again. */
  async #followReveal(record: WeightRecord, rules: SubnetRules, revealEpoch: number): Promise<void> {
    const { chain, signer } = this.#deps;
    const call = record.revealCall!;
    const found = await chain.inclusionOf(call.extrinsicHash, record.revealSignedBlock!);
    if (found) return this.#onInclusion(record, found);
    // Bytes that land later are refused by the chain: the epoch is over.
    if (rules.epochIndex > revealEpoch) return this.#outcome.fail(record, "reveal-missed");
    if (call.validUntil !== undefined && rules.block > call.validUntil) {
      return this.#signAgain(record, "expired");
    }
    await chain.inTurn(signer.address, () => this.#submit(record));
  }

  async #submit(record: WeightRecord): Promise<void> {
    const { chain, logger } = this.#deps;
    let inclusion: Inclusion | undefined;
    try {
      inclusion = await chain.submit(record.revealCall!);
      failPoint("reveal.submit.after");
    } catch (error) {
      if (!isSubforgeError(error)) throw error;
      logger.warn("weights.not-revealed", { epoch: record.epoch, code: error.code, reason: error.message });
      // Unknown, timed out or unreachable: the next block tells, by the hash of these bytes.
      if (error.code !== "CHAIN_CALL_REFUSED" && error.code !== "CHAIN_NONCE_TAKEN") return;
      // The pool refuses bytes that are in a block already, too: their nonce is used up.
      inclusion = await chain.inclusionOf(record.revealCall!.extrinsicHash, record.revealSignedBlock!);
      if (!inclusion) return this.#signAgain(record, error.message);
    }
    await this.#onInclusion(record, inclusion);
  }

  async #onInclusion(record: WeightRecord, inclusion: Inclusion): Promise<void> {
    if (!inclusion.ok) return this.#outcome.fail(record, inclusion.error.name);
    this.#onRevealed(record, inclusion.block);
    await this.#outcome.readBack(this.#deps.weights.get(record)!, "read-back-differs");
  }

  #onRevealed(record: WeightRecord, block: number): void {
    const { weights, clock, onEvent } = this.#deps;
    weights.revealed(record, block, clock.nowMs());
    failPoint("reveal.revealed.after");
    onEvent({ event: "weights.revealed", ...keyOf(record), block });
  }

  #signAgain(record: WeightRecord, reason: string): void {
    const { weights, clock } = this.#deps;
    if ((this.#signatures.get(record.epoch) ?? 0) >= MAX_SIGNATURES) this.#outcome.fail(record, reason);
    else weights.revealAgain(record, reason, clock.nowMs());
  }
}
