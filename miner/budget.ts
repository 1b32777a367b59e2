export type BudgetLimits = {
  perSecond: number;
  /** How much may be saved up and spent at once. */
  burst: number;
  /** Keys remembered; beyond it the one that was quiet longest is forgotten. */
  maxKeys: number;
};

/** What each key may still spend: a bucket that fills at a steady rate. */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** Keys remembered now. */
  get size(): number {
    return this.#buckets.size;
  }

  has(key: string, nowMs: number): boolean {
    return this.#left(key, nowMs) >= 1;
  }

  /** @returns false when nothing is left: then nothing is taken either. */
  take(key: string, nowMs: number): boolean {
    const left = this.#left(key, nowMs);
    const taken = left >= 1;
    this.#buckets.delete(key); // the most recent one last
    this.#buckets.set(key, { left: taken ? left - 1 : left, atMs: nowMs });
    if (this.#buckets.size > this.#limits.maxKeys) this.#buckets.delete(this.#buckets.keys().next().value!);
    return taken;
  }

  #left(key: string, nowMs: number): number {
    const { perSecond, burst } = this.#limits;
    const bucket = this.#buckets.get(key);
    if (!bucket) return burst;
    const refilled = (Math.max(0, nowMs - bucket.atMs) / 1_000) * perSecond;
    return Math.min(burst, bucket.left + refilled);
  }
}

/** What one party can easily change is not part of the key: an IPv6 host has a whole /64. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const plain = address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
  return plain.includes(":") ? plain.split(":").slice(0, 4).join(":") : plain;
}
