import { type Metagraph, neuronByHotkey } from "../shared/chain/metagraph.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { PlannedJob } from "../shared/journal/epoch-records.ts";
import { SOURCE } from "../shared/journal/epoch-records.ts";
import type { StageRecord } from "../shared/journal/epoch-rows.ts";
import type { EpochPlan, Job, LaterStage, SubnetTemplate } from "../shared/template.ts";
import type { BlockNumber, Hex, Hotkey } from "../shared/types.ts";

/** Until this part of an epoch answers are waited for; the rest is for scoring and for getting weights on chain. */
const ASKING_SHARE = 0.6;

const MAX_JOBS = 4_096;
const MAX_TASK_CHARS = 262_144;
const NAME = /^[a-z0-9-]{1,64}$/;

/** First block in which answers of this epoch are no longer waited for. */
export function closeBlock(startBlock: BlockNumber, tempo: number): BlockNumber {
  return startBlock + Math.max(1, Math.floor(tempo * ASKING_SHARE));
}

/**
 * Is this a plan that can be asked? A template is somebody's code.
 *
 * @throws SubforgeError PLAN_INVALID
 */
export function checkPlan(
  plan: EpochPlan,
  template: Pick<SubnetTemplate, "synapses" | "sources" | "planStage">,
): void {
  const later = plan.later ?? [];
  checkJobs(plan.jobs, template, new Set());
  const stages = new Set(plan.jobs.map(({ stage }) => stage));
  for (const { stage, at } of later) {
    if (!NAME.test(stage) || stages.has(stage)) throw invalid(`stage ${stage} is no name, or stands twice`);
    if ("afterStage" in at ? !stages.has(at.afterStage) || !(at.blocks >= 0) : !(at.epochsLater >= 1)) {
      throw invalid(`stage ${stage} begins after something that does not come before it`);
    }
    stages.add(stage);
  }
  if (later.length > 0 && !template.planStage) throw invalid("it has later stages, and no planStage");
}

/**
 * Jobs of one stage, and names they must not repeat.
 *
 * @throws SubforgeError PLAN_INVALID
 */
export function checkJobs(
  jobs: readonly Job[],
  template: Pick<SubnetTemplate, "synapses" | "sources">,
  taken: ReadonlySet<string>,
): void {
  if (jobs.length > MAX_JOBS) throw invalid(`${jobs.length} jobs, more than ${MAX_JOBS}`);
  const ids = new Set(taken);
  for (const { taskId, stage, synapse, to, task } of jobs) {
    if (!NAME.test(taskId) || ids.has(taskId)) throw invalid(`task ${taskId} is no name, or stands twice`);
    if (!NAME.test(stage)) throw invalid(`stage ${stage} of task ${taskId} is no name`);
    const known = to === "source" ? template.sources : template.synapses;
    if (!known || !Object.hasOwn(known, synapse))
      throw invalid(`task ${taskId} names ${synapse}, which is unknown`);
    if (to !== "source" && new Set(to).size !== to.length)
      throw invalid(`task ${taskId} asks somebody twice`);
    if (JSON.stringify(task).length > MAX_TASK_CHARS) throw invalid(`task ${taskId} is too large`);
    ids.add(taskId);
  }
}

/**
 * Stages of an epoch, those of its first jobs already asking. The time for asking is shared out equally in each line of
 * stages that wait for each other; a stage of several lines has the part it has in the longest, and one that nobody
 * waits for has time until the end.
 */
export function toStages(
  plan: EpochPlan,
  epoch: { epoch: number; startBlock: BlockNumber; tempo: number; beacon: Hex },
): StageRecord[] {
  const { startBlock, tempo } = epoch;
  const later = plan.later ?? [];
  const depths = depthsOf(plan.jobs, later);
  const askingBlocks = closeBlock(startBlock, tempo) - startBlock;
  const deadline = (stage: string) => {
    const depth = depths.get(stage) ?? 1;
    const share = depth / (depth + countAfter(stage, later));
    return startBlock + Math.max(1, Math.floor(askingBlocks * share));
  };
  const first = [...new Set(plan.jobs.map(({ stage }) => stage))].map(
    (stage): StageRecord => ({
      stage,
      mark: undefined,
      status: "asking",
      block: startBlock,
      beacon: epoch.beacon,
      deadlineBlock: deadline(stage),
      doneBlock: undefined,
      inEpoch: epoch.epoch,
    }),
  );
  const waiting = later.map(({ stage, at }): StageRecord => {
    const thisEpoch = "afterStage" in at && depths.has(stage);
    return {
      stage,
      mark: at,
      status: "waiting",
      block: undefined,
      beacon: undefined,
      deadlineBlock: thisEpoch ? deadline(stage) : undefined,
      doneBlock: undefined,
      inEpoch: thisEpoch ? epoch.epoch : undefined,
    };
  });
  return [...first, ...waiting];
}

/** Adds to each target where it listens, or why it is not even asked. */
export function toPlannedJobs(jobs: readonly Job[], metagraph: Metagraph): PlannedJob[] {
  return jobs.map((job) => ({
    job,
    asks: job.to === "source" ? [{ hotkey: SOURCE }] : job.to.map((hotkey) => toAsk(hotkey, metagraph)),
  }));
}

function toAsk(hotkey: Hotkey, metagraph: Metagraph): PlannedJob["asks"][number] {
  const neuron = neuronByHotkey(metagraph, hotkey);
  if (!neuron) return { hotkey, reason: "deregistered" };
  const { axon } = neuron;
  if (!axon || axon.port === 0 || axon.ip === "") return { hotkey, reason: "not-serving" };
  return { hotkey, ip: axon.ip, port: axon.port };
}

/** How many stages come before, plus one. Stages of later epochs, and what follows those, have none here. */
function depthsOf(jobs: readonly Job[], later: readonly LaterStage[]): Map<string, number> {
  const depths = new Map(jobs.map(({ stage }) => [stage, 1]));
  for (const { stage, at } of later) {
    const before = "afterStage" in at ? depths.get(at.afterStage) : undefined;
    if (before !== undefined) depths.set(stage, before + 1);
  }
  return depths;
}

/** Stages that wait for this one, in the longest line of them. */
function countAfter(stage: string, later: readonly LaterStage[]): number {
  const next = later.filter(({ at }) => "afterStage" in at && at.afterStage === stage);
  return Math.max(0, ...next.map((after) => 1 + countAfter(after.stage, later)));
}

function invalid(problem: string): SubforgeError<"PLAN_INVALID"> {
  return new SubforgeError("PLAN_INVALID", { problem });
}
