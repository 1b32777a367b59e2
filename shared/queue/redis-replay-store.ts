import { createHash } from "node:crypto";
import { within } from "../deadline.ts";
import { isSubforgeError, SubforgeError } from "../errors.ts";
import type { Hotkey } from "../types.ts";
import type { ProtocolId } from "../wire/protocol.ts";
import { type Claim, type ReplayClaims, type ReplayMemory, replayMemories } from "../wire/replay-store.ts";
import { type ConnectOptions, connectRedis, type RedisLink, refuseEviction } from "./connection.ts";

export type RedisReplayOptions = ReplayMemory & {
  connect: ConnectOptions;
  /** Own hotkey: miners that share a Redis do not meet. */
  receiver: Hotkey;
  /**
   * How far the clock of a miner and that of Redis may lie apart. Default 1 s. A lost memory is waited out so much
   * longer, and a nonce remembered twice as much: a request stays fresh longer on a host whose clock is behind.
   */
  clockSlackMs?: number;
};

/** A caller waits no longer than this to hear that nobody can say. */
const COMMAND_TIMEOUT_MS = 200;
/** A host that vanished closes nothing: a connection is replaced after so long without an answer. */
const SILENT_MS = 2_000;
/** Questions without an answer yet: with more, Redis hangs, and the next one is not even asked. */
const MAX_UNANSWERED = 1_000;
const DEFAULT_CLOCK_SLACK_MS = 1_000;
const NS_PER_MS = 1_000_000n;

/**
 * One step, so that nothing can be lost between looking and taking. The marker has no expiry: when it is missing, or
 * tells of another run of the server, nonces may be missing too, and all up to that moment are refused for good.
 * Lua counts in doubles: milliseconds, never nanoseconds.
 *
 * KEYS: the nonce, the marker. ARGV: run of the server, nonce ms rounded up (exact, as the floor is whole), skew and
 * slack ms, memory ms. A nonce of -1 asks for the marker alone. Returns the verdict and the marker's milliseconds.
 */
const CLAIM_SCRIPT = `
local marker = redis.call('GET', KEYS[2])
local run, since = string.match(marker or '', '^(%w+) (%d+)$')
if run ~= ARGV[1] then
  local now = redis.call('TIME')
  since = string.format('%d', now[1] * 1000 + math.ceil(now[2] / 1000))
  redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. since)
end
local nonce = tonumber(ARGV[2])
if nonce <= tonumber(since) + tonumber(ARGV[3]) then return {'warming-up', since} end
if redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[4]) then return {'new', since} end
return {'seen', since}
`;
const CLAIM_SHA = createHash("sha1").update(CLAIM_SCRIPT).digest("hex");

/**
 * Remembers the nonces of verified requests in Redis: for several processes and hosts of one hotkey, and over their
 * restarts. When Redis cannot say, nobody can: `unavailable`, never a memory of our own. Comes back by itself.
 *
 * Not for a Redis cluster: marker and nonces may be lost apart there.
 */
export class RedisReplayStore implements ReplayClaims {
  readonly #options: RedisReplayOptions;
  readonly #link: RedisLink;
  readonly #memories: ReadonlyMap<ProtocolId, bigint>;
  /** Which run of the server this connection speaks with; undefined while that is not known and checked. */
  #run: string | undefined;
  #sinceMs = 0;
  #unanswered = 0;

  /**
   * @throws SubforgeError CONFIG_INVALID, QUEUE_ADDRESS, QUEUE_EVICTS, REPLAY_STORE_UNREACHABLE, REPLAY_STORE_UNFIT
   */
  static async open(options: RedisReplayOptions): Promise<RedisReplayStore> {
    replayMemories(options); // a wrong memory is said before anybody is called
    const link = await connectRedis({ ...options.connect, silentMs: SILENT_MS }).catch((error: unknown) => {
      if (!isSubforgeError(error, "QUEUE_UNREACHABLE")) throw error;
      throw new SubforgeError("REPLAY_STORE_UNREACHABLE", error.details, { cause: error });
    });
    const store = new RedisReplayStore(options, link);
    try {
      await store.#greet();
    } catch (error) {
      link.close();
      if (isSubforgeError(error)) throw error;
      const { where } = link;
      throw new SubforgeError("REPLAY_STORE_UNREACHABLE", { where, reason: String(error) });
    }
    link.redis.on("close", () => store.#lose());
    link.redis.on("ready", () => void store.#greetAgain());
    return store;
  }

  private constructor(options: RedisReplayOptions, link: RedisLink) {
    this.#options = options;
    this.#link = link;
    this.#memories = replayMemories(options);
  }

  /** Rises when Redis loses its memory. */
  get floorNs(): bigint {
    const skewMs = [...this.#memories.keys()].map((protocol) => this.#skewMs(protocol));
    return BigInt(this.#sinceMs + Math.max(0, ...skewMs)) * NS_PER_MS;
  }

  async claim(key: string, nonceNs: bigint, protocol: ProtocolId): Promise<Claim> {
    const memoryNs = this.#memories.get(protocol);
    const run = this.#run;
    if (memoryNs === undefined || run === undefined || this.#unanswered >= MAX_UNANSWERED)
      return "unavailable";
    try {
      return await this.#ask(
        key,
        run,
        wholeMs(nonceNs),
        this.#skewMs(protocol),
        wholeMs(memoryNs) + 2 * this.#slackMs,
      );
    } catch (error) {
      const { logger } = this.#options.connect;
      logger.debug("replay-store.unavailable", { where: this.#link.where, reason: String(error) });
      return "unavailable";
    }
  }

  close(): void {
    this.#run = undefined;
    this.#link.close();
  }

  get #marker(): string {
    return `btauth1:${this.#options.receiver}:started`;
  }

  get #slackMs(): number {
    return this.#options.clockSlackMs ?? DEFAULT_CLOCK_SLACK_MS;
  }

  #skewMs(protocol: ProtocolId): number {
    return wholeMs(this.#options.windows[protocol]?.skewNs ?? 0n) + this.#slackMs;
  }

  async #ask(key: string, run: string, nonceMs: number, skewMs: number, memoryMs: number): Promise<Claim> {
    const { redis } = this.#link;
    const words = [key, this.#marker, run, nonceMs, skewMs, memoryMs] as const;
    this.#unanswered += 1;
    const asked = redis
      .evalsha(CLAIM_SHA, 2, ...words)
      .catch((error: unknown) => {
        if (String(error).includes("NOSCRIPT")) return redis.eval(CLAIM_SCRIPT, 2, ...words);
        throw error;
      })
      .finally(() => {
        this.#unanswered -= 1;
      });
    const [verdict, since] = (await this.#within(asked)) as [Claim, string];
    this.#sinceMs = Number(since);
    return verdict;
  }

  /** Who is there: fit for the purpose, on our time, and with which memory? Nothing is claimed before this is known. */
  async #greet(): Promise<void> {
    const { redis, where } = this.#link;
    const startedMs = Date.now();
    const [seconds, micros] = await this.#within(redis.time());
    const endedMs = Date.now();
    const theirMs = Number(seconds) * 1_000 + Number(micros) / 1_000;
    const apartMs = Math.max(startedMs - theirMs, theirMs - endedMs - 1, 0);
    if (apartMs > Math.max(this.#slackMs, 1)) {
      const problem = `its clock is ${Math.round(apartMs)} ms away from ours`;
      throw new SubforgeError("REPLAY_STORE_UNFIT", { where, problem });
    }
    const about = await this.#within(redis.info());
    if (/^cluster_enabled:1/m.test(about)) {
      throw new SubforgeError("REPLAY_STORE_UNFIT", { where, problem: "it is part of a cluster" });
    }
    const run = /^run_id:(\w+)/m.exec(about)?.[1];
    if (!run)
      throw new SubforgeError("REPLAY_STORE_UNFIT", { where, problem: "it does not tell its run id" });
    await this.#ask(this.#marker, run, -1, 0, 1);
    this.#run = run;
  }

  /** The connection is new: it may be another server, or the same with less memory. */
  async #greetAgain(): Promise<void> {
    const { logger } = this.#options.connect;
    try {
      await refuseEviction(this.#link.redis, this.#link.where);
      await this.#greet();
      logger.info("replay-store.back", { where: this.#link.where });
    } catch (error) {
      this.#run = undefined;
      const reason = isSubforgeError(error) ? `${error.code}: ${error.message}` : String(error);
      logger.warn("replay-store.refused", { where: this.#link.where, reason });
      setTimeout(() => this.#link.redis.disconnect(true), SILENT_MS).unref(); // and is greeted once more
    }
  }

  #lose(): void {
    if (this.#run === undefined) return;
    this.#run = undefined;
    this.#options.connect.logger.warn("replay-store.lost", { where: this.#link.where });
  }

  #within<T>(work: Promise<T>): Promise<T> {
    return within(work, COMMAND_TIMEOUT_MS, () => new Error(`no answer within ${COMMAND_TIMEOUT_MS} ms`));
  }
}

/** Rounded up. */
function wholeMs(ns: bigint): number {
  return Number((ns + NS_PER_MS - 1n) / NS_PER_MS);
}
