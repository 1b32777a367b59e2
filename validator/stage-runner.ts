import type { Chain, SubnetRules } from "../shared/chain/chain.ts";
import { isSubforgeError } from "../shared/errors.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { EpochHead, StageRecord } from "../shared/journal/epoch-rows.ts";
import type { Journal } from "../shared/journal/journal.ts";
import type { Logger } from "../shared/logger.ts";
import type { Answer, Job, Message } from "../shared/template.ts";
import type { BlockNumber, Hotkey } from "../shared/types.ts";
import type { BlockPace } from "./block-pace.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { toHex } from "./epoch-opener.ts";
import { checkJobs, closeBlock, toPlannedJobs } from "./epoch-plan.ts";
import type { SourceReader } from "./source-reader.ts";
import type { Subject } from "./subject.ts";
import { answersByHotkey, toTranscripts } from "./transcripts.ts";

export type StageRunnerDeps = {
  chain: Pick<Chain, "metagraph">;
  journal: Pick<Journal, "epochs" | "scores">;
  dispatcher: Dispatcher;
  sources: SourceReader;
  pace: BlockPace;
  logger: Logger;
};

type Earlier = ReadonlyMap<Hotkey, ReadonlyMap<string, Answer<Message>>>;

/** Stages of epochs: begun when their mark is reached, asked until every answer is in or overdue. */
export class StageRunner {
  readonly #subject: Subject;
  readonly #deps: StageRunnerDeps;
  /** Of stages that ask: what was shown may be large, and reading it again with every look takes the time of asking. */
  readonly #earlier = new Map<string, Earlier>();

  constructor(subject: Subject, deps: StageRunnerDeps) {
    this.#subject = subject;
    this.#deps = deps;
  }

  /** Begins what can begin now. Of another version of the template nothing begins. */
  async begin(head: EpochHead, rules: SubnetRules): Promise<void> {
    const { epochs } = this.#deps.journal;
    const isForeign = this.#subject.isForeign(head);
    for (const stage of epochs.stages(head)) {
      if (stage.status === "done" || stage.status === "missed") continue;
      if (isForeign) epochs.setStage(head, { ...stage, status: "missed" });
      else if (stage.status === "waiting") await this.#beginStage(head, stage, rules);
    }
  }

  /** Ends what is complete or overdue, and gets the rest to the workers. @returns Did one end? */
  async advance(head: EpochHead, rules: SubnetRules): Promise<boolean> {
    const { journal, dispatcher } = this.#deps;
    let hasEnded = false;
    for (const stage of journal.epochs.stages(head)) {
      if (stage.status !== "asking") continue;
      const isOver = rules.epochIndex !== stage.inEpoch || rules.block >= stage.deadlineBlock!;
      if (isOver || !journal.epochs.hasOutstanding(head, stage.stage)) {
        this.#end(head, stage, rules);
        hasEnded = true;
      } else if (dispatcher.isTimeToLook(head.epoch, stage.stage)) await this.#ask(head, stage, rules);
    }
    return hasEnded;
  }

  /** A later stage begins when its mark is reached, with the randomness of its own first block. */
  async #beginStage(head: EpochHead, stage: StageRecord, rules: SubnetRules): Promise<void> {
    const { chain, journal, logger, dispatcher } = this.#deps;
    const { epochs } = journal;
    const { template, netuid } = this.#subject;
    const begin = this.#beginningOf(head, stage, rules);
    if (begin === "missed") epochs.setStage(head, { ...stage, status: "missed" });
    if (typeof begin === "string") return;
    try {
      const beacon = await this.#subject.beacon(begin.block);
      const jobRecords = epochs.jobs(head);
      const asked = this.#subject.askedContextOf(head);
      const context = { ...asked, beacon, stage: stage.stage, block: begin.block };
      const transcripts = toTranscripts(template, head.epoch, jobRecords);
      const jobs = template.planStage!(context, this.#subject.stateBefore(head), transcripts).map(
        (job): Job => ({ ...job, stage: stage.stage }),
      );
      checkJobs(jobs, template, new Set(jobRecords.map(({ job }) => job.taskId)));
      const planned = toPlannedJobs(jobs, await chain.metagraph(netuid));
      failPoint("stage.begin.before");
      epochs.transaction(() => {
        epochs.addJobs(head, planned);
        failPoint("stage.begin.inside");
        epochs.setStage(head, { ...stage, ...begin, status: "asking", beacon: toHex(beacon) });
      });
      failPoint("stage.begin.after");
      this.#earlier.set(placeOf(head, stage), answersByHotkey(transcripts));
      dispatcher.begin(head.epoch, stage.stage);
    } catch (error) {
      if (isSubforgeError(error) && error.code !== "PLAN_INVALID") throw error;
      logger.error("stage.plan-invalid", { epoch: head.epoch, stage: stage.stage, reason: String(error) });
      epochs.setStage(head, { ...stage, status: "missed" });
    }
  }

  #beginningOf(
    head: EpochHead,
    { stage, mark, deadlineBlock }: StageRecord,
    rules: SubnetRules,
  ): "wait" | "missed" | { block: BlockNumber; inEpoch: number; deadlineBlock: BlockNumber } {
    const { epochs } = this.#deps.journal;
    const running = rules.epochIndex;
    const close = closeBlock(rules.lastEpochBlock, rules.tempo);
    if (!mark) return "missed";
    if ("epochsLater" in mark) {
      if (running < head.epoch + mark.epochsLater || rules.block >= close) return "wait";
      // Scored with the epoch it ends in: one that nobody is asked in is never scored.
      if (epochs.head(this.#subject.key(running))?.status !== "planned") return "wait";
      return { block: rules.lastEpochBlock, inEpoch: running, deadlineBlock: close };
    }
    const before = epochs.stages(head).find((other) => other.stage === mark.afterStage);
    if (!before || before.status === "missed") return "missed";
    if (before.status !== "done") return "wait";
    const block = before.doneBlock! + mark.blocks;
    const deadline = deadlineBlock ?? close;
    if (before.inEpoch !== running || Math.max(block, rules.block) >= deadline) {
      this.#deps.logger.warn("stage.missed", { epoch: head.epoch, stage, block, deadline });
      return "missed";
    }
    return rules.block < block ? "wait" : { block, inEpoch: running, deadlineBlock: deadline };
  }

  #end(head: EpochHead, stage: StageRecord, rules: SubnetRules): void {
    const { epochs } = this.#deps.journal;
    this.#earlier.delete(placeOf(head, stage));
    failPoint("stage.end.before");
    epochs.transaction(() => {
      for (const taskId of epochs.taskIds(head, stage.stage)) {
        // Nobody told us: our workers, our Redis or we ourselves were away. Never the miner's fault.
        epochs.giveUp(head, taskId, "validator-outage");
        epochs.complete(head, taskId, stage.inEpoch ?? head.epoch);
      }
      failPoint("stage.end.inside");
      epochs.setStage(head, { ...stage, status: "done", doneBlock: rules.block });
    });
    failPoint("stage.end.after");
  }

  async #ask(head: EpochHead, stage: StageRecord, rules: SubnetRules): Promise<void> {
    const { journal, sources, dispatcher, pace } = this.#deps;
    const hasSources = this.#subject.template.sources !== undefined;
    if (!hasSources && (await dispatcher.isBusy(head.epoch, stage.stage))) return;
    const open = journal.epochs.openJobs(head, stage.stage);
    const isLater = stage.mark !== undefined;
    const earlier = isLater ? this.#earlierAnswers(head, stage) : new Map();
    sources.read(head, open, earlier);
    const untilMs = pace.timeOf(stage.deadlineBlock!, rules.block);
    await dispatcher.dispatch(head, open, { earlier, untilMs, isLater });
  }

  /** What miners had answered in other stages when this one began to ask. */
  #earlierAnswers(head: EpochHead, stage: StageRecord): Earlier {
    const place = placeOf(head, stage);
    const known = this.#earlier.get(place);
    if (known) return known;
    const jobs = this.#deps.journal.epochs.jobs(head).filter(({ job }) => job.stage !== stage.stage);
    const earlier = answersByHotkey(toTranscripts(this.#subject.template, head.epoch, jobs));
    this.#earlier.set(place, earlier);
    return earlier;
  }
}

function placeOf({ epoch }: EpochHead, { stage }: StageRecord): string {
  return `${epoch}/${stage}`;
}
