import { z } from "zod";
import { REASONS, type Reason } from "../reasons.ts";
import type { Json } from "../types.ts";
import type { ConnectOptions } from "./connection.ts";
import { MAX_TARGETS, unpackTargets } from "./dispatch-targets.ts";
import { type QueueScope, queueName } from "./job-ids.ts";
import { TaskQueue } from "./task-queue.ts";

/** Sum of reply bytes that one `collect` job may carry. */
const MAX_REPLY_BYTES = 4 * 1_048_576;

const text = (max: number) => z.string().max(max);
const name = z.string().regex(/^[a-z0-9-]{1,64}$/);
const whole = z.int().min(0);
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const reason = z.enum(Object.keys(REASONS) as [Reason, ...Reason[]]);
/** Whatever `openJob` parsed is JSON: looking through it again took as long as opening the job. */
const json: z.ZodType<Json, Json> = z.custom<Json>((value) => value !== undefined);

const identity = {
  mechanism: whole,
  epoch: whole,
  stage: name,
  taskId: name,
  group: whole,
  attempt: whole,
};

/** One question to a group of miners: planner to worker. */
const dispatchSchema = z.strictObject({
  ...identity,
  /** The worker must have the same template. */
  version: text(64),
  synapse: text(64),
  task: json,
  /** Of `packTargets`. */
  targets: z.string().transform((lines, context) => {
    const targets = unpackTargets(lines);
    if (targets) return targets;
    context.addIssue("no targets");
    return z.NEVER;
  }),
  /** Unix ms after which nobody waits for the answers; the queue translates it between the clocks of two hosts. */
  expiresAtMs: whole,
});
export type DispatchJob = z.output<typeof dispatchSchema>;
export type NewDispatchJob = z.input<typeof dispatchSchema>;

/** What came back from that group: worker to planner. */
const collectSchema = z.strictObject({
  ...identity,
  /** Who did it: process id and a random part. */
  worker: text(64),
  answers: z
    .array(
      z.strictObject({
        hotkey: text(64),
        reason,
        latencyMs: z.number().min(0),
        /** The reply's bytes. */
        body: base64.optional(),
      }),
    )
    .max(MAX_TARGETS),
});
export type CollectJob = z.output<typeof collectSchema>;

export type DispatchQueue = TaskQueue<typeof dispatchSchema>;
export type CollectQueue = TaskQueue<typeof collectSchema>;

/** Purpose to derive the key of the tags for, from the validator's hotkey: `keypair.deriveSecret(queueKeyPurpose(scope))`. */
export function queueKeyPurpose(scope: QueueScope): string {
  return `queue/${scope.genesis}/${scope.netuid}/${scope.template}`;
}

/** @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS */
export function openDispatchQueue(
  scope: QueueScope,
  key: Uint8Array,
  connect: ConnectOptions,
): Promise<DispatchQueue> {
  return openBoundedDispatchQueue(scope, key, connect, undefined);
}

/**
 * The same, with another bound on how many jobs may wait.
 *
 * @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS
 */
export function openBoundedDispatchQueue(
  scope: QueueScope,
  key: Uint8Array,
  connect: ConnectOptions,
  maxWaiting: number | undefined,
): Promise<DispatchQueue> {
  return TaskQueue.open({
    name: queueName("dispatch", scope),
    schema: dispatchSchema,
    timeField: "expiresAtMs",
    ...{ key, connect },
    ...(maxWaiting !== undefined && { maxWaiting }),
  });
}

/** @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS */
export function openCollectQueue(
  scope: QueueScope,
  key: Uint8Array,
  connect: ConnectOptions,
): Promise<CollectQueue> {
  return TaskQueue.open({ name: queueName("collect", scope), schema: collectSchema, key, connect });
}

/** How many targets share a job, so that their replies fit into one `collect` job. */
export function groupSize(maxResponseBytes: number, wanted: number = MAX_TARGETS): number {
  return Math.max(1, Math.min(wanted, MAX_TARGETS, Math.floor(MAX_REPLY_BYTES / maxResponseBytes)));
}
