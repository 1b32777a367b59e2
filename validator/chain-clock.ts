/** Blocks that are compared. */
const WINDOW = 9;

/** A block says when its author began it; it is built and travels a while, and some come late. */
const EXPLAINED_S = 3;

/** A chain of faster blocks is one for tests: its time is its own, and lags behind when its machine is busy. */
const LEAST_SLOT_MS = 2_000;

/** Speed of the chain's time beside ours: a local chain that makes blocks faster than its slots has a time of its own. */
const SPEED = { slowest: 0.5, fastest: 2 };

type Sample = { atMs: number; blockMs: number };

/**
 * Compares this machine's clock with the chain's, block by block: the median, because any one author's clock may be
 * wrong and any one block may be late.
 */
export class ChainClock {
  readonly #slotMs: () => number | undefined;
  readonly #samples: Sample[] = [];

  /** @param slotMs - Typical time between two blocks. */
  constructor(slotMs: () => number | undefined) {
    this.#slotMs = slotMs;
  }

  /** @param atMs - When the block was seen here. @param blockMs - When it was made, says its author. */
  seen(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > WINDOW) this.#samples.shift();
  }

  /**
   * @returns Seconds by which this machine is ahead of the chain (below 0: behind) when a slot and the way of a block do not
   * explain them, else 0; undefined while there is too little to compare.
   */
  skewSeconds(): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const slotMs = this.#slotMs();
    if (this.#samples.length < WINDOW || !first || !last) return undefined;
    if (slotMs === undefined || slotMs < LEAST_SLOT_MS) return undefined;
    const speed = (last.blockMs - first.blockMs) / (last.atMs - first.atMs);
    if (!(speed > SPEED.slowest && speed < SPEED.fastest)) return undefined;
    const sorted = this.#samples.map(({ atMs, blockMs }) => (atMs - blockMs) / 1e3).sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)]!;
    if (median < -EXPLAINED_S) return median;
    const latest = slotMs / 1e3 + EXPLAINED_S;
    return median > latest ? median - slotMs / 1e3 : 0;
  }
}
