import { randomBytes } from "node:crypto";

const FIRST_PLACES = 1_024;
const NONE = -1;

/**
 * Keys that are all remembered equally long: the first in is the first out. Of each only a mark of 53 bits is kept, in
 * 24 to 48 bytes that the garbage collector never looks at; a map of strings takes 250, and it follows each. A key that
 * shares its mark with one of 200,000 others counts as seen, once in some 10^10 times.
 */
export class RecentKeys {
  /** A ring, the oldest at `#first`; as many places as buckets, a power of two. */
  #marks = new Float64Array(FIRST_PLACES);
  #untilNs = new BigInt64Array(FIRST_PLACES);
  /** By bucket, the place of the mark that came last, and by place, that of the one before it in its bucket. */
  #latest = new Int32Array(FIRST_PLACES).fill(NONE);
  #earlier = new Int32Array(FIRST_PLACES);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(mark: number): boolean {
    let place = this.#latest[this.#bucket(mark)]!;
    while (place !== NONE && this.#marks[place] !== mark) place = this.#earlier[place]!;
    return place !== NONE;
  }

  /** @param untilNs - Not before that of any key that came earlier. */
  add(mark: number, untilNs: bigint): void {
    if (this.#size === this.#marks.length) this.#grow();
    const place = (this.#first + this.#size) & (this.#marks.length - 1);
    const bucket = this.#bucket(mark);
    this.#marks[place] = mark;
    this.#untilNs[place] = untilNs;
    this.#earlier[place] = this.#latest[bucket]!;
    this.#latest[bucket] = place;
    this.#size += 1;
  }

  forgetBefore(nowNs: bigint): void {
    while (this.#size > 0 && this.#untilNs[this.#first]! < nowNs) this.#forgetFirst();
  }

  clear(): void {
    this.#latest.fill(NONE);
    this.#size = 0;
  }

  /** The oldest of all is the last one of its bucket. */
  #forgetFirst(): void {
    const bucket = this.#bucket(this.#marks[this.#first]!);
    let place = this.#latest[bucket]!;
    if (place === this.#first) this.#latest[bucket] = NONE;
    else {
      while (this.#earlier[place] !== this.#first) place = this.#earlier[place]!;
      this.#earlier[place] = NONE;
    }
    this.#first = (this.#first + 1) & (this.#marks.length - 1);
    this.#size -= 1;
  }

  #grow(): void {
    const [marks, untilNs, first] = [this.#marks, this.#untilNs, this.#first];
    const places = marks.length * 2;
    this.#marks = new Float64Array(places);
    this.#untilNs = new BigInt64Array(places);
    this.#latest = new Int32Array(places).fill(NONE);
    this.#earlier = new Int32Array(places);
    this.#first = 0;
    this.#size = 0;
    for (let i = 0; i < marks.length; i += 1) {
      const place = (first + i) & (marks.length - 1);
      this.add(marks[place]!, untilNs[place]!);
    }
  }

  #bucket(mark: number): number {
    return mark & (this.#marks.length - 1);
  }
}

/** Nobody outside this process can choose keys that share a mark. */
const SEED = randomBytes(8);
const [SEED_A, SEED_B] = [SEED.readInt32LE(0), SEED.readInt32LE(4)];

/** @returns A whole number below 2^53 that stands for this key in this process. */
export function markOf(key: string): number {
  let [a, b] = [SEED_A, SEED_B];
  for (let i = 0; i < key.length; i += 1) {
    const unit = key.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x85ebca77);
    a ^= b >>> 15; // each half depends on both
    b ^= a >>> 13;
  }
  return (scatter(a) & 0x1f_ffff) * 2 ** 32 + (scatter(b) >>> 0);
}

/** Every bit in changes about half of the bits that come out. */
function scatter(bits: number): number {
  const mixed = Math.imul(bits ^ (bits >>> 16), 0x7feb352d);
  const again = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return again ^ (again >>> 16);
}
