import { systemClock } from "../clock.ts";
import { type RedisLink, within } from "./connection.ts";

const TIME_SCRIPT = `
local now = redis.call('TIME')
return now[1] * 1000 + math.floor(now[2] / 1000)
`;

/** Clocks drift by far less than a millisecond in that time. */
const MEASURE_EVERY_MS = 30_000;

/** Ours went so much further, or less far, than time did: somebody set it. */
const WAS_SET_MS = 100;

/** A slow answer says little about the time. */
const TIMEOUT_MS = 1_000;

/**
 * The clock of Redis as seen from here. A time that travels between two hosts is written on it, because the hosts' own
 * clocks may lie apart.
 */
export class RedisClock {
  readonly #link: RedisLink;
  readonly #key: string;
  readonly #nowMs: () => number;
  #aheadMs = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;
  /** Our clock against one that nobody can set, when it was measured. */
  #offsetMs = 0;
  #measuring: Promise<void> | undefined;

  /** @param key - Any key on the server whose clock is meant: the nodes of a cluster have one each. */
  constructor(link: RedisLink, key: string, nowMs: () => number = () => systemClock.nowMs()) {
    this.#link = link;
    this.#key = key;
    this.#nowMs = nowMs;
  }

  /** How far the clock of Redis is ahead of ours, ms; asked for now and then. The last figure while Redis is away. */
  async aheadMs(): Promise<number> {
    const wasSet = Math.abs(this.#offset() - this.#offsetMs) > WAS_SET_MS;
    if (wasSet || performance.now() - this.#measuredAt > MEASURE_EVERY_MS) {
      this.#measuring ??= this.#measure().finally(() => {
        this.#measuring = undefined;
      });
      await this.#measuring;
    }
    return this.#aheadMs;
  }

  async #measure(): Promise<void> {
    const startedMs = this.#nowMs();
    const { redis, where } = this.#link;
    const theirs = await within(redis.eval(TIME_SCRIPT, 1, this.#key), TIMEOUT_MS, where).catch(
      () => undefined,
    );
    if (typeof theirs !== "number") return;
    // Redis looked at its clock somewhere between question and answer.
    this.#aheadMs = theirs - (startedMs + this.#nowMs()) / 2;
    this.#measuredAt = performance.now();
    this.#offsetMs = this.#offset();
  }

  #offset(): number {
    return this.#nowMs() - performance.now();
  }
}

/** The payload with its time on a clock that is so far ahead. */
export function moveTime<Payload>(payload: Payload, field: string, aheadMs: number): Payload {
  const record = payload as Record<string, unknown>;
  return { ...record, [field]: Math.max(0, Math.ceil(Number(record[field]) + aheadMs)) } as Payload;
}
