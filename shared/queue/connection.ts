import { Redis } from "ioredis";
import { within as endWithin } from "../deadline.ts";
import { SubforgeError } from "../errors.ts";
import type { Logger } from "../logger.ts";

/** How long the first connection may take. */
const CONNECT_TIMEOUT_MS = 4_000;

/** Longest pause between two attempts to reconnect: Redis is back for a while before anybody may notice. */
const MAX_RECONNECT_DELAY_MS = 1_000;

/** Redis itself, seen by nobody outside this folder but through queues and announcements. */
export type RedisLink = { redis: Redis; where: string; close(): void };

export type ConnectOptions = {
  /** `redis://` or `rediss://`, with a password unless it is this machine. */
  url: string;
  /** The way to Redis is private, so that `redis://` may cross it without TLS. Default false. */
  privateNetwork?: boolean | undefined;
  logger: Logger;
  /**
   * Hold commands back while Redis is away, as a BullMQ worker needs it. Default false: they fail at once, and the
   * caller decides.
   */
  patient?: boolean;
  /** A connection that says nothing for so long while it is asked is replaced. Default: TCP decides, in minutes. */
  silentMs?: number;
};

/**
 * Connects, or says within five seconds why not. Afterwards the connection restores itself.
 *
 * @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS
 */
export async function connectRedis(options: ConnectOptions): Promise<RedisLink> {
  const { url, logger, patient = false } = options;
  const where = checkAddress(url, options.privateNetwork ?? false);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: null,
    enableOfflineQueue: patient,
    ...(options.silentMs !== undefined && { socketTimeout: options.silentMs }),
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS),
  });
  let lastError = "no answer";
  redis.on("error", (error: Error) => {
    lastError = error.message || lastError;
    logger.debug("queue.connection-error", { where, reason: error.message });
  });
  redis.on("ready", () => logger.info("queue.connected", { where }));
  try {
    await within(redis.connect(), CONNECT_TIMEOUT_MS, where);
    await refuseEviction(redis, where);
  } catch (error) {
    redis.disconnect();
    if (error instanceof SubforgeError && error.code === "QUEUE_EVICTS") throw error;
    throw new SubforgeError("QUEUE_UNREACHABLE", { where, reason: lastError }, { cause: error });
  }
  return { redis, where, close: () => redis.disconnect() };
}

/** @throws SubforgeError QUEUE_UNREACHABLE when the deadline is over, or when the command fails */
export async function within<T>(work: Promise<T>, timeoutMs: number, where: string): Promise<T> {
  const unreachable = (reason: string, cause?: unknown) =>
    new SubforgeError("QUEUE_UNREACHABLE", { where, reason }, { cause });
  try {
    return await endWithin(work, timeoutMs, () => unreachable(`no answer within ${timeoutMs} ms`));
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    throw unreachable(error instanceof Error ? error.message : String(error), error);
  }
}

/**
 * Whoever reaches Redis can read jobs and throw them away: outside this machine it needs a password, and TLS unless
 * the network itself is private.
 *
 * @returns Host and port, without credentials.
 */
function checkAddress(text: string, privateNetwork: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || !url.hostname) {
    throw new SubforgeError("QUEUE_ADDRESS", { problem: "it is no redis:// or rediss:// address" });
  }
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (!local && !url.password) {
    throw new SubforgeError("QUEUE_ADDRESS", {
      problem: `${url.hostname} is another machine: name a password`,
    });
  }
  if (!local && url.protocol === "redis:" && !privateNetwork) {
    const problem = `${url.hostname} is another machine: use rediss://, or say that the network is private`;
    throw new SubforgeError("QUEUE_ADDRESS", { problem });
  }
  return `${url.hostname}:${url.port || "6379"}`;
}

/**
 * Any other policy drops keys without a word when memory is short.
 *
 * @throws SubforgeError QUEUE_UNREACHABLE | QUEUE_EVICTS
 */
export async function refuseEviction(redis: Redis, where: string): Promise<void> {
  const memory = await within(redis.info("memory"), CONNECT_TIMEOUT_MS, where);
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  if (policy && policy !== "noeviction") throw new SubforgeError("QUEUE_EVICTS", { where, policy });
}
