/*
 * The little SCALE that commits are made of. Whole types are the chain link's and the local chain's business; here it is
 * byte layouts that get signed, hashed or encrypted.
 */

/** A length before a vector: one, two or four bytes. @param value - below 2^30 */
function compact(value: number): Uint8Array {
  if (value < 2 ** 6) return Uint8Array.of(value << 2);
  const bytes = Buffer.alloc(value < 2 ** 14 ? 2 : 4);
  if (bytes.length === 2) bytes.writeUInt16LE((value << 2) | 1);
  else bytes.writeUInt32LE(value * 4 + 2);
  return bytes;
}

export function byteVector(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([compact(bytes.length), bytes]);
}

/** @param values - u16 */
export function u16Vector(values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => void bytes.writeUInt16LE(value, 2 * i));
  return Buffer.concat([compact(values.length), bytes]);
}

export function u16(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** Takes values off the front of bytes. Every method throws RangeError when they do not hold what is asked for. */
export class ScaleReader {
  #rest: Buffer;

  constructor(bytes: Uint8Array) {
    this.#rest = Buffer.from(bytes);
  }

  /** A length, in its shortest form only, as the chain's own decoder demands. */
  compact(): number {
    const mode = this.#peek() & 3;
    const value =
      mode === 0
        ? this.#take(1)[0]! >>> 2
        : mode === 1
          ? this.#take(2).readUInt16LE() >>> 2
          : this.#long(mode);
    if ((mode === 1 && value < 2 ** 6) || (mode === 2 && value < 2 ** 14))
      throw new RangeError("length not minimal");
    return value;
  }

  byteVector(): Uint8Array {
    return Uint8Array.from(this.#take(this.compact()));
  }

  u16Vector(): number[] {
    const count = this.compact();
    const bytes = this.#take(2 * count);
    return Array.from({ length: count }, (_, i) => bytes.readUInt16LE(2 * i));
  }

  u64(): bigint {
    return this.#take(8).readBigUInt64LE();
  }

  #long(mode: number): number {
    if (mode === 3) throw new RangeError("length beyond 2^30");
    return this.#take(4).readUInt32LE() >>> 2;
  }

  #peek(): number {
    if (this.#rest.length === 0) throw new RangeError("bytes end early");
    return this.#rest[0]!;
  }

  #take(count: number): Buffer {
    if (count > this.#rest.length) throw new RangeError("bytes end early");
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }
}
