import type { Chain, SubnetRules } from "../shared/chain/chain.ts";
import type { EpochHead } from "../shared/journal/epoch-rows.ts";
import type { Journal } from "../shared/journal/journal.ts";
import type { WeightBasis } from "../shared/journal/weight-rows.ts";
import type { Json } from "../shared/types.ts";
import { closeBlock } from "./epoch-plan.ts";
import type { AbstainReason } from "./events.ts";
import type { WeightShare } from "./score-book.ts";
import type { Scorer } from "./scoring/scorer.ts";
import type { Subject } from "./subject.ts";
import type { WeightSetter } from "./weight-setter.ts";

/** From this part of an epoch on its own scores are no longer waited for: what is kept still fits into the window. */
const LAST_CALL_SHARE = 0.85;

export type WeightDeciderDeps = {
  chain: Pick<Chain, "metagraph">;
  journal: Pick<Journal, "epochs" | "scores">;
  scorer: Scorer;
  setter: WeightSetter;
  burnShare?: number | undefined;
};

/** What the weights of an epoch are made of, or why there are none. */
type Made = { shares: WeightShare[]; basis: WeightBasis } | { reason: AbstainReason };

/**
 * Gives every epoch its weights: of its own scores; and where it has none, because it was skipped, void or is late, of the
 * newest state that is kept, so that no outage of ours leaves the chain without a word. A kept state is told as such, and
 * its shares go to the hotkeys that are registered now.
 */
export class WeightDecider {
  readonly #subject: Subject;
  readonly #deps: WeightDeciderDeps;
  /** While the chain accepts no weights yet, they are not made again at each block. */
  #made: { of: string; made: Made } | undefined;

  constructor(subject: Subject, deps: WeightDeciderDeps) {
    this.#subject = subject;
    this.#deps = deps;
  }

  async decide(rules: SubnetRules): Promise<void> {
    const { journal, setter } = this.#deps;
    const { netuid, mechanism } = this.#subject;
    for (const head of journal.epochs.latestHeads(netuid, mechanism, 2)) {
      if (setter.isDecided(head)) continue;
      if (head.epoch === rules.epochIndex) await this.#decideRunning(head, rules);
      else if (head.status !== "planned") setter.abstain(head, reasonOf(head), rules.block);
    }
  }

  async #decideRunning(head: EpochHead, rules: SubnetRules): Promise<void> {
    const { setter } = this.#deps;
    if (head.status === "planned" && rules.block < lastCall(rules)) return;
    const of = `${head.epoch}/${head.status}`;
    if (this.#made?.of !== of) this.#made = { of, made: await this.#make(head, rules) };
    const { made } = this.#made;
    if (!("reason" in made)) await setter.decide(head, made.shares, made.basis);
    else if (head.status !== "planned") setter.abstain(head, made.reason, rules.block);
  }

  async #make(head: EpochHead, rules: SubnetRules): Promise<Made> {
    const { scorer } = this.#deps;
    const { netuid, mechanism, epoch } = head;
    const subject = this.#subject;
    const newest = subject.keptBefore({ netuid, mechanism, epoch: epoch + 1 });
    const isScored = head.status === "scored" && newest?.epoch === epoch && !subject.isForeign(head);
    if (isScored) {
      const shares = await scorer.weights(subject.contextOf(head), newest.state);
      if (shares) return { shares, basis: "scored" };
    }
    const kept = isScored ? subject.keptBefore(head) : newest;
    return this.#makeOfKept(kept?.state, isScored ? "score-invalid" : reasonOf(head), rules);
  }

  async #makeOfKept(state: Json | undefined, why: AbstainReason, rules: SubnetRules): Promise<Made> {
    const { chain, scorer, burnShare = 0 } = this.#deps;
    const basis = "kept";
    if (state === undefined) return burnShare === 1 ? { shares: [], basis } : { reason: why };
    const recorded = await this.#subject.recordNow(rules, await chain.metagraph(rules.netuid));
    const shares = await scorer.weights(this.#subject.unfold(recorded), state);
    if (!shares) return { reason: "score-invalid" };
    return shares.length === 0 && burnShare < 1 ? { reason: why } : { shares, basis };
  }
}

function reasonOf({ status, reason }: EpochHead): AbstainReason {
  return status === "scored" || status === "planned" ? "window-over" : (reason as AbstainReason);
}

function lastCall({ lastEpochBlock, tempo, nextEpochBlock }: SubnetRules): number {
  const share = lastEpochBlock + Math.floor(LAST_CALL_SHARE * tempo);
  const beforeNext = (nextEpochBlock ?? Number.POSITIVE_INFINITY) - 2;
  return Math.max(closeBlock(lastEpochBlock, tempo), Math.min(share, beforeNext));
}
