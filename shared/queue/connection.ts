import { readFileSync, statSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { within as endWithin } from "../deadline.ts";
import { isSubforgeError, SubforgeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { hostProblem, parseRedisAddress, type RedisAddress } from "./redis-address.ts";

/** How long the first connection may take. */
const CONNECT_TIMEOUT_MS = 4_000;

/** Longest pause between two attempts to reconnect: Redis is back for a while before anybody may notice. */
const MAX_RECONNECT_DELAY_MS = 1_000;

/** A host that vanished closes nothing. Longer than a consumer waits for work in one go. */
const SILENT_MS = 6_000;

const MAX_PEM_BYTES = 1_048_576;

/** Redis itself, seen by nobody outside this folder but through queues and announcements. */
export type RedisLink = { redis: Redis | Cluster; where: string; close(): void };

export type ConnectOptions = {
  /** See `parseRedisAddress`. A password unless it is this machine. */
  url: string;
  /** The way to Redis is private, so that `redis://` may cross it without TLS. Default false. */
  privateNetwork?: boolean | undefined;
  logger: Logger;
  /**
   * Hold commands back while Redis is away, as a BullMQ worker needs it. Default false: they fail at once, and the
   * caller decides.
   */
  patient?: boolean;
  /** A connection that says nothing for so long while it is asked is replaced. Default 6 s. */
  silentMs?: number;
  /** Report jobs to OpenTelemetry, for whatever SDK this process has loaded. Default false. */
  trace?: boolean | undefined;
};

/**
 * Connects, or says within five seconds why not. Afterwards the connection restores itself: to the same server, to the
 * nodes a cluster has then, to the master the sentinels name then.
 *
 * @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS
 */
export async function connectRedis(options: ConnectOptions): Promise<RedisLink> {
  const { url, logger, privateNetwork = false } = options;
  const address = parseRedisAddress(url);
  const { where } = address;
  let refused: string | undefined;
  const refuse = (host: string) => {
    const problem = hostProblem(host, address, privateNetwork);
    if (problem !== undefined) refused = problem;
    return problem;
  };
  for (const { host } of address.hosts) if (refuse(host) !== undefined) throw wrong(refused!);
  const redis = address.kind === "cluster" ? openCluster(address, options) : openServer(address, options);
  guardNodes(redis, address, refuse);
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
    if (refused !== undefined) throw wrong(refused);
    if (isSubforgeError(error, "QUEUE_EVICTS")) throw error;
    throw new SubforgeError("QUEUE_UNREACHABLE", { where, reason: lastError });
  }
  return { redis, where, close: () => redis.disconnect() };
}

/** @throws SubforgeError QUEUE_UNREACHABLE when the deadline is over, or when the command fails */
export async function within<T>(work: Promise<T>, timeoutMs: number, where: string): Promise<T> {
  const unreachable = (reason: string) => new SubforgeError("QUEUE_UNREACHABLE", { where, reason });
  try {
    return await endWithin(work, timeoutMs, () => unreachable(`no answer within ${timeoutMs} ms`));
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    // Only its words: the errors of ioredis carry the command with all its arguments, jobs and passwords among them.
    const reason = error instanceof Error ? error.message : String(error);
    throw unreachable(reason);
  }
}

/**
 * Any other policy drops keys without a word when memory is short.
 *
 * @throws SubforgeError QUEUE_UNREACHABLE | QUEUE_EVICTS
 */
export async function refuseEviction(redis: RedisLink["redis"], where: string): Promise<void> {
  const servers = redis instanceof Cluster ? redis.nodes("master") : [redis];
  const memories = await within(
    Promise.all(servers.map((server) => server.info("memory"))),
    CONNECT_TIMEOUT_MS,
    where,
  );
  for (const memory of memories) {
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
    if (policy && policy !== "noeviction") throw new SubforgeError("QUEUE_EVICTS", { where, policy });
  }
}

/** One server, or the master that sentinels name. */
function openServer(address: RedisAddress, options: ConnectOptions): Redis {
  const { kind, hosts, master, database, sentinelPassword } = address;
  const tls = toTls(address);
  const common: RedisOptions = {
    ...perServer(address, options, tls),
    db: database,
    lazyConnect: true,
    enableOfflineQueue: options.patient ?? false,
    retryStrategy: pauseMs,
  };
  if (kind === "single") return new Redis({ ...common, ...hosts[0] });
  return new Redis({
    ...common,
    sentinels: hosts,
    name: master!,
    role: "master",
    sentinelRetryStrategy: pauseMs,
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS / 4,
    ...(sentinelPassword && { sentinelPassword: sentinelPassword.revealText() }),
    ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
  });
}

function openCluster(address: RedisAddress, options: ConnectOptions): Cluster {
  return new Cluster(address.hosts, {
    redisOptions: perServer(address, options, toTls(address)),
    lazyConnect: true,
    enableOfflineQueue: options.patient ?? false,
    clusterRetryStrategy: pauseMs,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS / 2,
    slotsRefreshInterval: 5_000,
    // Certificates are for names: a name is kept as it is, not turned into its address.
    ...(address.tls && { dnsLookup: (name, callback) => callback(null, name) }),
  });
}

function perServer(
  { username, password }: RedisAddress,
  { silentMs = SILENT_MS }: ConnectOptions,
  tls: ConnectionOptions | undefined,
): RedisOptions {
  return {
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: silentMs,
    maxRetriesPerRequest: null,
    disableClientInfo: true, // one command less to allow
    // A master that became a replica keeps its connections: the next one leads to the new master.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
    ...(username !== undefined && { username }),
    ...(password && { password: password.revealText() }),
    ...(tls && { tls }),
  };
}

/** @throws SubforgeError QUEUE_ADDRESS */
function toTls({ tls }: RedisAddress): ConnectionOptions | undefined {
  if (!tls) return undefined;
  const { ca, cert, key, servername } = tls;
  return {
    minVersion: "TLSv1.2",
    ...(ca !== undefined && { ca: readPem("ca", ca) }),
    ...(cert !== undefined && { cert: readPem("cert", cert) }),
    ...(key !== undefined && { key: readPem("key", key) }),
    ...(servername !== undefined && { servername }),
  };
}

function readPem(word: string, path: string): Buffer {
  try {
    if (statSync(path).size > MAX_PEM_BYTES) throw wrong(`the file of ${word} is larger than 1 MiB`);
    return readFileSync(path);
  } catch (error) {
    if (isSubforgeError(error)) throw error;
    throw wrong(`the file of ${word} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
}

/** A cluster or a sentinel may name hosts elsewhere: they are refused before a password is sent to them. */
function guardNodes(
  redis: Redis | Cluster,
  { kind }: RedisAddress,
  refuse: (host: string) => string | undefined,
): void {
  if (redis instanceof Cluster) {
    redis.on("+node", (node: Redis) => {
      if (refuse(node.options.host ?? "") === undefined) return;
      node.disconnect();
      redis.disconnect();
    });
  } else if (kind === "sentinel") {
    redis.options.natMap = (key) => {
      if (refuse(key.slice(0, key.lastIndexOf(":"))) !== undefined) {
        redis.disconnect();
        throw new Error("a host that must not be called");
      }
      return null;
    };
  }
}

function pauseMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS);
}

function wrong(problem: string): SubforgeError<"QUEUE_ADDRESS"> {
  return new SubforgeError("QUEUE_ADDRESS", { problem });
}
