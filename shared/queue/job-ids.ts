import { createHash } from "node:crypto";
import { SubforgeError } from "../errors.ts";
import type { Hex, Hotkey, Netuid } from "../types.ts";

/** Whose queues: two validators, networks or subnets on one Redis never meet. */
export type QueueScope = { genesis: Hex; validator: Hotkey; netuid: Netuid; template: string };

/** Prefix of every key of ours in Redis. */
export const KEY_PREFIX = "sf";

/**
 * A queue's name as it stands in keys. In braces: a cluster keeps all keys of one queue on one node, as scripts that
 * touch several of them need it, and different queues on different nodes.
 */
export function keyName(queue: string): string {
  return `{${queue}}`;
}

/** Letters, digits, dots and dashes: nothing that means anything in a key, a pattern or a script. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** What BullMQ calls the other keys of a queue: a job of that name would overwrite one. */
const TAKEN = new Set(
  "active wait waiting waiting-children paused id delayed prioritized stalled-check completed failed stalled repeat limiter meta events pc marker de it".split(
    " ",
  ),
);

/** @throws SubforgeError INTERNAL when this cannot be the name of a queue or of a job: we made it */
export function assertName(name: string): void {
  if (NAME.test(name) && !TAKEN.has(name) && !/^\d+$/.test(name)) return;
  throw new SubforgeError("INTERNAL", { what: "a name of a queue or a job is none" });
}

/** 12 hex digits: the part of a scope that is too long for a name. */
export function scopeId(scope: QueueScope): string {
  return digest([scope.genesis, scope.validator, String(scope.netuid), scope.template], 12);
}

/** @example queueName("dispatch", scope) // "dispatch-2-hello-0123456789ab" */
export function queueName(kind: "dispatch" | "collect", scope: QueueScope): string {
  return `${kind}-${scope.netuid}-${scope.template}-${scopeId(scope)}`;
}

/** What makes a piece of work that piece of work. The same again is the same job: adding it twice adds it once. */
export type JobIdentity = {
  mechanism: number;
  epoch: number;
  stage: string;
  taskId: string;
  group: number;
  attempt: number;
};

/**
 * Readable in front, and a hash of everything behind. BullMQ refuses ":" and plain numbers.
 *
 * @example jobId({ epoch: 7, ... }) // "e7-g0-a0-0123456789abcdef"
 */
export function jobId(job: JobIdentity): string {
  const parts = [job.mechanism, job.epoch, job.stage, job.taskId, job.group, job.attempt].map(String);
  return `e${job.epoch}-g${job.group}-a${job.attempt}-${digest(parts, 16)}`;
}

function digest(parts: string[], length: number): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, length);
}
