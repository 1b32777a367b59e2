/** Stakes are sums of shares: what misses a majority by less than this has it. */
const EPSILON = 1e-9;

/** How far from the last answer the next one is sought first, relative; and how that width follows what is found. */
const FIRST_WIDTH = 0.05;
const WIDEN = 2;
const NARROW = 0.8;
/** More candidates than this cost more to order than they save. */
const MANY = 12;

/**
 * The consensus of a column of weights: the largest weight that at least `kappa` of the stake supports.
 *
 * Weights move little from epoch to epoch, so a column is searched around its last answer first. What is found never
 * depends on that: beside the bracket, everything is searched.
 */
export class MajorityWeight {
  readonly #stake: Float64Array;
  readonly #kappa: number;
  readonly #last: Float64Array;
  readonly #width: Float64Array;
  /** Voters that are still possible, and room to part them. */
  readonly #candidates: Uint32Array;
  readonly #room: Uint32Array;

  /** @param stake - Shares of those who vote, read at each call. @param columns - How many there are. */
  constructor(stake: Float64Array, kappa: number, columns: number) {
    this.#stake = stake;
    this.#kappa = kappa - EPSILON;
    this.#last = new Float64Array(columns);
    this.#width = new Float64Array(columns).fill(FIRST_WIDTH);
    // One place more than voters: a voter is written down before it is known to belong there.
    this.#candidates = new Uint32Array(stake.length + 1);
    this.#room = new Uint32Array(stake.length + 1);
  }

  /** @param weights - One per voter, from `offset`. @returns 0 where nobody votes, or the majority says 0. */
  of(column: number, weights: Float64Array, offset: number): number {
    const stake = this.#stake;
    const candidates = this.#candidates;
    const last = this.#last[column]!;
    const width = this.#width[column]!;
    const low = last * (1 - width);
    const high = last * (1 + width);
    // Without a branch: on which side of the bracket a weight lies is what no processor can foresee.
    let above = 0;
    let count = 0;
    for (let voter = 0; voter < stake.length; voter++) {
      const weight = weights[offset + voter]!;
      const isAbove = Number(weight > high);
      above += isAbove * stake[voter]!;
      candidates[count] = voter;
      count = (count + Number(weight >= low) - isAbove) | 0;
    }
    let found = above < this.#kappa ? this.#among(count, above, weights, offset) : undefined;
    if (found === undefined) {
      this.#width[column] = Math.min(1, width * WIDEN);
      for (let voter = 0; voter < stake.length; voter++) candidates[voter] = voter;
      found = this.#among(stake.length, 0, weights, offset) ?? 0;
    } else if (count > MANY) this.#width[column] = width * NARROW;
    this.#last[column] = found;
    return found;
  }

  /** The answer when it is among the first `count` candidates, with the stake `above` behind larger weights. */
  #among(count: number, above: number, weights: Float64Array, offset: number): number | undefined {
    const stake = this.#stake;
    let length = count;
    let supported = above;
    let candidates = this.#candidates;
    let room = this.#room;
    while (length > 0) {
      const pivot = weights[offset + candidates[length >> 1]!]!;
      // Strictly larger ones to the front, smaller ones to the back of the other room.
      let front = 0;
      let back = length;
      let larger = 0;
      let equal = 0;
      for (let i = 0; i < length; i++) {
        const voter = candidates[i]!;
        const weight = weights[offset + voter]!;
        if (weight > pivot) {
          room[front++] = voter;
          larger += stake[voter]!;
        } else if (weight < pivot) room[--back] = voter;
        else equal += stake[voter]!;
      }
      if (supported + larger >= this.#kappa) length = front;
      else if (supported + larger + equal >= this.#kappa) return pivot;
      else {
        supported += larger + equal;
        room.copyWithin(0, back, length);
        length -= back;
      }
      [candidates, room] = [room, candidates];
    }
    return undefined;
  }
}
