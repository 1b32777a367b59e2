import { neuronByHotkey } from "../shared/chain/metagraph.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { BlockNumber, Netuid } from "../shared/types.ts";
import type { OnEvent } from "./events.ts";
import { readWeightFacts, type WeightFactsDeps } from "./weight-facts.ts";

export type DoppelgangerOptions = {
  netuid: Netuid;
  /** Mechanisms whose weights this process sets. */
  mechanisms: readonly number[];
  /** How many epochs to look for another machine before the first signature. 0: not at all. */
  epochs: number;
};

export type DoppelgangerDeps = WeightFactsDeps & { onEvent: OnEvent };

/** What the chain shows of the hotkey's weights. */
type Sight = {
  block: BlockNumber;
  tempo: number;
  /** Newest weights or commit in any mechanism, 0 when there were none since the hotkey registered. */
  lastUpdate: BlockNumber;
  /** Is every mechanism's last one in our journal, or was there none? */
  isOurs: boolean;
};

/**
 * Looks for another machine that validates with the same hotkey, before this process signs its first weights. Whose journal
 * knows the chain's last weights sent them: that machine need not wait. Everybody else, with a new journal or an old copy,
 * waits: weights that appear meanwhile and that the journal does not know are somebody else's.
 *
 * It cannot see a machine that started in the same epoch, nor one that runs on a copy of this very journal.
 */
export class Doppelganger {
  readonly #options: DoppelgangerOptions;
  readonly #deps: DoppelgangerDeps;
  #first: (Sight & { untilBlock: BlockNumber }) | undefined;
  #isClear = false;

  constructor(options: DoppelgangerOptions, deps: DoppelgangerDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * Call it at each block, and before a signature: a look costs nothing once the way is clear.
   *
   * @returns Whether weights may be signed now.
   * @throws SubforgeError DOPPELGANGER_FOUND, and the CHAIN_ codes of its questions
   */
  async isClear(): Promise<boolean> {
    if (this.#isClear) return true;
    const { netuid, epochs } = this.#options;
    if (epochs === 0) return this.#clear("off");
    const sight = await this.#look();
    if (sight.tempo === 0) return false; // epochs are off: no end to wait for, and nothing to sign
    if (sight.isOurs && sight.lastUpdate > 0) return this.#clear("journal");
    if (!this.#first) {
      const untilBlock = sight.block + epochs * sight.tempo;
      this.#first = { ...sight, untilBlock };
      const { lastUpdate } = sight;
      this.#deps.onEvent({ event: "doppelganger.waiting", netuid, untilBlock, lastUpdate });
      return false;
    }
    if (sight.lastUpdate > this.#first.lastUpdate) {
      const block = sight.lastUpdate;
      throw new SubforgeError("DOPPELGANGER_FOUND", { hotkey: this.#deps.hotkey, netuid, block });
    }
    return sight.block >= this.#first.untilBlock ? this.#clear("waited") : false;
  }

  #clear(proof: "journal" | "waited" | "off"): true {
    this.#isClear = true;
    this.#deps.onEvent({ event: "doppelganger.clear", netuid: this.#options.netuid, proof });
    return true;
  }

  async #look(): Promise<Sight> {
    const { netuid, mechanisms } = this.#options;
    const sight: Sight = { block: 0, tempo: 0, lastUpdate: 0, isOurs: true };
    for (const mechanism of mechanisms) {
      const { rules, metagraph, hotkey, lastUpdate, isOurs } = await readWeightFacts(
        { netuid, mechanism },
        this.#deps,
      );
      sight.block = rules.block;
      sight.tempo = rules.tempo;
      // The chain counts a registration as an update.
      if (lastUpdate <= (neuronByHotkey(metagraph, hotkey)?.registeredAt ?? 0)) continue;
      sight.lastUpdate = Math.max(sight.lastUpdate, lastUpdate);
      sight.isOurs &&= isOurs;
    }
    return sight;
  }
}
