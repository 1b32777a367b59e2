import type { Clock } from "../shared/clock.ts";
import { isSubforgeError } from "../shared/errors.ts";
import type { EpochRecords } from "../shared/journal/epoch-records.ts";
import type { EpochKey, JobRecord } from "../shared/journal/epoch-rows.ts";
import type { Logger } from "../shared/logger.ts";
import { jobId } from "../shared/queue/job-ids.ts";
import {
  type CollectQueue,
  type DispatchJob,
  type DispatchQueue,
  groupSize,
} from "../shared/queue/queues.ts";
import type { NewJob } from "../shared/queue/task-queue.ts";
import type { Answer, Message, SubnetTemplate } from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";
import { encodeMessage } from "../shared/wire/message.ts";
import { inAskingOrder } from "./asking-order.ts";

/** How often one group is handed out. More would be a job that nobody can finish. */
const MAX_ATTEMPTS = 6;

/** Between two looks at the same epoch's jobs. */
const LOOK_INTERVAL_MS = 1_000;

type Target = DispatchJob["targets"][number];

export type DispatcherDeps = {
  template: SubnetTemplate;
  epochs: EpochRecords;
  dispatch: DispatchQueue;
  collect: CollectQueue;
  clock: Clock;
  logger: Logger;
};

/**
 * Gets what the journal still misses to the workers, again and again: a job whose worker, or whose Redis, died is
 * noticed because no answer came and nobody works on it.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #groupSize: number | undefined;
  /** Attempt under which a group was added last, by its id without the attempt. Of running epochs only. */
  readonly #attempts = new Map<string, number>();
  #lastLookMs = Number.NEGATIVE_INFINITY;

  constructor(deps: DispatcherDeps, targetsPerJob?: number) {
    this.#deps = deps;
    this.#groupSize = targetsPerJob;
  }

  /**
   * Adds whatever is asked, missing and in nobody's hands. Redis being away or full is not an error: the next call tries
   * again.
   */
  async dispatch(
    key: EpochKey,
    jobs: readonly JobRecord[],
    earlier: ReadonlyMap<Hotkey, ReadonlyMap<string, Answer<Message>>>,
    untilMs: number,
  ): Promise<void> {
    try {
      // Answers on their way are read first: after a restart of the planner there may be many.
      if (!(await this.#deps.collect.isIdle())) return;
      for (const record of jobs) await this.#dispatchJob(key, record, earlier, untilMs);
    } catch (error) {
      const isAway = isSubforgeError(error, "QUEUE_UNREACHABLE");
      if (!isAway && !isSubforgeError(error, "QUEUE_FULL")) throw error;
      this.#deps.logger.warn(isAway ? "queue.away" : "queue.full", {
        epoch: key.epoch,
        reason: error.message,
      });
    }
  }

  /** Looking at each block would be too often on a chain of fast blocks. */
  isTimeToLook(): boolean {
    const now = this.#deps.clock.nowMs();
    if (now - this.#lastLookMs < LOOK_INTERVAL_MS) return false;
    this.#lastLookMs = now;
    return true;
  }

  /** Something new was planned: it does not wait for the next look. */
  lookNow(): void {
    this.#lastLookMs = Number.NEGATIVE_INFINITY;
  }

  forget(epoch: number): void {
    for (const id of this.#attempts.keys()) if (id.startsWith(`${epoch}/`)) this.#attempts.delete(id);
  }

  async #dispatchJob(
    key: EpochKey,
    record: JobRecord,
    earlier: ReadonlyMap<Hotkey, ReadonlyMap<string, Answer<Message>>>,
    untilMs: number,
  ): Promise<void> {
    const { template, epochs, dispatch } = this.#deps;
    const { job, asks } = record;
    const synapse = template.synapses[job.synapse];
    if (job.to === "source" || !synapse) return;
    const size = groupSize(synapse.maxResponseBytes, this.#groupSize);
    const additions: (NewJob<DispatchJob> & { place: string; attempt: number })[] = [];
    const urgency = { later: earlier.size > 0, leftMs: untilMs - this.#deps.clock.nowMs() };
    const reachable = inAskingOrder(
      asks.filter(({ ip }) => ip !== undefined),
      { epoch: key.epoch, mechanism: key.mechanism, taskId: job.taskId },
    );
    for (let group = 0; group * size < reachable.length; group++) {
      const members = reachable.slice(group * size, (group + 1) * size).map(({ hotkey }) => hotkey);
      const identity = {
        mechanism: key.mechanism,
        epoch: key.epoch,
        stage: job.stage,
        taskId: job.taskId,
        group,
      };
      const place = `${key.epoch}/${key.mechanism}/${job.taskId}/${group}`;
      const before = this.#attempts.get(place);
      if (asks.every(({ hotkey, reason }) => !members.includes(hotkey) || reason !== undefined)) continue;
      const id = jobId({ ...identity, attempt: before ?? 0 });
      if (await dispatch.isLive(id)) {
        this.#attempts.set(place, before ?? 0);
        continue;
      }
      const stillMissing = new Map(epochs.missing(key, job.taskId).map((ask) => [ask.hotkey, ask]));
      const missing = members.flatMap((hotkey) => stillMissing.get(hotkey) ?? []);
      const attempt = before === undefined ? 0 : before + 1;
      if (missing.length === 0 || attempt >= MAX_ATTEMPTS) continue;
      const targets = missing.map(({ hotkey, ip, port }): Target => {
        const known = earlier.get(hotkey);
        return { hotkey, ip: ip!, port: port!, ...(known?.size ? { earlier: toEarlier(known) } : {}) };
      });
      additions.push({
        place,
        attempt,
        id: jobId({ ...identity, attempt }),
        urgency,
        payload: {
          ...identity,
          attempt,
          version: template.version,
          synapse: job.synapse,
          task: job.task,
          targets,
          expiresAtMs: Math.ceil(untilMs),
        },
      });
    }
    await dispatch.add(additions);
    // Only what was added counts as an attempt: an outage of Redis must not use them up.
    for (const { place, attempt } of additions) this.#attempts.set(place, attempt);
  }
}

function toEarlier(answers: ReadonlyMap<string, Answer<Message>>): NonNullable<Target["earlier"]> {
  return Object.fromEntries(
    [...answers].map(([taskId, answer]) => [
      taskId,
      answer.ok
        ? {
            reason: "ok" as const,
            latencyMs: answer.latencyMs,
            message: Buffer.from(encodeMessage(answer.response)).toString("base64"),
          }
        : { reason: answer.reason, latencyMs: answer.latencyMs },
    ]),
  );
}
