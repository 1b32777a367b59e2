import type { Chain, WireWeights } from "../shared/chain/chain.ts";
import { neuronByHotkey } from "../shared/chain/metagraph.ts";
import type { Clock } from "../shared/clock.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { EpochKey } from "../shared/journal/epoch-rows.ts";
import type { WeightRecords } from "../shared/journal/weight-records.ts";
import type { WeightRecord } from "../shared/journal/weight-rows.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { OnEvent } from "./events.ts";
import { equalWeights } from "./weight-obstacles.ts";

export type WeightOutcomeDeps = {
  chain: Pick<Chain, "metagraph" | "weights" | "finalizedHead">;
  signer: Keypair;
  weights: WeightRecords;
  clock: Clock;
  onEvent: OnEvent;
};

/** How the life of an epoch's weights ends: what the chain itself shows, or a name for what went wrong. */
export class WeightOutcome {
  readonly #deps: WeightOutcomeDeps;

  constructor(deps: WeightOutcomeDeps) {
    this.#deps = deps;
  }

  /**
   * Only what the chain itself shows is called set, in the state that no fork can undo.
   *
   * @param otherwise - Reason when the chain shows something else.
   */
  async readBack(record: WeightRecord, otherwise: string): Promise<void> {
    const { chain, signer, weights, clock, onEvent } = this.#deps;
    const { netuid, mechanism } = record;
    failPoint("weights.read-back.before");
    const self = neuronByHotkey(await chain.metagraph(netuid), signer.address);
    if (!self) return this.fail(record, "not-registered");
    const final = await chain.finalizedHead();
    if (final.number < (record.revealedBlock ?? record.block!)) return; // the next block tells
    const readBack = await chain.weights(netuid, self.uid, { mechanism, at: final.hash });
    if (!equalWeights(readBack, record.content!)) {
      return this.fail(record, this.#isOfLater(record, readBack) ? "superseded" : otherwise, readBack);
    }
    failPoint("weights.read-back.after");
    weights.verified(record, readBack, clock.nowMs());
    failPoint("weights.verified.after");
    onEvent({
      event: "weights.verified",
      ...keyOf(record),
      sent: record.content!,
      readBack,
      block: record.revealedBlock ?? record.block!,
      extrinsicHash: record.extrinsicHash!,
      basis: record.basis,
    });
  }

  fail(record: WeightRecord, reason: string, readBack?: WireWeights): void {
    this.#deps.weights.failed(record, reason, this.#deps.clock.nowMs(), readBack);
    failPoint("weights.fail.after");
    this.#deps.onEvent({ event: "weights.failed", ...keyOf(record), reason });
  }

  /** Were they replaced by our own weights of a later epoch, before anybody looked? */
  #isOfLater({ netuid, mechanism, epoch }: WeightRecord, row: WireWeights): boolean {
    const later = this.#deps.weights.latest(netuid, mechanism, 4).filter((other) => other.epoch > epoch);
    return later.some(({ content }) => content !== undefined && equalWeights(content, row));
  }
}

export function keyOf({ netuid, mechanism, epoch }: EpochKey): EpochKey {
  return { netuid, mechanism, epoch };
}
