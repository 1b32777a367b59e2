import type { Chain, SubnetRules } from "../shared/chain/chain.ts";
import { neuronByHotkey } from "../shared/chain/metagraph.ts";
import type { Clock } from "../shared/clock.ts";
import { isSubforgeError, SubforgeError } from "../shared/errors.ts";
import { failPoint } from "../shared/fail-point.ts";
import type { EpochKey, EpochRecord, StageRecord } from "../shared/journal/epoch-rows.ts";
import type { Journal } from "../shared/journal/journal.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import type { Logger } from "../shared/logger.ts";
import type { EpochContext, Job, Participant, SubnetTemplate, Transcript } from "../shared/template.ts";
import type { BlockNumber, Hex, Json, Netuid } from "../shared/types.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { checkJobs, checkPlan, closeBlock, toPlannedJobs, toStages } from "./epoch-plan.ts";
import { beaconOf } from "./epoch-secret.ts";
import type { OnEvent, SkipReason, VoidReason } from "./events.ts";
import { judgeEpoch, weightShares } from "./score-book.ts";
import type { SecretKeeper } from "./secret-keeper.ts";
import type { SourceReader } from "./source-reader.ts";
import { answersByHotkey, toTranscripts } from "./transcripts.ts";
import type { WeightSetter } from "./weight-setter.ts";

/** Replies of this many epochs are kept, to explain and to replay them. */
const KEEP_EPOCHS = 64;

/** Answers are worth waiting for until their stage ends, and a little longer: blocks come when they come. */
const EXPIRY_SLACK_MS = 500;

/** Where block times are not known yet: Subtensor's. */
const DEFAULT_BLOCK_MS = 12_000;

export type PlannerDeps = {
  chain: Pick<Chain, "subnetRules" | "metagraph" | "blockHash">;
  signer: Keypair;
  template: SubnetTemplate;
  config: unknown;
  journal: Journal;
  dispatcher: Dispatcher;
  sources: SourceReader;
  secrets: SecretKeeper;
  setter: WeightSetter;
  clock: Clock;
  logger: Logger;
  onEvent: OnEvent;
};

/**
 * One subnet's epochs, block by block: plan, ask, begin later stages, score, hand over to the weight setter. All that
 * must survive is in the journal, so that a restart goes on where the last process stopped.
 */
export class Planner {
  readonly #netuid: Netuid;
  readonly #mechanism = 0;
  readonly #deps: PlannerDeps;
  #toldUpTo: number | undefined;
  #firstBlock: { number: BlockNumber; atMs: number } | undefined;

  constructor(netuid: Netuid, deps: PlannerDeps) {
    this.#netuid = netuid;
    this.#deps = deps;
  }

  /**
   * Everything that can be done now. Call at each new block; missing some is harmless.
   *
   * @returns The block it looked at.
   */
  async onBlock(): Promise<BlockNumber> {
    const { chain, secrets, setter, journal } = this.#deps;
    const rules = await chain.subnetRules(this.#netuid);
    if (rules.tempo === 0) return rules.block;
    this.#firstBlock ??= { number: rules.block, atMs: this.#deps.clock.nowMs() };
    await secrets.prepare(rules);
    await this.#planIfNew(rules);
    const open = journal.epochs.open(this.#netuid, this.#mechanism);
    for (const record of open) await this.#beginStages(record, rules);
    const look = this.#deps.dispatcher.isTimeToLook();
    for (const record of open) await this.#advanceStages(record, rules, look);
    this.#scoreIfReady(rules);
    await this.#decideWeights(rules);
    await setter.advance(this.#netuid, this.#mechanism);
    return rules.block;
  }

  #key(epoch: number): EpochKey {
    return { netuid: this.#netuid, mechanism: this.#mechanism, epoch };
  }

  async #planIfNew(rules: SubnetRules): Promise<void> {
    const { journal, secrets, onEvent, clock, dispatcher } = this.#deps;
    const key = this.#key(rules.epochIndex);
    if (journal.epochs.epoch(key)) return;
    this.#tellMissed(key);
    const startBlock = rules.lastEpochBlock;
    const reason: SkipReason | undefined = !secrets.wasCommitted(this.#netuid, key.epoch, startBlock)
      ? "secret-not-committed"
      : rules.block >= closeBlock(startBlock, rules.tempo)
        ? "joined-late"
        : await this.#plan(key, rules);
    if (reason === undefined) return;
    failPoint("epoch.skip.before");
    journal.epochs.skip(key, this.#stamp(), reason, clock.nowMs());
    failPoint("epoch.skip.after");
    onEvent({ event: "epoch.skipped", ...key, reason });
    dispatcher.forget(key.epoch - 1);
  }

  /** Told once: what is planned or skipped next stands between it and the next look. */
  #tellMissed(key: EpochKey): void {
    const [last] = this.#deps.journal.epochs.latest(key.netuid, key.mechanism, 1);
    if (last === undefined || last.epoch >= key.epoch - 1 || this.#toldUpTo === key.epoch) return;
    this.#toldUpTo = key.epoch;
    const { netuid, mechanism } = key;
    const [from, to] = [last.epoch + 1, key.epoch - 1];
    this.#deps.logger.warn("epochs.missed", { netuid, mechanism, from, to });
    this.#deps.onEvent({ event: "epochs.missed", netuid, mechanism, from, to });
  }

  /** @returns Why nobody can be asked. */
  async #plan(key: EpochKey, rules: SubnetRules): Promise<SkipReason | undefined> {
    const { chain, signer, template, journal, clock, logger, onEvent } = this.#deps;
    const { lastEpochBlock: startBlock, tempo } = rules;
    const metagraph = await chain.metagraph(this.#netuid);
    if (!neuronByHotkey(metagraph, signer.address)) return "not-registered";
    const beacon = await this.#beacon(startBlock);
    const participants = metagraph.neurons
      .filter(({ registeredAt }) => registeredAt <= startBlock)
      .map(
        ({ uid, hotkey, coldkey, stakeRao, validatorPermit, registeredAt, axon }): Participant => ({
          uid,
          hotkey,
          coldkey,
          stakeRao,
          validatorPermit,
          registeredAt,
          ip: axon?.ip,
        }),
      );
    const recorded = { ...key, startBlock, tempo, validator: signer.address, participants, beacon };
    const context = { ...recorded, ...this.#hidden(key.epoch, this.#stamp().config) };
    try {
      const plan = template.planEpoch(context, this.#stateBefore(key));
      checkPlan(plan, template);
      const stages = toStages(plan, { epoch: key.epoch, startBlock, tempo, beacon: toHex(beacon) });
      const jobs = toPlannedJobs(plan.jobs, metagraph);
      failPoint("epoch.plan.before");
      journal.epochs.plan(key, { ...this.#stamp(), context: recorded, stages, jobs }, clock.nowMs());
      failPoint("epoch.plan.after");
      const asked = new Set(jobs.flatMap(({ asks }) => asks.map(({ hotkey }) => hotkey))).size;
      this.#deps.dispatcher.lookNow();
      onEvent({ event: "epoch.planned", ...key, startBlock, jobs: jobs.length, asked });
      journal.epochs.forget(this.#netuid, this.#mechanism, key.epoch - KEEP_EPOCHS);
      return undefined;
    } catch (error) {
      if (isSubforgeError(error, "JOURNAL_BROKEN")) throw error;
      logger.error("epoch.plan-invalid", { epoch: key.epoch, reason: String(error) });
      return "plan-invalid";
    }
  }

  async #beginStages(record: EpochRecord, rules: SubnetRules): Promise<void> {
    const { journal, template } = this.#deps;
    const foreign = record.template !== template.id || record.version !== template.version;
    if (record.status === "planned") {
      if (foreign) this.#void(record, "template-changed");
      else if (record.epoch < rules.epochIndex) this.#void(record, "epoch-over");
    }
    for (const stage of journal.epochs.stages(record)) {
      if (stage.status === "done" || stage.status === "missed") continue;
      if (foreign) journal.epochs.setStage(record, { ...stage, status: "missed" });
      else if (stage.status === "waiting") await this.#beginStage(record, stage, rules);
    }
  }

  async #advanceStages(record: EpochRecord, rules: SubnetRules, look: boolean): Promise<void> {
    for (const stage of this.#deps.journal.epochs.stages(record)) {
      if (stage.status === "asking") await this.#advanceStage(record, stage, rules, look);
    }
  }

  /** A later stage begins when its mark is reached, with the randomness of its own first block. */
  async #beginStage(record: EpochRecord, stage: StageRecord, rules: SubnetRules): Promise<void> {
    const { chain, template, journal, logger } = this.#deps;
    const { epochs } = journal;
    const begin = this.#beginningOf(record, stage, rules);
    if (begin === "missed") epochs.setStage(record, { ...stage, status: "missed" });
    if (typeof begin === "string") return;
    try {
      const beacon = await this.#beacon(begin.block);
      const jobRecords = epochs.jobs(record);
      const context = { ...this.#contextOf(record), beacon, stage: stage.stage, block: begin.block };
      const transcripts = toTranscripts(template, record.epoch, jobRecords);
      const jobs = template.planStage!(context, this.#stateBefore(record), transcripts).map(
        (job): Job => ({ ...job, stage: stage.stage }),
      );
      checkJobs(jobs, template, new Set(jobRecords.map(({ job }) => job.taskId)));
      const planned = toPlannedJobs(jobs, await chain.metagraph(this.#netuid));
      failPoint("stage.begin.before");
      epochs.transaction(() => {
        epochs.addJobs(record, planned);
        failPoint("stage.begin.inside");
        epochs.setStage(record, { ...stage, ...begin, status: "asking", beacon: toHex(beacon) });
      });
      failPoint("stage.begin.after");
      this.#deps.dispatcher.lookNow();
    } catch (error) {
      if (isSubforgeError(error) && error.code !== "PLAN_INVALID") throw error;
      logger.error("stage.plan-invalid", { epoch: record.epoch, stage: stage.stage, reason: String(error) });
      epochs.setStage(record, { ...stage, status: "missed" });
    }
  }

  #beginningOf(
    record: EpochRecord,
    { stage, mark, deadlineBlock }: StageRecord,
    rules: SubnetRules,
  ): "wait" | "missed" | { block: BlockNumber; inEpoch: number; deadlineBlock: BlockNumber } {
    const { epochs } = this.#deps.journal;
    const running = rules.epochIndex;
    const close = closeBlock(rules.lastEpochBlock, rules.tempo);
    if (!mark) return "missed";
    if ("epochsLater" in mark) {
      if (running < record.epoch + mark.epochsLater || rules.block >= close) return "wait";
      // Scored with the epoch it ends in: one that nobody is asked in is never scored.
      if (epochs.epoch(this.#key(running))?.status !== "planned") return "wait";
      return { block: rules.lastEpochBlock, inEpoch: running, deadlineBlock: close };
    }
    const before = epochs.stages(record).find((other) => other.stage === mark.afterStage);
    if (!before || before.status === "missed") return "missed";
    if (before.status !== "done") return "wait";
    const block = before.doneBlock! + mark.blocks;
    const deadline = deadlineBlock ?? close;
    if (before.inEpoch !== running || Math.max(block, rules.block) >= deadline) {
      this.#deps.logger.warn("stage.missed", { epoch: record.epoch, stage, block, deadline });
      return "missed";
    }
    return rules.block < block ? "wait" : { block, inEpoch: running, deadlineBlock: deadline };
  }

  async #advanceStage(
    record: EpochRecord,
    stage: StageRecord,
    rules: SubnetRules,
    look: boolean,
  ): Promise<void> {
    const { journal, dispatcher, sources, template } = this.#deps;
    const { epochs } = journal;
    const outstanding = epochs.outstanding(record);
    const jobs = epochs.jobs(record);
    const ofStage = jobs.filter(({ job }) => job.stage === stage.stage);
    const open = ofStage.filter(({ job }) => outstanding.has(job.taskId));
    const overdue = rules.epochIndex !== stage.inEpoch || rules.block >= stage.deadlineBlock!;
    if (open.length === 0 || overdue) {
      failPoint("stage.end.before");
      epochs.transaction(() => {
        for (const { job } of ofStage) {
          // Nobody told us: our workers, our Redis or we ourselves were away. Never the miner's fault.
          epochs.giveUp(record, job.taskId, "validator-outage");
          epochs.complete(record, job.taskId, stage.inEpoch ?? record.epoch);
        }
        failPoint("stage.end.inside");
        epochs.setStage(record, { ...stage, status: "done", doneBlock: rules.block });
      });
      failPoint("stage.end.after");
      return;
    }
    sources.read(record, open);
    if (!look) return;
    const isFirst = stage.mark === undefined;
    const earlier = isFirst
      ? new Map()
      : answersByHotkey(
          toTranscripts(
            template,
            record.epoch,
            jobs.filter(({ job }) => job.stage !== stage.stage),
          ),
        );
    await dispatcher.dispatch(record, open, earlier, this.#expiryOf(stage, rules));
  }

  #scoreIfReady(rules: SubnetRules): void {
    const { journal, template, onEvent } = this.#deps;
    const { epochs, scores } = journal;
    const key = this.#key(rules.epochIndex);
    const record = epochs.epoch(key);
    if (record?.status !== "planned") return;
    const stages = epochs
      .open(this.#netuid, this.#mechanism)
      .flatMap((open) => epochs.stages(open))
      .filter(({ inEpoch }) => inEpoch === key.epoch);
    if (stages.some(({ status }) => status === "asking" || status === "waiting")) return;
    const transcripts = this.#completedIn(key);
    const context = this.#contextOf(record);
    const judged = judgeEpoch(
      template,
      context,
      transcripts,
      this.#stateBefore(key),
      scores.answeredBefore(key),
    );
    failPoint("epoch.close.before");
    if (judged.status === "scored") scores.close(key, judged);
    else scores.close(key, { ...judged, evidence: [] });
    failPoint("epoch.close.after");
    const asked = judged.scores.length;
    const answered = judged.scores.filter((score) => score.answered > 0).length;
    if (judged.status === "scored") {
      const told = judged.scores.map((score) => ({ ...score, score: score.score ?? null }));
      onEvent({ event: "epoch.scored", ...key, scores: told, asked, answered });
    } else onEvent({ event: "epoch.void", ...key, reason: judged.reason, asked, answered });
    this.#deps.dispatcher.forget(key.epoch);
  }

  /** Its own jobs, and late ones of earlier epochs. */
  #completedIn(key: EpochKey): Transcript[] {
    const { journal, template } = this.#deps;
    const { epochs } = journal;
    const late = epochs.completedLate(this.#netuid, this.#mechanism, key.epoch);
    return [...late, key].flatMap((of) => {
      const jobs = epochs.jobs(of);
      const done = new Set(jobs.filter((job) => job.completedIn === key.epoch).map(({ job }) => job.taskId));
      return toTranscripts(template, of.epoch, jobs).filter(({ job }) => done.has(job.taskId));
    });
  }

  async #decideWeights(rules: SubnetRules): Promise<void> {
    const { journal, template, setter } = this.#deps;
    for (const record of journal.epochs.latest(this.#netuid, this.#mechanism, 2)) {
      if (record.status === "planned" || journal.weights.get(record)) continue;
      if (record.status !== "scored") {
        setter.abstain(record, record.reason as SkipReason | VoidReason, rules.block);
      } else if (record.epoch !== rules.epochIndex) {
        setter.abstain(record, "window-over", rules.block);
      } else if (record.template !== template.id || record.version !== template.version) {
        setter.abstain(record, "template-changed", rules.block);
      } else {
        const after = journal.scores.stateBefore(this.#key(record.epoch + 1), record);
        const context = this.#contextOf(record);
        const shares = after?.epoch === record.epoch && weightShares(template, context, after.state);
        if (!shares) setter.abstain(record, "score-invalid", rules.block);
        else await setter.decide(record, shares, context.startBlock);
      }
    }
  }

  #void(record: EpochRecord, reason: VoidReason): void {
    const { journal, onEvent } = this.#deps;
    journal.scores.close(record, { status: "void", reason, scores: [], evidence: [] });
    const { netuid, mechanism, epoch } = record;
    onEvent({ event: "epoch.void", netuid, mechanism, epoch, reason, asked: 0, answered: 0 });
  }

  #stamp(): { template: string; version: string; config: Json } {
    const { template, config } = this.#deps;
    return { template: template.id, version: template.version, config: config as Json };
  }

  #stateBefore(key: EpochKey): Json {
    const { journal, template } = this.#deps;
    return journal.scores.stateBefore(key, this.#stamp())?.state ?? template.initialState();
  }

  #contextOf(record: EpochRecord): EpochContext {
    return { ...record.context!, ...this.#hidden(record.epoch, record.config) };
  }

  #hidden(epoch: number, config: Json): { secret: Uint8Array; config: unknown } {
    const { secrets, template } = this.#deps;
    return { secret: secrets.secret(this.#netuid, epoch), config: template.parseConfig(config) };
  }

  async #beacon(block: BlockNumber): Promise<Uint8Array> {
    const hash = await this.#deps.chain.blockHash(block);
    if (hash) return beaconOf(hash);
    throw new SubforgeError("CHAIN_BLOCK_MISSING", { block });
  }

  /** By the pace of the blocks that were seen: when the stage is over nobody waits for its answers. */
  #expiryOf(stage: StageRecord, rules: SubnetRules): number {
    const now = this.#deps.clock.nowMs();
    const first = this.#firstBlock!;
    const seen = rules.block - first.number;
    const blockMs = seen > 0 ? (now - first.atMs) / seen : DEFAULT_BLOCK_MS;
    return now + Math.max(0, stage.deadlineBlock! - rules.block) * blockMs + EXPIRY_SLACK_MS;
  }
}

function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}
