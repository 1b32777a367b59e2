import type { Clock } from "../shared/clock.ts";
import type { Logger } from "../shared/logger.ts";
import type { Hotkey } from "../shared/types.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { PROTOCOLS } from "../shared/wire/protocols.ts";
import { type ReplayClaims, ReplayStore } from "../shared/wire/replay-store.ts";

/** A Redis that remembers which requests were taken. */
export type SharedReplayStore = {
  /** `redis://` or `rediss://`, with a password unless it is this machine. */
  url: string;
  /** The way to it is private, so that `redis://` may cross it without TLS. Default false. */
  privateNetwork?: boolean | undefined;
};

const NS_PER_MS = 1_000_000n;
/** A floor further ahead is not waited for: callers are told to come back. */
const MAX_WAIT_MS = 10_000;

/**
 * The memory of what was answered. Without `shared` it is this process's own, which is enough as long as the hotkey
 * has no second process; with it, several processes and restarts know of each other.
 *
 * Resolves when honest callers are not in the way of what a predecessor may have taken.
 *
 * @throws SubforgeError QUEUE_ADDRESS, QUEUE_EVICTS, REPLAY_STORE_UNREACHABLE, REPLAY_STORE_UNFIT
 */
export async function openReplayStore(
  options: {
    receiver: Hotkey;
    /** Those that are served: each is remembered by its own window. */
    protocols: readonly ProtocolId[];
    bodyTimeoutMs: number;
    shared?: SharedReplayStore | undefined;
  },
  { clock, logger, signal }: { clock: Clock; logger: Logger; signal: AbortSignal },
): Promise<ReplayClaims> {
  const { receiver, protocols, shared } = options;
  const windows = Object.fromEntries(protocols.map((protocol) => [protocol, PROTOCOLS[protocol].window]));
  const memory = { windows, claimDelayNs: BigInt(options.bodyTimeoutMs) * NS_PER_MS };
  const store = shared
    ? await openRedis({ ...memory, receiver, connect: { ...shared, logger } })
    : new ReplayStore({ ...memory, startedNs: BigInt(clock.nowMs()) * NS_PER_MS });
  const leftMs = Number(store.floorNs / NS_PER_MS) - clock.nowMs();
  if (leftMs > 0) await clock.sleep(Math.min(leftMs, MAX_WAIT_MS), signal);
  return store;
}

async function openRedis(
  options: Parameters<typeof import("../shared/queue/redis-replay-store.ts").RedisReplayStore.open>[0],
): Promise<ReplayClaims> {
  const { RedisReplayStore } = await import("../shared/queue/redis-replay-store.ts"); // late: most miners need none
  return RedisReplayStore.open(options);
}
