import type { RedisLink } from "./connection.ts";

/** What of one or several queues is worth a look. Its cost does not depend on how many jobs wait. */
export type QueueStats = {
  /** `waiting`: nobody took them. `delayed`: put off. `dead`: not tried again. */
  jobs: Record<"waiting" | "active" | "delayed" | "dead", number>;
  /** Age of the job that waits longest, by the clock of Redis. Undefined when none waits. */
  oldestMs: number | undefined;
  /** How long nothing was taken or finished although something waits, as far as this reader saw. */
  progressAgeMs: number;
  /** Jobs in work whose worker gave no sign of life: they are about to be given to another one. */
  stalled: number;
  deadLetters: number;
};

/** Anything that can be measured: a `TaskQueue`. */
export type MeasuredQueue = { stats(): Promise<QueueStats> };

/** Of all these queues together: sums, and the worst age. @throws SubforgeError QUEUE_UNREACHABLE */
export async function readQueueStats(queues: readonly MeasuredQueue[]): Promise<QueueStats> {
  const all = await Promise.all(queues.map((queue) => queue.stats()));
  const sum = (pick: (stats: QueueStats) => number) => all.reduce((total, one) => total + pick(one), 0);
  const ages = all.flatMap(({ oldestMs }) => oldestMs ?? []);
  return {
    jobs: {
      waiting: sum(({ jobs }) => jobs.waiting),
      active: sum(({ jobs }) => jobs.active),
      delayed: sum(({ jobs }) => jobs.delayed),
      dead: sum(({ jobs }) => jobs.dead),
    },
    oldestMs: ages.length > 0 ? Math.max(...ages) : undefined,
    progressAgeMs: Math.max(0, ...all.map(({ progressAgeMs }) => progressAgeMs)),
    stalled: sum(({ stalled }) => stalled),
    deadLetters: sum(({ deadLetters }) => deadLetters),
  };
}

/** Jobs in work that are looked at one by one; there are no more than workers have hands. */
const MAX_LOOKED_AT = 1_000;

/** Kinds of urgency that are looked through for the oldest job. There are fewer. */
const MAX_KINDS = 64;

/**
 * All in one step of Redis, so that the figures belong together; lengths and ends of lists only, never a scan. BullMQ
 * keeps jobs without a priority in the list `wait` (taken from its end) and others in the sorted set `prioritized`,
 * by priority * 2^32 plus a counter.
 *
 * KEYS: wait, paused, prioritized, active, delayed, failed, completed. ARGV: beginning of the keys of jobs, the two bounds above.
 */
const STATS_SCRIPT = `
local now = redis.call('TIME')
local nowMs = now[1] * 1000 + math.floor(now[2] / 1000)
local oldest = -1
local function look(id)
  local at = id and redis.call('HGET', ARGV[1] .. id, 'timestamp')
  if at then oldest = math.max(oldest, nowMs - tonumber(at)) end
end
look(redis.call('LINDEX', KEYS[1], -1))
look(redis.call('LINDEX', KEYS[2], -1))
local from = '-inf'
for _ = 1, tonumber(ARGV[3]) do
  local first = redis.call('ZRANGE', KEYS[3], from, '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')
  if not first[1] then break end
  look(first[1])
  from = string.format('%.0f', (math.floor(tonumber(first[2]) / 4294967296) + 1) * 4294967296)
end
local stalled = 0
local active = redis.call('LRANGE', KEYS[4], 0, tonumber(ARGV[2]) - 1)
for _, id in ipairs(active) do
  if redis.call('EXISTS', ARGV[1] .. id .. ':lock') == 0 then stalled = stalled + 1 end
end
local function newest(key) return redis.call('ZRANGE', key, 0, 0, 'REV')[1] or '' end
return {
  redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[2]) + redis.call('ZCARD', KEYS[3]),
  redis.call('LLEN', KEYS[4]), redis.call('ZCARD', KEYS[5]), redis.call('ZCARD', KEYS[6]), oldest, stalled,
  (active[1] or '') .. ' ' .. newest(KEYS[6]) .. ' ' .. newest(KEYS[7])
}
`;

/** Reads the figures of one queue, and remembers when it moved last. */
export class QueueMeter {
  readonly #redis: RedisLink["redis"];
  readonly #base: string;
  #seen = "";
  #movedAtMs = performance.now();

  /** @param base - What all keys of the queue begin with, without the last colon. */
  constructor(redis: RedisLink["redis"], base: string) {
    this.#redis = redis;
    this.#base = base;
  }

  async read(): Promise<QueueStats> {
    const keys = ["wait", "paused", "prioritized", "active", "delayed", "failed", "completed"].map(
      (part) => `${this.#base}:${part}`,
    );
    const words = [...keys, `${this.#base}:`, MAX_LOOKED_AT, MAX_KINDS];
    const reply = await this.#redis.eval(STATS_SCRIPT, keys.length, ...words);
    const [waiting, active, delayed, dead, oldestMs, stalled, marks] = reply as [
      ...[number, number, number, number, number, number],
      string,
    ];
    const nowMs = performance.now();
    if (waiting === 0 || marks !== this.#seen) this.#movedAtMs = nowMs;
    this.#seen = marks;
    return {
      jobs: { waiting, active, delayed, dead },
      oldestMs: oldestMs < 0 ? undefined : oldestMs,
      progressAgeMs: nowMs - this.#movedAtMs,
      stalled,
      deadLetters: dead,
    };
  }
}
