import type { Chain, Inclusion, SubnetRules, WireWeights } from "../shared/chain/chain.ts";
import { type Metagraph, type Neuron, neuronByHotkey } from "../shared/chain/metagraph.ts";
import { toWireWeights } from "../shared/chain/weights.ts";
import type { Clock } from "../shared/clock.ts";
import { isSubforgeError } from "../shared/errors.ts";
import type { EpochKey } from "../shared/journal/epoch-rows.ts";
import type { WeightRecord, WeightRecords } from "../shared/journal/weight-records.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { BlockNumber } from "../shared/types.ts";
import type { AbstainReason, OnEvent } from "./events.ts";
import type { WeightShare } from "./score-book.ts";

/** How often the same content is signed again, when the pool refused its bytes. */
const MAX_SIGNATURES = 3;

export type WeightSetterDeps = {
  chain: Pick<
    Chain,
    "subnetRules" | "metagraph" | "weights" | "sign" | "submit" | "inTurn" | "inclusionOf" | "head"
  >;
  signer: Keypair;
  weights: WeightRecords;
  clock: Clock;
  logger: Logger;
  onEvent: OnEvent;
};

/**
 * Gets the weights of an epoch onto the chain: planned, signed, submitted, included, read back. Each step is in the
 * journal before the next one begins, so that whoever takes over after a crash knows what may have happened. For one
 * epoch one content is ever signed.
 */
export class WeightSetter {
  readonly #deps: WeightSetterDeps;
  /** How often an epoch's content was signed by this process. */
  readonly #signatures = new Map<number, number>();

  constructor(deps: WeightSetterDeps) {
    this.#deps = deps;
  }

  /**
   * Decides what to send for the running epoch, if anything may be sent.
   *
   * @returns false when the chain accepts weights only later in this epoch: ask again at a later block.
   */
  async decide(key: EpochKey, shares: readonly WeightShare[], epochStart: BlockNumber): Promise<boolean> {
    const { chain, weights, clock } = this.#deps;
    const rules = await chain.subnetRules(key.netuid);
    const metagraph = await chain.metagraph(key.netuid);
    const self = neuronByHotkey(metagraph, this.#deps.signer.address);
    const ownBlocks = weights.latest(key.netuid, key.mechanism, 4).map(({ block }) => block);
    const obstacle = findObstacle(key, rules, self, { epochStart, ownBlocks });
    if (obstacle === "wait") return false;
    if (obstacle) {
      this.abstain(key, obstacle, rules.block);
      return true;
    }
    const content = toWireWeights(stillThere(shares, metagraph), rules, metagraph.neurons.length);
    if (content.uids.length === 0) {
      this.abstain(key, "nobody-scored", rules.block);
      return true;
    }
    const decision = { content, versionKey: rules.weightsVersionKey, block: rules.block };
    weights.decide(key, decision, clock.nowMs());
    return true;
  }

  abstain(key: EpochKey, reason: AbstainReason, block: BlockNumber): void {
    const { weights, clock, onEvent } = this.#deps;
    const before = weights.get(key)?.status;
    weights.abstain(key, reason, block, clock.nowMs());
    if (before !== "abstained" && weights.get(key)?.status === "abstained") {
      onEvent({ event: "weights.abstained", ...only(key), reason });
    }
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
        if (running) await this.#sign(record);
        else this.abstain(record, "window-over", rules.block);
        return;
      case "signed":
      case "submitted":
        await this.#send(record, rules, running);
        return;
      case "included":
        await this.#readBack(record);
        return;
    }
  }

  /** The bytes are in the journal before they leave: a crash in between leaves them to be sent, or never sent. */
  async #sign(record: WeightRecord): Promise<void> {
    const { chain, signer, weights, clock, onEvent } = this.#deps;
    const { netuid, versionKey, content } = record;
    this.#signatures.set(record.epoch, (this.#signatures.get(record.epoch) ?? 0) + 1);
    await chain.inTurn(signer.address, async () => {
      const call = await chain.sign({ kind: "setWeights", netuid, weights: content!, versionKey }, signer);
      weights.signed(record, call, clock.nowMs());
      onEvent({
        event: "weights.signed",
        ...only(record),
        sent: content!,
        extrinsicHash: call.extrinsicHash,
      });
      await this.#submit(weights.get(record)!);
    });
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
      if (expired || record.status === "signed") this.#fail(record, "window-over");
      return;
    }
    if (expired) return this.#signAgain(record, "expired");
    await chain.inTurn(signer.address, () => this.#submit(record));
  }

  async #submit(record: WeightRecord): Promise<void> {
    const { chain, weights, clock, logger } = this.#deps;
    weights.submitted(record, clock.nowMs());
    try {
      this.#onInclusion(record, await chain.submit(record.call!));
    } catch (error) {
      if (!isSubforgeError(error)) throw error;
      logger.warn("weights.not-included", { epoch: record.epoch, code: error.code, reason: error.message });
      if (error.code === "CHAIN_CALL_REFUSED") await this.#onRefusal(record, error.message);
      // Unknown, timed out or unreachable: the next block tells, by the hash of these bytes.
      return;
    }
    await this.#readBack(weights.get(record)!);
  }

  /** The pool refuses bytes that are in a block already, too: their nonce is used up. */
  async #onRefusal(record: WeightRecord, reason: string): Promise<void> {
    const found = await this.#deps.chain.inclusionOf(record.call!.extrinsicHash, record.decidedBlock);
    if (found) {
      this.#onInclusion(record, found);
      await this.#readBack(this.#deps.weights.get(record)!);
    } else this.#signAgain(record, reason);
  }

  /** The same content with a new nonce and era. */
  #signAgain(record: WeightRecord, reason: string): void {
    const { weights, clock } = this.#deps;
    if ((this.#signatures.get(record.epoch) ?? 0) >= MAX_SIGNATURES) this.#fail(record, reason);
    else weights.planned(record, reason, clock.nowMs());
  }

  #onInclusion(record: WeightRecord, inclusion: Inclusion): void {
    const { weights, clock, onEvent } = this.#deps;
    weights.included(record, inclusion, clock.nowMs());
    const { block, extrinsicHash } = inclusion;
    onEvent({ event: "weights.included", ...only(record), block, extrinsicHash });
    if (!inclusion.ok) this.#fail(record, inclusion.error.name);
  }

  /** Only what the chain itself shows is called set. */
  async #readBack(record: WeightRecord): Promise<void> {
    if (record.status !== "included") return;
    const { chain, signer, weights, clock, onEvent } = this.#deps;
    const self = neuronByHotkey(await chain.metagraph(record.netuid), signer.address);
    if (!self) return this.#fail(record, "not-registered");
    const readBack = await chain.weights(record.netuid, self.uid);
    if (!equal(readBack, record.content!)) return this.#fail(record, "read-back-differs", readBack);
    weights.verified(record, readBack, clock.nowMs());
    onEvent({
      event: "weights.verified",
      ...only(record),
      sent: record.content!,
      readBack,
      block: record.block!,
      extrinsicHash: record.extrinsicHash!,
    });
  }

  #fail(record: WeightRecord, reason: string, readBack?: WireWeights): void {
    this.#deps.weights.failed(record, reason, this.#deps.clock.nowMs(), readBack);
    this.#deps.onEvent({ event: "weights.failed", ...only(record), reason });
  }
}

/** What the chain would refuse, found out before anything is signed. Pure. */
function findObstacle(
  key: EpochKey,
  rules: SubnetRules,
  self: Neuron | undefined,
  known: { epochStart: BlockNumber; ownBlocks: readonly (BlockNumber | undefined)[] },
): AbstainReason | "wait" | undefined {
  if (rules.epochIndex !== key.epoch) return "window-over";
  if (!self) return "not-registered";
  if (rules.commitRevealEnabled) return "commit-reveal-unsupported";
  if (!self.validatorPermit) return "no-permit";
  if (self.stakeRao < rules.stakeThresholdRao) return "stake-too-low";
  const newer = self.lastUpdate > Math.max(known.epochStart, self.registeredAt);
  if (newer && !known.ownBlocks.includes(self.lastUpdate)) return "set-by-another";
  const allowedFrom = self.lastUpdate === 0 ? 0 : self.lastUpdate + rules.weightsRateLimit;
  if (rules.block >= allowedFrom) return undefined;
  const inTime = rules.nextEpochBlock !== undefined && allowedFrom < rules.nextEpochBlock;
  return inTime ? "wait" : "rate-limit";
}

/** A uid whose hotkey changed since the epoch began is somebody else, who has earned nothing yet. */
function stillThere(shares: readonly WeightShare[], metagraph: Metagraph): WeightShare[] {
  return shares.filter(({ uid, hotkey }) => metagraph.neurons[uid]?.hotkey === hotkey);
}

function equal(a: WireWeights, b: WireWeights): boolean {
  const inOrder = ({ uids, values }: WireWeights) =>
    JSON.stringify(uids.map((uid, i) => [uid, values[i]]).sort((x, y) => x[0]! - y[0]!));
  return inOrder(a) === inOrder(b);
}

function only({ netuid, mechanism, epoch }: EpochKey): EpochKey {
  return { netuid, mechanism, epoch };
}
