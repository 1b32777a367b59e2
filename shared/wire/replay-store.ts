import { SubforgeError } from "../errors.ts";
import type { FreshnessWindow } from "./btauth.ts";
import type { ProtocolId } from "./protocol.ts";
import { markOf, RecentKeys } from "./recent-keys.ts";

/**
 * `new`: take the request. `seen`: refuse it. The two others mean that nobody can say, so refuse as well:
 * `warming-up` because the nonce may have been taken before this store began, `unavailable` because it is full or away.
 */
export type Claim = "new" | "seen" | "warming-up" | "unavailable";

/** Remembers which verified requests were taken. Two stores: the memory of one process, and a Redis for several. */
export type ReplayClaims = {
  /**
   * Nonces up to here are refused, in the convention that lets callers be furthest ahead: whoever listened before may
   * have taken them. Unix nanoseconds.
   */
  readonly floorNs: bigint;
  /**
   * One atomic step. Only for verified requests: a claim by anybody else would use up the sender's nonce.
   *
   * @param key - From `Protocol.replayKey`.
   * @param nonceNs - When the request was signed, Unix nanoseconds.
   * @param protocol - Decides how long it is remembered.
   */
  claim(key: string, nonceNs: bigint, protocol: ProtocolId): Promise<Claim>;
  close(): void;
};

/** The conventions that are served and how long a request of each may come again. */
export type ReplayWindows = Partial<Record<ProtocolId, FreshnessWindow>>;

export type ReplayMemory = {
  windows: ReplayWindows;
  /** How long after the freshness check a claim may still come: the body's timeout. */
  claimDelayNs: bigint;
  /** How long every nonce is remembered. Default: the window of its convention, the delay, and one second. */
  memoryNs?: bigint;
};

export type ReplayStoreOptions = ReplayMemory & {
  /** Unix nanoseconds when this store began to remember. */
  startedNs: bigint;
  /** A clock that never steps, nanoseconds from any origin. */
  monotonicNs?: () => bigint;
  /** Entries held at most, 24 to 48 bytes each. The oldest is never dropped for a new one: that would admit a replay. */
  maxEntries?: number;
};

const ONE_SECOND_NS = 1_000_000_000n;
const DEFAULT_MAX_ENTRIES = 200_000;

/**
 * Remembers the nonces of verified requests, in the memory of one process: a second process that listens for the same
 * hotkey would accept everything once more.
 *
 * Nonces are a set, not a high-water mark: they may arrive in any order.
 */
export class ReplayStore implements ReplayClaims {
  readonly floorNs: bigint;
  readonly #taken = new Map<ProtocolId, { floorNs: bigint; memoryNs: bigint; keys: RecentKeys }>();
  readonly #now: () => bigint;
  readonly #maxEntries: number;

  /** @throws SubforgeError CONFIG_INVALID when it would forget a nonce that is still fresh */
  constructor(options: ReplayStoreOptions) {
    for (const [protocol, memoryNs] of replayMemories(options)) {
      const floorNs = options.startedNs + options.windows[protocol]!.skewNs;
      this.#taken.set(protocol, { floorNs, memoryNs, keys: new RecentKeys() });
    }
    this.floorNs = options.startedNs + widestSkewNs(options.windows);
    this.#now = options.monotonicNs ?? process.hrtime.bigint;
    this.#maxEntries = options.maxEntries ?? DEFAULT_MAX_ENTRIES;
  }

  /** Entries held now. */
  get size(): number {
    let size = 0;
    for (const { keys } of this.#taken.values()) size += keys.size;
    return size;
  }

  async claim(key: string, nonceNs: bigint, protocol: ProtocolId): Promise<Claim> {
    const taken = this.#taken.get(protocol);
    if (!taken) return "unavailable";
    if (nonceNs <= taken.floorNs) return "warming-up";
    const now = this.#now();
    for (const { keys } of this.#taken.values()) keys.forgetBefore(now);
    const mark = markOf(key);
    if (taken.keys.has(mark)) return "seen";
    if (this.size >= this.#maxEntries) return "unavailable";
    taken.keys.add(mark, now + taken.memoryNs);
    return "new";
  }

  close(): void {
    for (const { keys } of this.#taken.values()) keys.clear();
  }
}

/**
 * How long each convention's nonces have to be remembered, nanoseconds.
 *
 * @throws SubforgeError CONFIG_INVALID when `memoryNs` is shorter than a nonce stays fresh
 */
export function replayMemories({
  windows,
  claimDelayNs,
  memoryNs,
}: ReplayMemory): ReadonlyMap<ProtocolId, bigint> {
  const memories = new Map<ProtocolId, bigint>();
  for (const [protocol, window] of Object.entries(windows) as [ProtocolId, FreshnessWindow][]) {
    const neededNs = window.maxAgeNs + window.skewNs + claimDelayNs;
    const memory = memoryNs ?? neededNs + ONE_SECOND_NS;
    if (memory < neededNs) {
      throw new SubforgeError("CONFIG_INVALID", {
        what: "the replay store",
        problems: [`it remembers ${memory} ns, and a request may come again after ${neededNs} ns`],
      });
    }
    memories.set(protocol, memory);
  }
  return memories;
}

/** How far ahead of its time a nonce may have been taken, by whichever convention. Nanoseconds. */
function widestSkewNs(windows: ReplayWindows): bigint {
  let widest = 0n;
  for (const { skewNs } of Object.values(windows)) if (skewNs > widest) widest = skewNs;
  return widest;
}
