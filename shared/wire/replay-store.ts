import { SubforgeError } from "../errors.ts";
import type { Hotkey } from "../types.ts";
import type { FreshnessWindow } from "./btauth.ts";

/**
 * `new`: take the request. `seen`: refuse it. The two others mean that nobody can say, so refuse as well:
 * `warming-up` because the nonce may have been taken before this store began, `unavailable` because it is full.
 */
export type Claim = "new" | "seen" | "warming-up" | "unavailable";

export type ReplayStoreOptions = {
  window: FreshnessWindow;
  /** How long after the freshness check a claim may still come: the body's timeout. */
  claimDelayNs: bigint;
  /** How long a nonce is remembered. Default: the window, the delay, and one second. */
  memoryNs?: bigint;
  /** Unix nanoseconds when this store began to remember. */
  startedNs: bigint;
  /** A clock that never steps, nanoseconds from any origin. */
  monotonicNs?: () => bigint;
  /** Entries held at most, about 250 bytes each. The oldest is never dropped for a new one: that would admit a replay. */
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
export class ReplayStore {
  readonly #expiry = new Map<string, bigint>(); // insertion order is order of expiry: all live equally long
  readonly #memoryNs: bigint;
  readonly #floorNs: bigint;
  readonly #now: () => bigint;
  readonly #maxEntries: number;

  /** @throws SubforgeError CONFIG_INVALID when it would forget a nonce that is still fresh */
  constructor(options: ReplayStoreOptions) {
    const { window, claimDelayNs, startedNs } = options;
    const neededNs = window.maxAgeNs + window.skewNs + claimDelayNs;
    this.#memoryNs = options.memoryNs ?? neededNs + ONE_SECOND_NS;
    if (this.#memoryNs < neededNs) {
      throw new SubforgeError("CONFIG_INVALID", {
        what: "the replay store",
        problems: [`it remembers ${this.#memoryNs} ns, and a request may come again after ${neededNs} ns`],
      });
    }
    this.#floorNs = startedNs + window.skewNs;
    this.#now = options.monotonicNs ?? process.hrtime.bigint;
    this.#maxEntries = options.maxEntries ?? DEFAULT_MAX_ENTRIES;
  }

  /** Nonces up to here are refused: whoever listened before may have taken them. Unix nanoseconds. */
  get floorNs(): bigint {
    return this.#floorNs;
  }

  /** Entries held now. */
  get size(): number {
    return this.#expiry.size;
  }

  /** One atomic step. Only for verified requests: a claim by anybody else would use up the sender's nonce. */
  async claim(receiver: Hotkey, sender: Hotkey, nonce: bigint): Promise<Claim> {
    if (nonce <= this.#floorNs) return "warming-up";
    const now = this.#now();
    this.#forgetBefore(now);
    const key = `btauth1:${receiver}:${sender}:${nonce}`;
    if (this.#expiry.has(key)) return "seen";
    if (this.#expiry.size >= this.#maxEntries) return "unavailable";
    this.#expiry.set(key, now + this.#memoryNs);
    return "new";
  }

  #forgetBefore(now: bigint): void {
    for (const [key, expiry] of this.#expiry) {
      if (expiry >= now) return;
      this.#expiry.delete(key);
    }
  }
}
