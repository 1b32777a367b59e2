import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { systemClock } from "../clock.ts";
import { isSubforgeError } from "../errors.ts";
import { failPoint } from "../fail-point.ts";
import type { Hex, Hotkey, Netuid } from "../types.ts";
import { type ConnectOptions, connectRedis, type RedisLink, within } from "./connection.ts";
import { KEY_PREFIX } from "./job-ids.ts";

/** A lease that is not renewed for so long is free: its holder died, hangs or is cut off. */
const DEFAULT_TTL_MS = 8_000;

/** Renewals and attempts per lifetime of a lease: a lost command or two cost nothing. */
const ROUNDS_PER_TTL = 4;

/** How often who waits looks whether it is free. */
const WAIT_MS = 500;

/** Longest name of a holder that is shown: it comes from Redis, and whoever writes there may write anything. */
const MAX_HOLDER_LENGTH = 80;

/*
 * One key says who holds it, the other the newest token. A token never falls, not even when Redis lost everything: it is
 * at least Redis's own clock. A holder whose key is gone, as after a loss of Redis, gets it back unless a newer token was given.
 */
const TAKE = `
local held = redis.call('GET', KEYS[1])
local mine = ARGV[1] .. ' ' .. ARGV[2]
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if ARGV[1] ~= '0' and (held == mine or (not held and last <= tonumber(ARGV[1]))) then
  redis.call('SET', KEYS[1], mine, 'PX', ARGV[3])
  redis.call('SET', KEYS[2], ARGV[1])
  return {1, ARGV[1]}
end
if held or ARGV[1] ~= '0' then return {0, held or ''} end
local time = redis.call('TIME')
local token = string.format('%.0f', math.max(last + 1, tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
redis.call('SET', KEYS[1], token .. ' ' .. ARGV[2], 'PX', ARGV[3])
redis.call('SET', KEYS[2], token)
return {1, token}`;

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] .. ' ' .. ARGV[2] then return redis.call('DEL', KEYS[1]) end
return 0`;

/**
 * What Redis says of a lease. `unknown`: it did not say in time, and nothing hints at another holder; `stale`: it did not
 * say, and this process stood still for longer than the lease lasts, so that another one may have taken it.
 */
export type LeaseStanding = "held" | "lost" | "unknown" | "stale";

export type Lease = {
  /** Larger than every token that was given before. */
  token: number;
  /** Held as far as this process knows, without asking. */
  isHeld(): boolean;
  /** Asks Redis, and renews. Call right before what only the holder may do. */
  standing(): Promise<LeaseStanding>;
  /** True only when Redis just said so. */
  stillHeld(): Promise<boolean>;
  /** Aborts when Redis said that somebody else has it. An outage of Redis alone does not abort it. */
  lost: AbortSignal;
  /** Gives it back at once, so that who waits need not wait for its end. */
  release(): Promise<void>;
};

export type LeaseOptions = {
  connect: ConnectOptions;
  signal: AbortSignal;
  /** Somebody else has it: called once for each holder that is waited for. */
  onWait(holder: string): void;
  /** How long it outlives its holder, ms. Default 8000. */
  ttlMs?: number;
};

/** One planner for one hotkey on one subnet, among all hosts of one Redis. */
export function plannerLease(genesis: Hex, hotkey: Hotkey, netuid: Netuid): string {
  return `planner/${genesis}/${hotkey}/${netuid}`;
}

/**
 * Takes a lease, waiting for as long as somebody else has it, and renews it until it is released, lost, or the signal
 * aborts.
 *
 * It keeps two planners from doing the same work. It is not what keeps them from signing two contents: that is the lock
 * of the journal on one machine, and what the chain says of the key's last weights.
 *
 * @returns undefined when the signal aborted while it waited.
 * @throws SubforgeError QUEUE_ADDRESS | QUEUE_UNREACHABLE | QUEUE_EVICTS when there is no Redis to begin with
 */
export async function holdLease(name: string, options: LeaseOptions): Promise<Lease | undefined> {
  const { signal, onWait, ttlMs = DEFAULT_TTL_MS } = options;
  const link = await connectRedis({ ...options.connect, silentMs: ttlMs });
  const place = new LeasePlace(name, link, ttlMs);
  let waitedFor: string | undefined;
  while (!signal.aborted) {
    const taken = await place.take(0).catch(ignoreOutage);
    if (taken?.ok) {
      failPoint("lease.take.after");
      return new HeldLease(place, taken.token, signal);
    }
    if (taken && taken.holder !== waitedFor) {
      waitedFor = taken.holder;
      onWait(waitedFor);
    }
    await systemClock.sleep(Math.min(ttlMs / ROUNDS_PER_TTL, WAIT_MS), signal);
  }
  link.close();
  return undefined;
}

/** The two keys of a lease, and this process's name for itself. */
class LeasePlace {
  readonly ttlMs: number;
  readonly #link: RedisLink;
  readonly #keys: [string, string];
  /** The random part tells two leases of one process apart, and a process from its successor with the same number. */
  readonly #owner = `${hostname()}/${process.pid} ${randomBytes(8).toString("hex")}`;

  constructor(name: string, link: RedisLink, ttlMs: number) {
    this.ttlMs = ttlMs;
    this.#link = link;
    // Braces: a cluster keeps both on one node.
    this.#keys = [`${KEY_PREFIX}:lease:{${name}}:holder`, `${KEY_PREFIX}:lease:{${name}}:token`];
  }

  /** @param token - What is held already, to renew it; 0 to take it. */
  async take(token: number): Promise<{ ok: true; token: number } | { ok: false; holder: string }> {
    const answer = (await this.#run(TAKE, token)) as [number, string];
    if (answer[0] === 1) return { ok: true, token: Number(answer[1]) };
    return { ok: false, holder: holderOf(answer[1]) };
  }

  async giveBack(token: number): Promise<void> {
    await this.#run(RELEASE, token).catch(ignoreOutage);
    this.#link.close();
  }

  #run(script: string, token: number): Promise<unknown> {
    const { redis, where } = this.#link;
    const work = redis.eval(script, 2, ...this.#keys, String(token), this.#owner, String(this.ttlMs));
    return within(work, this.ttlMs / ROUNDS_PER_TTL, where);
  }
}

class HeldLease implements Lease {
  readonly token: number;
  readonly #place: LeasePlace;
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  /** When Redis last confirmed it, and when this process was last seen alive: a clock that goes on while it is stopped. */
  #confirmedMs = performance.now();
  #aliveMs = performance.now();
  #stoodStill = false;
  readonly #renewing: Promise<void>;

  constructor(place: LeasePlace, token: number, signal: AbortSignal) {
    this.#place = place;
    this.token = token;
    this.#renewing = this.#renew(AbortSignal.any([signal, this.#ended.signal, this.#lost.signal]));
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  isHeld(): boolean {
    return !this.#lost.signal.aborted && performance.now() - this.#confirmedMs < this.#place.ttlMs;
  }

  async stillHeld(): Promise<boolean> {
    return (await this.standing()) === "held";
  }

  async standing(): Promise<LeaseStanding> {
    if (this.#lost.signal.aborted || this.#ended.signal.aborted) return "lost";
    this.#noticePause();
    const asked = performance.now();
    const answer = await this.#place.take(this.token).catch(ignoreOutage);
    if (!answer) return this.#stoodStill ? "stale" : "unknown";
    if (!answer.ok) {
      this.#lost.abort();
      return "lost";
    }
    this.#confirmedMs = asked;
    this.#stoodStill = false;
    return "held";
  }

  async release(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    await this.#renewing;
    await this.#place.giveBack(this.token);
  }

  async #renew(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await systemClock.sleep(this.#place.ttlMs / ROUNDS_PER_TTL, until);
      if (!until.aborted) await this.standing();
    }
  }

  #noticePause(): void {
    const nowMs = performance.now();
    if (nowMs - this.#aliveMs > this.#place.ttlMs) this.#stoodStill = true;
    this.#aliveMs = nowMs;
  }
}

/** @returns undefined for an outage: whoever asked looks again. */
function ignoreOutage(error: unknown): undefined {
  if (!isSubforgeError(error, "QUEUE_UNREACHABLE")) throw error;
}

/** "token host/pid random" to "host/pid". */
function holderOf(value: string): string {
  const holder = value.split(" ")[1] ?? "";
  return holder.replaceAll(/[^\w./:-]/g, "?").slice(0, MAX_HOLDER_LENGTH) || "another planner";
}
