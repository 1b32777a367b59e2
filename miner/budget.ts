export type BudgetLimits = {
  perSecond: number;
  /** How much may be saved up and spent at once. */
  burst: number;
  /** Keys remembered; beyond it the one that was quiet longest is forgotten. */
  maxKeys: number;
};

type Bucket = { left: number; atMs: number; movedMs: number };

/** How exactly keys are in order: to move one for each request would cost more than all the rest here. */
const MOVE_EVERY_MS = 1_000;

/** What each key may still spend: a bucket that fills at a steady rate. */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** Keys remembered now. */
  get size(): number {
    return this.#buckets.size;
  }

  has(key: string, nowMs: number): boolean {
    return this.#left(this.#buckets.get(key), nowMs) >= 1;
  }

  /** @returns false when nothing is left: then nothing is taken either. */
  take(key: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(key);
    const left = this.#left(bucket, nowMs);
    const taken = left >= 1;
    const leaves = taken ? left - 1 : left;
    if (bucket && nowMs - bucket.movedMs < MOVE_EVERY_MS) {
      bucket.left = leaves;
      bucket.atMs = nowMs;
      return taken;
    }
    this.#buckets.delete(key); // the most recent one last
    this.#buckets.set(key, { left: leaves, atMs: nowMs, movedMs: nowMs });
    if (this.#buckets.size > this.#limits.maxKeys) this.#buckets.delete(this.#buckets.keys().next().value!);
    return taken;
  }

  #left(bucket: Bucket | undefined, nowMs: number): number {
    const { perSecond, burst } = this.#limits;
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
