import type { SubnetRules } from "../shared/chain/chain.ts";
import { isSubforgeError } from "../shared/errors.ts";
import type { EpochRecords } from "../shared/journal/epoch-records.ts";
import type { BlockPace } from "./block-pace.ts";
import type { EpochCloser } from "./epoch-closer.ts";
import type { EpochOpener } from "./epoch-opener.ts";
import type { ResultSigner } from "./results/result-signer.ts";
import type { SecretKeeper } from "./secret-keeper.ts";
import type { StageRunner } from "./stage-runner.ts";
import type { Subject } from "./subject.ts";
import type { Troubles } from "./troubles.ts";
import type { WeightDecider } from "./weight-decider.ts";
import type { WeightSetter } from "./weight-setter.ts";

export type PlannerDeps = {
  epochs: EpochRecords;
  secrets: SecretKeeper;
  opener: EpochOpener;
  stages: StageRunner;
  closer: EpochCloser;
  results: ResultSigner;
  decider: WeightDecider;
  setter: WeightSetter;
  pace: BlockPace;
  troubles: Troubles;
};

/**
 * The epochs of one mechanism of one subnet, block by block: plan, ask, begin later stages, score, hand over to the weight
 * setter. All that must survive is in the journal, so that a restart goes on where the last process stopped.
 */
export class Planner {
  readonly #subject: Subject;
  readonly #deps: PlannerDeps;

  constructor(subject: Subject, deps: PlannerDeps) {
    this.#subject = subject;
    this.#deps = deps;
  }

  /** Everything that can be done now. Call at each new block, and when a stage is complete; missing some is harmless. */
  async look(rules: SubnetRules): Promise<void> {
    if (rules.tempo === 0) return;
    const { secrets, opener, stages, closer, results, decider, setter, pace, epochs } = this.#deps;
    const { netuid, mechanism } = this.#subject;
    pace.seen(rules.block);
    try {
      await secrets.prepare(rules).catch((error: unknown) => this.#onSecretTrouble(error));
      await opener.openIfNew(rules);
      for (const head of epochs.open(netuid, mechanism)) {
        closer.voidIfOver(head, rules);
        await stages.begin(head, rules);
      }
      await this.ask(rules);
      await closer.scoreIfReady(rules);
      await results.sign(netuid, mechanism);
      await decider.decide(rules);
    } finally {
      await setter.advance(netuid, mechanism); // what was signed has to be followed, whatever else goes wrong
    }
  }

  /**
   * Between two blocks: what no worker has, as after an outage of Redis, is handed out again.
   *
   * @returns Did a stage end, so that a whole look is worth it?
   */
  async ask(rules: SubnetRules): Promise<boolean> {
    const { epochs, stages } = this.#deps;
    const { netuid, mechanism } = this.#subject;
    let hasEnded = false;
    for (const head of epochs.open(netuid, mechanism))
      hasEnded = (await stages.advance(head, rules)) || hasEnded;
    return hasEnded;
  }

  /** The next epoch may go without questions; this one goes on. */
  #onSecretTrouble(error: unknown): void {
    if (!isSubforgeError(error) || !error.code.startsWith("CHAIN_")) throw error;
    this.#deps.troubles.tell(error.code, error.message);
  }
}
