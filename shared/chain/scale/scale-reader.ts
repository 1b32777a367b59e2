/** Reads SCALE bytes from the front. Every read is checked against the end: damaged bytes are a RangeError. */
export class ScaleReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  skip(count: number): void {
    if (count > this.left) throw new RangeError(`it ends ${count - this.left} bytes too early`);
    this.#at += count;
  }

  /** A view, no copy. */
  bytes(count: number): Buffer {
    const from = this.#at;
    this.skip(count);
    return this.#bytes.subarray(from, this.#at);
  }

  u8(): number {
    this.skip(1);
    return this.#bytes[this.#at - 1]!;
  }

  u16(): number {
    this.skip(2);
    return this.#bytes.readUInt16LE(this.#at - 2);
  }

  u32(): number {
    this.skip(4);
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  u64(): bigint {
    this.skip(8);
    return this.#bytes.readBigUInt64LE(this.#at - 8);
  }

  u128(): bigint {
    const low = this.u64();
    return low | (this.u64() << 64n);
  }

  bool(): boolean {
    const byte = this.u8();
    if (byte > 1) throw new RangeError(`${byte} is no bool`);
    return byte === 1;
  }

  /** A compact number up to 2^53. */
  compact(): number {
    const first = this.u8();
    switch (first & 3) {
      case 0:
        return first >>> 2;
      case 1:
        return (first >>> 2) | (this.u8() << 6);
      case 2: {
        const rest = this.bytes(3);
        return (first >>> 2) + (rest[0]! | (rest[1]! << 8) | (rest[2]! << 16)) * 64;
      }
      default: {
        const value = this.#wide(first);
        if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${value} is too large`);
        return Number(value);
      }
    }
  }

  /** A compact number of any width. */
  compactBig(): bigint {
    const at = this.#at;
    const first = this.u8();
    if ((first & 3) === 3) return this.#wide(first);
    this.#at = at;
    return BigInt(this.compact());
  }

  /** Length of a sequence whose elements take at least so many bytes: what cannot be there is not believed. */
  length(elementBytes: number): number {
    const count = this.compact();
    if (count * Math.max(1, elementBytes) > this.left) throw new RangeError(`${count} elements do not fit`);
    return count;
  }

  #wide(first: number): bigint {
    const count = (first >>> 2) + 4;
    if (count === 8) return this.u64();
    let value = 0n;
    for (const byte of this.bytes(count).toReversed()) value = (value << 8n) | BigInt(byte);
    return value;
  }
}
