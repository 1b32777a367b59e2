import { randomBytes } from "node:crypto";
import type { Call, Chain, Inclusion, SubnetRules } from "../shared/chain/chain.ts";
import { type Commitment, hashCommit, timelockCommit, weightsMethod } from "../shared/chain/commit-reveal.ts";
import { SALT_LENGTH } from "../shared/chain/timelock/commit-hash.ts";
import type { Clock } from "../shared/clock.ts";
import { isSubforgeError } from "../shared/errors.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { EpochKey } from "../shared/journal/epoch-rows.ts";
import type { WeightDecision, WeightRecords } from "../shared/journal/weight-records.ts";
import type { WeightBasis, WeightRecord } from "../shared/journal/weight-rows.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { BlockNumber, Netuid } from "../shared/types.ts";
import { CommitFollower } from "./commit-follower.ts";
import type { AbstainReason, OnEvent } from "./events.ts";
import type { WeightShare } from "./score-book.ts";
import { readWeightFacts } from "./weight-facts.ts";
import { WeightFinality } from "./weight-finality.ts";
import { findChange } from "./weight-obstacles.ts";
import { keyOf, WeightOutcome } from "./weight-outcome.ts";
import { planWeights, type WeightFacts } from "./weight-plan.ts";

/**
 * How often the same content is signed in one epoch, when the pool refuses its bytes. The blocks between two of them double:
 * a pool that takes nothing for some minutes costs no epoch, and one that never does gets no flood.
 */
const MAX_SIGNATURES = 6;

export type WeightSetterDeps = {
  chain: Pick<
    Chain,
    | "subnetRules"
    | "metagraph"
    | "weights"
    | "lastUpdate"
    | "openCommits"
    | "sign"
    | "submit"
    | "inTurn"
    | "inclusionOf"
    | "finalizedHead"
    | "blockHash"
  >;
  signer: Keypair;
  weights: WeightRecords;
  clock: Clock;
  logger: Logger;
  onEvent: OnEvent;
  /**
   * May this process sign for that subnet now? Asked right before each signature of weights. false: asked again at a later
   * block; when the epoch is over, its weights were held back.
   */
  maySign(netuid: Netuid): Promise<boolean>;
  /** Only watch: nothing is signed or sent, and receipts say what would have been. Default false. */
  shadow?: boolean | undefined;
  /** 0..1 of all weight goes to the subnet owner's uid, where it is burned. Default 0. */
  burnShare?: number | undefined;
};

/**
 * Gets the weights of an epoch onto the chain: planned, signed, submitted, included, revealed where they are committed
 * first, read back. Each step is in the journal before the next one begins, so that whoever takes over after a crash knows
 * what may have happened. For one epoch one content is ever signed.
 */
export class WeightSetter {
  readonly #deps: WeightSetterDeps;
  /** How often an epoch's content was signed by this process, and from which block on it may be signed again. */
  readonly #signatures = new Map<string, { count: number; nextBlock: BlockNumber }>();
  /** Decided, and not signed because this process may not. */
  readonly #heldBack = new Set<string>();
  readonly #outcome: WeightOutcome;
  readonly #follower: CommitFollower;
  readonly #finality: WeightFinality;

  constructor(deps: WeightSetterDeps) {
    this.#deps = deps;
    this.#outcome = new WeightOutcome(deps);
    this.#follower = new CommitFollower(deps, this.#outcome);
    this.#finality = new WeightFinality(deps);
  }

  /** Is there nothing left to decide for this epoch? What a shadow run would have sent binds nobody but itself. */
  isDecided(key: EpochKey): boolean {
    const record = this.#deps.weights.get(key);
    return record !== undefined && (this.#deps.shadow === true || record.status !== "shadow");
  }

  /**
   * Decides what to send for the running epoch, if anything may be sent.
   *
   * @param basis - Whether the shares come of this epoch's scores, or of a state that was kept.
   * @returns false when the chain accepts weights only later in this epoch: ask again at a later block.
   */
  async decide(
    key: EpochKey,
    shares: readonly WeightShare[],
    basis: WeightBasis = "scored",
  ): Promise<boolean> {
    const { weights, clock, burnShare, shadow } = this.#deps;
    const facts = await this.#facts(key);
    const { block } = facts.rules;
    const plan = planWeights(key, shares, facts, { burnShare });
    if (plan.status === "wait") return false;
    if (plan.status === "abstain") {
      this.abstain(key, plan.reason, block);
      return true;
    }
    const decision = { content: plan.content, versionKey: plan.versionKey, block, basis };
    if (shadow) this.#shadow(key, block, decision);
    else {
      failPoint("weights.decide.before");
      weights.decide(key, decision, clock.nowMs());
      failPoint("weights.decide.after");
    }
    return true;
  }

  abstain(key: EpochKey, reason: AbstainReason, block: BlockNumber): void {
    const { weights, clock, onEvent, shadow } = this.#deps;
    const before = weights.get(key)?.status;
    if (shadow) {
      this.#shadow(key, block, { reason });
      return;
    }
    failPoint("weights.abstain.before");
    weights.abstain(key, reason, block, clock.nowMs());
    failPoint("weights.abstain.after");
    if (before !== "abstained" && weights.get(key)?.status === "abstained") {
      onEvent({ event: "weights.abstained", ...keyOf(key), reason });
    }
  }

  #shadow(key: EpochKey, block: BlockNumber, outcome: WeightDecision | { reason: string }): void {
    const { weights, clock, onEvent } = this.#deps;
    const isNew = !this.isDecided(key);
    weights.shadow(key, block, outcome, clock.nowMs());
    if (!isNew) return;
    const told =
      "reason" in outcome
        ? { would: null, reason: outcome.reason, basis: "scored" as const }
        : { would: outcome.content, reason: null, basis: outcome.basis ?? "scored" };
    onEvent({ event: "weights.shadow", ...keyOf(key), ...told });
  }

  #facts(key: EpochKey): Promise<WeightFacts> {
    const { chain, signer, weights } = this.#deps;
    return readWeightFacts(key, { chain, hotkey: signer.address, weights });
  }

  /** Takes every open epoch as far as it gets now. Throws only for what the next call may mend. */
  async advance(netuid: number, mechanism: number): Promise<void> {
    for (const record of this.#deps.weights.unfinished(netuid, mechanism)) await this.#advanceOne(record);
  }

  async #advanceOne(record: WeightRecord): Promise<void> {
    const rules = await this.#deps.chain.subnetRules(record.netuid);
    const running = rules.epochIndex === record.epoch;
    switch (record.status) {
      case "planned":
        if (!running) this.#closeWindow(record, rules.block);
        else if (!this.#deps.shadow && rules.block >= this.#signaturesOf(record).nextBlock)
          await this.#sign(record);
        return;
      case "signed":
      case "submitted":
        await this.#send(record, rules, running);
        return;
      case "included":
        if (!(await this.#finality.isFinal(record))) return;
        if (isCommitted(record)) await this.#follower.follow(record, rules);
        else await this.#outcome.readBack(record, "read-back-differs");
        return;
      case "revealing":
        await this.#follower.follow(record, rules);
        return;
      case "revealed":
        await this.#follower.confirm(record);
        return;
    }
  }

  #closeWindow(record: WeightRecord, block: BlockNumber): void {
    const { weights, clock, onEvent } = this.#deps;
    const reason: AbstainReason = this.#heldBack.delete(idOf(record)) ? "held-back" : "window-over";
    weights.abstain(record, reason, block, clock.nowMs());
    onEvent({ event: "weights.abstained", ...keyOf(record), reason });
  }

  /** The bytes are in the journal before they leave: a crash in between leaves them to be sent, or never sent. */
  async #sign(record: WeightRecord): Promise<void> {
    const { chain, signer, weights, clock, onEvent } = this.#deps;
    await chain.inTurn(signer.address, async () => {
      const facts = await this.#facts(record); // after its turn came: rounds are chosen by the block
      const { rules } = facts;
      const change = findChange(record, facts);
      if (change === "wait") return;
      if (change) return this.abstain(record, change, rules.block);
      const prepared = this.#prepare(this.#withVersionKey(record, rules), rules);
      if (!prepared.ok) return this.abstain(record, prepared.reason, rules.block);
      // The last question before the signature: whoever slept meanwhile is told here.
      if (!(await this.#maySign(record))) return;
      const { count } = this.#signaturesOf(record);
      this.#signatures.set(idOf(record), { count: count + 1, nextBlock: rules.block + 2 ** count });
      failPoint("weights.sign.before");
      const call = await chain.sign(prepared.call, signer);
      failPoint("weights.sign.after");
      weights.signed(record, call, clock.nowMs());
      failPoint("weights.signed.after");
      onEvent({
        event: "weights.signed",
        ...keyOf(record),
        sent: record.content!,
        extrinsicHash: call.extrinsicHash,
        basis: record.basis,
      });
      return this.#submit(weights.get(record)!);
    });
  }

  async #maySign(key: EpochKey): Promise<boolean> {
    const may = await this.#deps.maySign(key.netuid);
    if (may) this.#heldBack.delete(idOf(key));
    else if (!this.#heldBack.has(idOf(key))) {
      this.#heldBack.add(idOf(key));
      this.#deps.logger.warn("weights.held-back", keyOf(key));
    }
    return may;
  }

  /** The chain refuses a smaller key than its own of now. */
  #withVersionKey(record: WeightRecord, { weightsVersionKey }: SubnetRules): WeightRecord {
    if (record.versionKey === weightsVersionKey) return record;
    this.#deps.weights.setVersionKey(record, weightsVersionKey);
    return { ...record, versionKey: weightsVersionKey };
  }

  /** The call by which the subnet takes weights now, with all that opens it later in the journal. */
  #prepare(
    record: WeightRecord,
    rules: SubnetRules,
  ): Commitment | { ok: true; call: Call; reveal: undefined; round: undefined } {
    const { signer, weights } = this.#deps;
    const { netuid, mechanism, versionKey } = record;
    const subject = { netuid, mechanism, weights: record.content!, versionKey };
    const method = weightsMethod(rules);
    const salt = weights.chooseMethod(record, method, newSalt());
    if (method === "plain") {
      const call: Call =
        mechanism === 0 ? { kind: "setWeights", ...subject } : { kind: "setMechanismWeights", ...subject };
      return { ok: true, call, reveal: undefined, round: undefined };
    }
    const commitment =
      method === "hash" ? hashCommit(subject, salt, rules, signer) : timelockCommit(subject, rules, signer);
    if (commitment.ok) weights.expectReveal(record, commitment.round, commitment.reveal.firstRevealBlock);
    return commitment;
  }

  /** After a crash or a lost connection: the fate of the bytes first, then the same bytes again. */
  async #send(record: WeightRecord, rules: SubnetRules, running: boolean): Promise<void> {
    const { chain, signer } = this.#deps;
    const call = record.call!;
    const found = await chain.inclusionOf(call.extrinsicHash, record.decidedBlock);
    if (found) return this.#onInclusion(record, found);
    const expired = call.validUntil !== undefined && rules.block > call.validUntil;
    if (!running) {
      // Never sent late on purpose; but bytes that may still be in a pool have to be watched until they expire.
      if (expired || record.status === "signed") this.#outcome.fail(record, "window-over");
      return;
    }
    if (expired) return this.#signAgain(record, "expired");
    if (this.#deps.shadow) return;
    await chain.inTurn(signer.address, () => this.#submit(record));
  }

  async #submit(record: WeightRecord): Promise<void> {
    const { chain, weights, clock, logger } = this.#deps;
    weights.submitted(record, clock.nowMs());
    failPoint("weights.submit.before");
    try {
      const inclusion = await chain.submit(record.call!);
      failPoint("weights.submit.after");
      this.#onInclusion(record, inclusion);
    } catch (error) {
      if (!isSubforgeError(error)) throw error;
      logger.warn("weights.not-included", { epoch: record.epoch, code: error.code, reason: error.message });
      const isRefused = error.code === "CHAIN_CALL_REFUSED" || error.code === "CHAIN_NONCE_TAKEN";
      if (isRefused) await this.#onRefusal(record, error.message);
      // Unknown, timed out or unreachable: the next block tells, by the hash of these bytes.
      return;
    }
    await this.#afterInclusion(weights.get(record)!);
  }

  /** What was set in the open can be read back as soon as it is final; the rest begins with a later block. */
  async #afterInclusion(record: WeightRecord): Promise<void> {
    if (record.status !== "included" || isCommitted(record)) return;
    if (!(await this.#finality.isFinal(record))) return;
    await this.#outcome.readBack(record, "read-back-differs");
  }

  /** The pool refuses bytes that are in a block already, too: their nonce is used up. */
  async #onRefusal(record: WeightRecord, reason: string): Promise<void> {
    const found = await this.#deps.chain.inclusionOf(record.call!.extrinsicHash, record.decidedBlock);
    if (found) {
      this.#onInclusion(record, found);
      await this.#afterInclusion(this.#deps.weights.get(record)!);
    } else this.#signAgain(record, reason);
  }

  /** The same content with a new nonce and era. */
  #signAgain(record: WeightRecord, reason: string): void {
    const { weights, clock } = this.#deps;
    if (this.#signaturesOf(record).count >= MAX_SIGNATURES) this.#outcome.fail(record, reason);
    else weights.planned(record, reason, clock.nowMs());
  }

  #signaturesOf(key: EpochKey): { count: number; nextBlock: BlockNumber } {
    return this.#signatures.get(idOf(key)) ?? { count: 0, nextBlock: 0 };
  }

  #onInclusion(record: WeightRecord, inclusion: Inclusion): void {
    const { weights, clock, onEvent } = this.#deps;
    weights.included(record, inclusion, clock.nowMs());
    failPoint("weights.included.after");
    const { block, extrinsicHash } = inclusion;
    onEvent({ event: "weights.included", ...keyOf(record), block, extrinsicHash });
    if (!inclusion.ok) this.#outcome.fail(record, inclusion.error.name);
  }
}

/** One of several subnets, mechanisms and epochs. */
function idOf({ netuid, mechanism, epoch }: EpochKey): string {
  return `${netuid}/${mechanism}/${epoch}`;
}

function isCommitted({ method }: WeightRecord): boolean {
  return method === "hash" || method === "timelock";
}

/** Random: it is all that keeps the weights secret until they are revealed. */
function newSalt(): number[] {
  return [...new Uint16Array(Uint8Array.from(randomBytes(2 * SALT_LENGTH)).buffer)];
}
