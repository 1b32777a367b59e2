import type { Clock } from "../shared/clock.ts";
import { isSubforgeError } from "../shared/errors.ts";
import type { AskRecord, EpochKey, JobRecord } from "../shared/journal/epoch-rows.ts";
import { type DispatchTarget, packTargets } from "../shared/queue/dispatch-targets.ts";
import { jobId } from "../shared/queue/job-ids.ts";
import {
  type CollectQueue,
  type DispatchQueue,
  groupSize,
  type NewDispatchJob,
} from "../shared/queue/queues.ts";
import type { Answer, Message, SubnetTemplate } from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";
import { encodeMessage } from "../shared/wire/message.ts";
import { inAskingOrder } from "./asking-order.ts";
import type { Troubles } from "./troubles.ts";

/** How often one group is handed out. More would be a job that nobody can finish. */
const MAX_ATTEMPTS = 6;

/** Between two looks at the same stage's jobs. */
const LOOK_INTERVAL_MS = 1_000;

/** One in so many looks reads the journal although workers are busy. */
const LOOKS_WHILE_BUSY = 5;

type Earlier = ReadonlyMap<Hotkey, ReadonlyMap<string, Answer<Message>>>;

export type DispatcherDeps = {
  template: SubnetTemplate;
  dispatch: DispatchQueue;
  collect: CollectQueue;
  clock: Clock;
  troubles: Troubles;
};

/** What of a stage is handed out, and for how long somebody waits for it. */
export type Asking = {
  /** What each miner answered in earlier stages. */
  earlier: Earlier;
  /** Unix ms. */
  untilMs: number;
  /** Is it a later stage, which goes before first ones? */
  isLater: boolean;
};

/** Miners of one job that are asked together. `attempt`: under which it was added last, undefined for never. */
type Group = {
  place: string;
  record: JobRecord;
  group: number;
  members: AskRecord[];
  attempt: number | undefined;
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
  /** When each stage was looked at last. */
  readonly #looks = new Map<string, number>();
  /** How often each stage was not read because workers were at it. */
  readonly #busyLooks = new Map<string, number>();
  /** Stages that this process has just begun: nobody can have their jobs yet. */
  readonly #fresh = new Set<string>();

  constructor(deps: DispatcherDeps, targetsPerJob?: number) {
    this.#deps = deps;
    this.#groupSize = targetsPerJob;
  }

  /** A stage was begun: it does not wait for the next look. */
  begin(epoch: number, stage: string): void {
    this.#fresh.add(`${epoch}/${stage}`);
  }

  /** Looking at each block would be too often on a chain of fast blocks. */
  isTimeToLook(epoch: number, stage: string): boolean {
    const place = `${epoch}/${stage}`;
    const now = this.#deps.clock.nowMs();
    const sinceMs = now - (this.#looks.get(place) ?? Number.NEGATIVE_INFINITY);
    // A last look in the future: the clock was set back.
    if (!this.#fresh.has(place) && sinceMs >= 0 && sinceMs < LOOK_INTERVAL_MS) return false;
    this.#looks.set(place, now);
    return true;
  }

  /**
   * Are workers, or answers on their way, still at it? Then what is missing is most likely in their hands, and the journal
   * need not be read: it is, all the same, at every fifth look.
   */
  async isBusy(epoch: number, stage: string): Promise<boolean> {
    const { collect, dispatch, troubles } = this.#deps;
    const place = `${epoch}/${stage}`;
    if (this.#fresh.has(place)) return false;
    const busy = (this.#busyLooks.get(place) ?? 0) + 1;
    try {
      const isIdle = (await collect.isIdle()) && (await dispatch.isIdle());
      this.#busyLooks.set(place, isIdle || busy >= LOOKS_WHILE_BUSY ? 0 : busy);
      return !isIdle && busy < LOOKS_WHILE_BUSY;
    } catch (error) {
      if (!isSubforgeError(error, "QUEUE_UNREACHABLE")) throw error;
      troubles.tell(error.code, error.message);
      return true;
    }
  }

  forget(epoch: number): void {
    for (const known of [this.#attempts, this.#looks, this.#busyLooks, this.#fresh]) {
      for (const place of known.keys()) if (place.startsWith(`${epoch}/`)) known.delete(place);
    }
  }

  /**
   * Adds whatever is asked, missing and in nobody's hands. Redis being away or full is not an error: the next call tries
   * again.
   *
   * @param jobs - Jobs of one stage that miss answers, with everybody they ask.
   */
  async dispatch(key: EpochKey, jobs: readonly JobRecord[], asking: Asking): Promise<void> {
    const { collect, dispatch, troubles } = this.#deps;
    const groups = jobs.flatMap((record) => this.#groupsOf(key, record));
    if (groups.length === 0) return;
    try {
      const isFresh = this.#fresh.delete(`${key.epoch}/${groups[0]!.record.job.stage}`);
      // Answers on their way are read first: after a restart of the planner there may be many.
      if (!isFresh && !(await collect.isIdle())) return;
      const inHands = isFresh
        ? []
        : await Promise.all(groups.map((group) => dispatch.isLive(idOf(key, group, group.attempt ?? 0))));
      const additions: { group: Group; attempt: number }[] = [];
      for (const [index, group] of groups.entries()) {
        const attempt = group.attempt === undefined ? 0 : group.attempt + 1;
        if (inHands[index]) this.#attempts.set(group.place, group.attempt ?? 0);
        else if (attempt < MAX_ATTEMPTS) additions.push({ group, attempt });
      }
      const urgency = { later: asking.isLater, leftMs: asking.untilMs - this.#deps.clock.nowMs() };
      await dispatch.add(
        additions.map(({ group, attempt }) => ({
          id: idOf(key, group, attempt),
          payload: this.#payloadOf(key, group, attempt, asking),
          urgency,
        })),
      );
      // Only what was added counts as an attempt: an outage of Redis must not use them up.
      for (const { group, attempt } of additions) this.#attempts.set(group.place, attempt);
      troubles.over("QUEUE_UNREACHABLE", "QUEUE_FULL");
    } catch (error) {
      if (!isSubforgeError(error)) throw error;
      if (error.code !== "QUEUE_UNREACHABLE" && error.code !== "QUEUE_FULL") throw error;
      troubles.tell(error.code, error.message);
    }
  }

  /** Groups are counted over everybody who is asked, so that they stay the same while answers come in. */
  #groupsOf(key: EpochKey, record: JobRecord): Group[] {
    const { job, asks } = record;
    const synapse = this.#deps.template.synapses[job.synapse];
    if (job.to === "source" || !synapse) return [];
    const size = groupSize(synapse.maxResponseBytes, this.#groupSize);
    const reachable = inAskingOrder(
      asks.filter(({ ip }) => ip !== undefined),
      { epoch: key.epoch, mechanism: key.mechanism, taskId: job.taskId },
    );
    const groups: Group[] = [];
    for (let group = 0; group * size < reachable.length; group++) {
      const members = reachable
        .slice(group * size, (group + 1) * size)
        .filter(({ reason }) => reason === undefined);
      if (members.length === 0) continue;
      const place = `${key.epoch}/${job.taskId}/${group}`;
      groups.push({ place, record, group, members, attempt: this.#attempts.get(place) });
    }
    return groups;
  }

  #payloadOf(
    key: EpochKey,
    { record, group, members }: Group,
    attempt: number,
    asking: Asking,
  ): NewDispatchJob {
    const { job } = record;
    return {
      ...{ mechanism: key.mechanism, epoch: key.epoch, stage: job.stage, taskId: job.taskId, group, attempt },
      version: this.#deps.template.version,
      synapse: job.synapse,
      task: job.task,
      targets: packTargets(
        members.map(({ hotkey, ip, port }) => {
          const known = asking.earlier.get(hotkey);
          return { hotkey, ip: ip!, port: port!, ...(known?.size ? { earlier: toEarlier(known) } : {}) };
        }),
      ),
      expiresAtMs: Math.ceil(asking.untilMs),
    };
  }
}

function idOf({ mechanism, epoch }: EpochKey, { record, group }: Group, attempt: number): string {
  const { stage, taskId } = record.job;
  return jobId({ mechanism, epoch, stage, taskId, group, attempt });
}

function toEarlier(answers: ReadonlyMap<string, Answer<Message>>): NonNullable<DispatchTarget["earlier"]> {
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
