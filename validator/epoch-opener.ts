import type { Chain, SubnetRules } from "../shared/chain/chain.ts";
import { neuronByHotkey } from "../shared/chain/metagraph.ts";
import type { Clock } from "../shared/clock.ts";
import { isSubforgeError } from "../shared/errors.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { EpochKey, RecordedContext } from "../shared/journal/epoch-rows.ts";
import type { Journal } from "../shared/journal/journal.ts";
import type { Logger } from "../shared/logger.ts";
import type { Hex, Hotkey } from "../shared/types.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { checkPlan, closeBlock, toPlannedJobs, toStages } from "./epoch-plan.ts";
import type { OnEvent, SkipReason } from "./events.ts";
import { chooseSample, type Sampling, sampled } from "./sampling.ts";
import type { SecretKeeper } from "./secret-keeper.ts";
import type { Subject } from "./subject.ts";

/** Replies of this many epochs are kept, to explain and to replay them. */
const KEEP_EPOCHS = 64;

/** How far back it is looked when a miner was asked last. Longer ago counts as never. */
const SAMPLING_EPOCHS = 256;

export type EpochOpenerDeps = {
  chain: Pick<Chain, "metagraph">;
  validator: Hotkey;
  journal: Pick<Journal, "epochs" | "scores" | "trim">;
  secrets: SecretKeeper;
  dispatcher: Dispatcher;
  sampling: Sampling;
  clock: Clock;
  logger: Logger;
  onEvent: OnEvent;
};

/** Plans the running epoch, or says why nobody is asked in it. Once: what is in the journal stands. */
export class EpochOpener {
  readonly #subject: Subject;
  readonly #deps: EpochOpenerDeps;
  #toldUpTo: number | undefined;

  constructor(subject: Subject, deps: EpochOpenerDeps) {
    this.#subject = subject;
    this.#deps = deps;
  }

  async openIfNew(rules: SubnetRules): Promise<void> {
    const { journal, secrets, onEvent, clock, dispatcher } = this.#deps;
    const key = this.#subject.key(rules.epochIndex);
    if (journal.epochs.head(key)) return;
    this.#tellMissed(key);
    const startBlock = rules.lastEpochBlock;
    const reason: SkipReason | undefined = !secrets.wasCommitted(key.netuid, key.epoch, startBlock)
      ? "secret-not-committed"
      : rules.block >= closeBlock(startBlock, rules.tempo)
        ? "joined-late"
        : await this.#plan(key, rules);
    if (reason === undefined) return;
    failPoint("epoch.skip.before");
    journal.epochs.skip(key, this.#subject.stamp(), reason, clock.nowMs());
    failPoint("epoch.skip.after");
    onEvent({ event: "epoch.skipped", ...key, reason });
    dispatcher.forget(key.epoch - 1);
  }

  /** Told once: what is planned or skipped next stands between it and the next look. */
  #tellMissed(key: EpochKey): void {
    const [last] = this.#deps.journal.epochs.latestHeads(key.netuid, key.mechanism, 1);
    if (last === undefined || last.epoch >= key.epoch - 1 || this.#toldUpTo === key.epoch) return;
    this.#toldUpTo = key.epoch;
    const { netuid, mechanism } = key;
    const [from, to] = [last.epoch + 1, key.epoch - 1];
    this.#deps.logger.warn("epochs.missed", { netuid, mechanism, from, to });
    this.#deps.onEvent({ event: "epochs.missed", netuid, mechanism, from, to });
  }

  /** @returns Why nobody can be asked. */
  async #plan(key: EpochKey, rules: SubnetRules): Promise<SkipReason | undefined> {
    const { chain, validator, journal, clock, logger, onEvent } = this.#deps;
    const subject = this.#subject;
    const { lastEpochBlock: startBlock, tempo } = rules;
    const metagraph = await chain.metagraph(key.netuid);
    if (!neuronByHotkey(metagraph, validator)) return "not-registered";
    const recorded = await subject.recordNow(rules, metagraph);
    try {
      const sampling = this.#sampleOf(key, recorded);
      const participants = sampled(recorded.participants, sampling);
      const plan = subject.template.planEpoch(
        { ...subject.unfold(recorded), participants },
        subject.stateBefore(key),
      );
      checkPlan(plan, subject.template);
      const stages = toStages(plan, { epoch: key.epoch, startBlock, tempo, beacon: toHex(recorded.beacon) });
      const jobs = toPlannedJobs(plan.jobs, metagraph);
      const context = sampling ? { ...recorded, sampling } : recorded;
      failPoint("epoch.plan.before");
      journal.epochs.plan(key, { ...subject.stamp(), context, stages, jobs }, clock.nowMs());
      failPoint("epoch.plan.after");
      const asked = new Set(jobs.flatMap(({ asks }) => asks.map(({ hotkey }) => hotkey))).size;
      for (const { stage, status } of stages) {
        if (status === "asking") this.#deps.dispatcher.begin(key.epoch, stage);
      }
      onEvent({ event: "epoch.planned", ...key, startBlock, tempo, jobs: jobs.length, asked });
      journal.epochs.forget(key.netuid, key.mechanism, key.epoch - KEEP_EPOCHS);
      journal.trim();
      return undefined;
    } catch (error) {
      if (isSubforgeError(error) && error.code.startsWith("JOURNAL_")) throw error;
      logger.error("epoch.plan-invalid", { ...key, reason: String(error) });
      return "plan-invalid";
    }
  }

  #sampleOf(key: EpochKey, recorded: RecordedContext): RecordedContext["sampling"] {
    const { sampling, journal, secrets } = this.#deps;
    if (sampling.policy === "all") return undefined;
    const secret = secrets.secret(key.netuid, key.epoch, key.mechanism);
    const lastAsked = journal.scores.lastAsked(key, key.epoch - SAMPLING_EPOCHS);
    return chooseSample(sampling, { ...recorded, secret }, lastAsked);
  }
}

export function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}
