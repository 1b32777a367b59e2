import { type FastRows, normalise } from "./fast-rows.ts";

/** Columns that are gathered at a time: few enough to stay in the cache while the rows are walked. */
const BLOCK = 32;

/**
 * The consensus of `median.ts` in doubles: per column the largest weight that at least `kappa` of the active stake
 * supports.
 *
 * @param activeStake - Raw I32F32 per uid; rows without stake take no part. @param kappa - Raw I32F32.
 */
export function consensusOfStake(activeStake: Float64Array, weights: FastRows, kappa: number): Float64Array {
  const n = activeStake.length;
  const voters = Array.from(activeStake.keys()).filter((uid) => activeStake[uid]! > 0);
  const stake = normalise(Float64Array.from(voters, (uid) => activeStake[uid]!));
  const median = new StakeMedian(stake, kappa);
  const cursors = Uint32Array.from(voters, (uid) => weights.starts[uid]!);
  const ends = Uint32Array.from(voters, (uid) => weights.starts[uid + 1]!);
  // `[BLOCK x voters]`: what all voters say of one column lies together.
  const scores = new Float64Array(BLOCK * voters.length);

  const consensus = new Float64Array(n);
  for (let first = 0; first < n; first += BLOCK) {
    scores.fill(0);
    for (let voter = 0; voter < voters.length; voter++) {
      let at = cursors[voter]!;
      for (; at < ends[voter]! && weights.columns[at]! < first + BLOCK; at++) {
        scores[(weights.columns[at]! - first) * voters.length + voter] = weights.values[at]!;
      }
      cursors[voter] = at;
    }
    const count = Math.min(BLOCK, n - first);
    for (let column = 0; column < count; column++) {
      consensus[first + column] = median.of(scores, column * voters.length);
    }
  }
  return consensus;
}

/** The weighted median of `median.ts`, column after column without new memory. */
class StakeMedian {
  readonly #stake: Float64Array;
  readonly #total: number;
  readonly #minority: number;
  readonly #everybody: Uint16Array;
  /** Room for those below and above a pivot, twice, because one pair is read while the other is written. */
  readonly #rooms: [Uint16Array, Uint16Array, Uint16Array, Uint16Array];

  /** @param stake - Shares of those who vote, raw I32F32. @param kappa - Raw I32F32. */
  constructor(stake: Float64Array, kappa: number) {
    this.#stake = stake;
    this.#total = stake.reduce((sum, share) => sum + share, 0);
    this.#minority = this.#total - kappa;
    this.#everybody = Uint16Array.from(stake.keys());
    // One place more than voters: a voter is written down before it is known to belong there.
    const room = () => new Uint16Array(stake.length + 1);
    this.#rooms = [room(), room(), room(), room()];
  }

  /** @param scores - The votes lie at `offset`, one per voter. */
  of(scores: Float64Array, offset: number): number {
    const stake = this.#stake;
    const minority = this.#minority;
    let [below, above, nextBelow, nextAbove] = this.#rooms;
    let current = this.#everybody;
    let length = current.length;
    if (length === 0) return 0;
    // Stake below, and below the end of, what is still possible.
    let lo = 0;
    let hi = this.#total;
    while (length > 1) {
      const pivot = scores[offset + current[length >> 1]!]!;
      // Counted without a branch: which side a score is on is what no processor can foresee.
      let isBelow = 0;
      let isAbove = 0;
      for (let i = 0; i < length; i++) {
        const voter = current[i]!;
        const score = scores[offset + voter]!;
        below[isBelow] = voter;
        above[isAbove] = voter;
        isBelow = (isBelow + Number(score < pivot)) | 0;
        isAbove = (isAbove + Number(score > pivot)) | 0;
      }
      const stakeBelow = sumOf(stake, below, isBelow);
      if (isBelow > 0 && minority < lo + stakeBelow) {
        hi = lo + stakeBelow;
        current = below;
        length = isBelow;
      } else {
        const stakeAbove = sumOf(stake, above, isAbove);
        if (isAbove === 0 || hi - stakeAbove > minority) return pivot;
        lo = hi - stakeAbove;
        current = above;
        length = isAbove;
      }
      const usedBelow = below;
      const usedAbove = above;
      below = nextBelow;
      above = nextAbove;
      nextBelow = usedBelow;
      nextAbove = usedAbove;
    }
    return scores[offset + current[0]!]!;
  }
}

function sumOf(stake: Float64Array, voters: Uint16Array, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += stake[voters[i]!]!;
  return sum;
}
