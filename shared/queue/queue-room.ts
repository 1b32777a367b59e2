import { SubforgeError } from "../errors.ts";
import { type RedisLink, within } from "./connection.ts";

/** Of the memory Redis may use: beyond it nothing is added, so that workers can still finish what waits. */
const MEMORY_SHARE = 0.9;

/** How long one look at Redis holds good. */
const LOOK_EVERY_MS = 250;

const TIMEOUT_MS = 1_000;

/** KEYS: wait, paused, prioritized, delayed, of one queue. Returns jobs, bytes used, bytes allowed (0: any number). */
const ROOM_SCRIPT = `
local about = redis.call('INFO', 'memory')
return {
  redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[2]) + redis.call('ZCARD', KEYS[3]) + redis.call('ZCARD', KEYS[4]),
  tonumber(string.match(about, 'used_memory:(%d+)') or 0), tonumber(string.match(about, 'maxmemory:(%d+)') or 0)
}
`;

/**
 * Keeps a queue from growing without end: who adds hears in time that workers or memory do not keep up. Each producer
 * looks for itself, so that several may together exceed the bound by what they add within a quarter of a second.
 */
export class QueueRoom {
  readonly #link: RedisLink;
  readonly #keys: string[];
  readonly #maxWaiting: number;
  #left = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(link: RedisLink, base: string, maxWaiting: number) {
    this.#link = link;
    this.#keys = ["wait", "paused", "prioritized", "delayed"].map((part) => `${base}:${part}`);
    this.#maxWaiting = maxWaiting;
  }

  /** @throws SubforgeError QUEUE_FULL when that many jobs have no room, QUEUE_UNREACHABLE when Redis does not say */
  async take(count: number): Promise<void> {
    const isFresh = performance.now() - this.#lookedAt < LOOK_EVERY_MS;
    if (!isFresh || this.#left < count) await this.#look(count);
    this.#left -= count;
  }

  async #look(count: number): Promise<void> {
    const { redis, where } = this.#link;
    const reply = await within(redis.eval(ROOM_SCRIPT, this.#keys.length, ...this.#keys), TIMEOUT_MS, where);
    const [waiting, usedBytes, maxBytes] = reply as [number, number, number];
    const full = (problem: string) => new SubforgeError("QUEUE_FULL", { where, problem });
    if (waiting + count > this.#maxWaiting) {
      throw full(`${waiting} jobs wait, and ${this.#maxWaiting} may`);
    }
    if (maxBytes > 0 && usedBytes > MEMORY_SHARE * maxBytes) {
      const share = Math.round((usedBytes / maxBytes) * 100);
      throw full(
        `Redis uses ${share} % of the memory it may use, and new jobs leave it the last ${100 - MEMORY_SHARE * 100} %`,
      );
    }
    this.#left = this.#maxWaiting - waiting;
    this.#lookedAt = performance.now();
  }
}
