import type { Chain } from "../shared/chain/chain.ts";
import { standingOf } from "../shared/chain/finality.ts";
import type { Clock } from "../shared/clock.ts";
import type { WeightRecords } from "../shared/journal/weight-records.ts";
import type { WeightRecord } from "../shared/journal/weight-rows.ts";
import type { Logger } from "../shared/logger.ts";
import type { Hex } from "../shared/types.ts";

/** Blocks that are known to be final; more than the epochs that are open at any time. */
const MAX_KNOWN = 64;

export type WeightFinalityDeps = {
  chain: Pick<Chain, "finalizedHead" | "blockHash">;
  weights: WeightRecords;
  clock: Clock;
  logger: Logger;
};

/** Keeps weights from being called set as long as a fork can still undo them. */
export class WeightFinality {
  readonly #deps: WeightFinalityDeps;
  readonly #known = new Set<Hex>();

  constructor(deps: WeightFinalityDeps) {
    this.#deps = deps;
  }

  /**
   * Is the block that has the call there for good? One that a fork dropped leaves the call submitted again: its bytes
   * are looked for, and sent once more.
   */
  async isFinal(record: WeightRecord): Promise<boolean> {
    const { chain, weights, clock, logger } = this.#deps;
    const { epoch, block = 0, blockHash = "0x" } = record;
    if (this.#known.has(blockHash)) return true;
    const standing = await standingOf(chain, { block, blockHash });
    if (standing === "dropped") {
      logger.warn("weights.block-dropped", { epoch, block, blockHash });
      weights.submitted(record, clock.nowMs());
    }
    if (standing !== "final") return false;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.add(blockHash);
    return true;
  }
}
