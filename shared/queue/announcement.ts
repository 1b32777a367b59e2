import { z } from "zod";
import { systemClock } from "../clock.ts";
import { failPoint } from "../fail-point.ts";
import type { Json } from "../types.ts";
import { type ConnectOptions, connectRedis, within } from "./connection.ts";
import { KEY_PREFIX, type QueueScope, scopeId } from "./job-ids.ts";
import { openJob, sealJob } from "./sealed-job.ts";

/** An announcement that is not renewed is gone after this: its planner is. */
const EXPIRES_MS = 15_000;
const RENEW_MS = 4_000;
const COMMAND_TIMEOUT_MS = 2_000;
/** Subnets of all validators on one Redis. */
const MAX_ANNOUNCEMENTS = 2_048;

/** In braces: a cluster keeps all of them on one node, so that two can be written at once. */
const INDEX = `${KEY_PREFIX}:{validators}`;

const schema = z.strictObject({
  genesis: z.templateLiteral(["0x", z.string().regex(/^[0-9a-f]{64}$/)]),
  validator: z.string().max(64),
  netuid: z.int().min(0).max(65_535),
  template: z.string().regex(/^[a-z0-9-]{1,32}$/),
  version: z.string().max(64),
  config: z.json() as z.ZodType<Json>,
  /** May miners have private addresses? On a development chain only. */
  allowPrivate: z.boolean(),
  /** How miners are asked. */
  protocol: z.enum(["btauth/1", "v10"]),
});

/** Which validator works on this Redis: enough for a worker that knows nothing but the address of Redis. */
export type Announcement = z.output<typeof schema>;

const sealedSchema = z.object({ v: z.number(), body: z.string().max(65_536), tag: z.string().max(128) });

/** Keeps the announcement in Redis, also after Redis lost everything, until the signal aborts. Then it is taken back. */
export async function announce(
  announcement: Announcement,
  key: Uint8Array,
  options: { connect: ConnectOptions; signal: AbortSignal },
): Promise<void> {
  const { connect, signal } = options;
  const scope = scopeId(announcement);
  const place = keyOf(scope);
  const sealed = JSON.stringify(sealJob(announcement, key, place));
  const link = await connectRedis(connect);
  try {
    while (!signal.aborted) {
      const write = link.redis.multi().sadd(INDEX, scope).set(place, sealed, "PX", EXPIRES_MS).exec();
      await within(write, COMMAND_TIMEOUT_MS, link.where).catch(() => undefined); // away: the next round writes it
      failPoint("queue.announce.after");
      await systemClock.sleep(RENEW_MS, signal);
    }
    await within(link.redis.del(place), COMMAND_TIMEOUT_MS, link.where).catch(() => undefined);
  } finally {
    link.close();
  }
}

export type FoundAnnouncement = {
  /** Not proven yet: good for finding the wallet whose key proves it. */
  claimed: Announcement;
  /** @throws SubforgeError QUEUE_JOB_TAMPERED when this key did not tag it */
  verify(key: Uint8Array): Announcement;
};

/** Who announced itself on this Redis and is alive. @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS */
export async function findAnnouncements(connect: ConnectOptions): Promise<FoundAnnouncement[]> {
  const link = await connectRedis(connect);
  try {
    const all = await within(link.redis.smembers(INDEX), COMMAND_TIMEOUT_MS, link.where);
    const scopes = all.slice(0, MAX_ANNOUNCEMENTS);
    if (scopes.length === 0) return [];
    const stored = await within(link.redis.mget(scopes.map(keyOf)), COMMAND_TIMEOUT_MS, link.where);
    const found = scopes.map((scope, i) => {
      const text = stored[i];
      return { scope, announcement: typeof text === "string" ? parse(text, keyOf(scope)) : undefined };
    });
    const gone = found.filter(({ announcement }) => !announcement).map(({ scope }) => scope);
    if (gone.length > 0) await within(link.redis.srem(INDEX, ...gone), COMMAND_TIMEOUT_MS, link.where);
    return found.flatMap(({ announcement }) => announcement ?? []);
  } finally {
    link.close();
  }
}

function parse(stored: string, place: string): FoundAnnouncement | undefined {
  try {
    const sealed = sealedSchema.parse(JSON.parse(stored));
    const claimed = schema.parse(JSON.parse(sealed.body));
    return { claimed, verify: (key) => openJob(schema, sealed, key, place) };
  } catch {
    return undefined; // not ours: as good as absent
  }
}

function keyOf(scope: string): string {
  return `${INDEX}:${scope}`;
}

/** For the queues of the same validator. */
export function scopeOf({ genesis, validator, netuid, template }: Announcement): QueueScope {
  return { genesis: genesis as QueueScope["genesis"], validator, netuid, template };
}
