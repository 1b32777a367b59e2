import { createHash, hash } from "node:crypto";
import type { EpochContext } from "../template.ts";

const SEED_BYTES = 32;
const TWO_32 = 2 ** 32;

/** What a public seed is made from. `randomness` is the epoch's beacon, 32 bytes. */
export type SeedInput = { netuid: number; epoch: number; randomness: Uint8Array; purpose: string };

/**
 * The seed of one public choice, the same for everybody: group assignment, audit picks, data order.
 * Never for a question: a miner computes it too, so questions come from `hiddenSeed`.
 *
 * Format: SHA-256("subnets/v1" || u16 netuid || u64 epoch || randomness || purpose), integers little-endian.
 */
export function epochSeed({ netuid, epoch, randomness, purpose }: SeedInput): Uint8Array {
  const numbers = Buffer.alloc(10);
  numbers.writeUInt16LE(netuid, 0);
  numbers.writeBigUInt64LE(BigInt(epoch), 2);
  return createHash("sha256")
    .update("subnets/v1")
    .update(numbers)
    .update(randomness)
    .update(purpose)
    .digest();
}

/**
 * The seed of what no miner may know before the epoch is over. It needs the validator's secret, which public data do
 * not give, and the beacon, which the validator did not know when it committed to that secret.
 */
export function hiddenSeed(
  context: Pick<EpochContext, "netuid" | "mechanism" | "epoch" | "beacon" | "secret" | "validator">,
  purpose: string,
): Uint8Array {
  const randomness = createHash("sha256")
    .update(`subnets/hidden/v1 ${context.mechanism} ${context.validator} `)
    .update(context.beacon)
    .update(context.secret)
    .digest();
  return epochSeed({ netuid: context.netuid, epoch: context.epoch, randomness, purpose });
}

/** A seed of its own for a part of what `seed` stands for: one miner's items, one image. */
export function childSeed(seed: Uint8Array, label: string): Uint8Array {
  return createHash("sha256").update(seed).update(label).digest();
}

/** Numbers drawn from a seed: whoever holds the seed draws the same ones in the same order. */
export type Random = {
  /** Whole, 0..2^32-1. */
  nextU32(): number;
  /** Whole, 0..n-1, without bias. `n` is 1..2^32. */
  below(n: number): number;
  /** 0 <= x < 1, in steps of 2^-32. */
  uniform(): number;
  /** Mean 0, standard deviation 1 (Box-Muller). */
  normal(): number;
  /** `count` distinct numbers below `n`, in the order they were drawn. */
  sample(n: number, count: number): number[];
  /** The numbers 0..n-1 in random order. */
  shuffle(n: number): number[];
};

/** SHA-256(seed || u32 counter) for counter 0, 1, ...: eight little-endian u32 a block. */
export function randomFrom(seed: Uint8Array): Random {
  const input = Buffer.alloc(SEED_BYTES + 4);
  input.set(seed);
  let counter = 0;
  let block = Buffer.alloc(0);
  let offset = 0;
  let spare: number | undefined;

  const nextU32 = (): number => {
    if (offset === block.length) {
      input.writeUInt32LE(counter++, SEED_BYTES);
      block = hash("sha256", input, "buffer");
      offset = 0;
    }
    offset += 4;
    return block.readUInt32LE(offset - 4);
  };

  const below = (n: number): number => {
    if (!(Number.isInteger(n) && n >= 1 && n <= TWO_32)) throw new RangeError(`below(${n})`);
    const limit = Math.floor(TWO_32 / n) * n; // the rest would favour small numbers
    let value = nextU32();
    while (value >= limit) value = nextU32();
    return value % n;
  };

  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log((nextU32() + 0.5) / TWO_32));
    const angle = (2 * Math.PI * nextU32()) / TWO_32;
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };

  const sample = (n: number, count: number): number[] => {
    if (count > n) throw new RangeError(`${count} distinct numbers below ${n}`);
    const drawn = new Set<number>();
    while (drawn.size < count) drawn.add(below(n));
    return [...drawn];
  };

  const shuffle = (n: number): number[] => {
    const order = Array.from({ length: n }, (_, index) => index);
    for (let i = n - 1; i > 0; i--) {
      const j = below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  };

  return { nextU32, below, uniform: () => nextU32() / TWO_32, normal, sample, shuffle };
}
