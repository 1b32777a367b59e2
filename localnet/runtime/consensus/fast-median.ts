/** The weighted median of `median.ts` in doubles, column after column without new memory. */
export class FastMedian {
  readonly #stake: Float64Array;
  readonly #total: number;
  readonly #minority: number;
  readonly #current: Uint16Array;
  readonly #below: Uint16Array;
  readonly #above: Uint16Array;

  /** @param stake - Shares of those who vote, raw I32F32. @param kappa - Raw I32F32. */
  constructor(stake: Float64Array, kappa: number) {
    this.#stake = stake;
    this.#total = stake.reduce((sum, share) => sum + share, 0);
    this.#minority = this.#total - kappa;
    this.#current = new Uint16Array(stake.length);
    this.#below = new Uint16Array(stake.length);
    this.#above = new Uint16Array(stake.length);
  }

  of(score: Float64Array): number {
    const current = this.#current;
    let length = score.length;
    for (let i = 0; i < length; i++) current[i] = i;
    let lo = 0;
    let hi = this.#total;

    for (let round = 0; round <= score.length; round++) {
      if (length === 0) return 0;
      if (length === 1) return score[current[0]!]!;
      const pivot = score[current[length >> 1]!]!;
      const { below, above, stakeBelow, stakeAbove } = this.#split(score, length, pivot);
      if (below > 0 && this.#minority < lo + stakeBelow) {
        current.set(this.#below.subarray(0, below));
        length = below;
        hi = lo + stakeBelow;
      } else if (above > 0 && hi - stakeAbove <= this.#minority) {
        current.set(this.#above.subarray(0, above));
        length = above;
        lo = hi - stakeAbove;
      } else {
        return pivot;
      }
    }
    return 0;
  }

  #split(score: Float64Array, length: number, pivot: number) {
    let below = 0;
    let above = 0;
    let stakeBelow = 0;
    let stakeAbove = 0;
    for (let i = 0; i < length; i++) {
      const at = this.#current[i]!;
      const value = score[at]!;
      if (value < pivot) {
        this.#below[below++] = at;
        stakeBelow += this.#stake[at]!;
      } else if (value > pivot) {
        this.#above[above++] = at;
        stakeAbove += this.#stake[at]!;
      }
    }
    return { below, above, stakeBelow, stakeAbove };
  }
}
