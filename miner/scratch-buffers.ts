/** What waits to be used again; beyond it the oldest is left to the garbage collector. */
const MAX_KEPT_BYTES = 32 * 2 ** 20;
const MIN_BYTES = 65_536;
/** One that is used for far less would hold memory for nothing. */
const MAX_SLACK = 4;

/**
 * Memory that is written again and again. Fresh memory of some hundred kilobytes costs more than what is copied into
 * it: the system hands it out page by page, and the garbage collector goes through the whole heap for so much of it.
 */
export class ScratchBuffers {
  readonly #kept: ArrayBuffer[] = [];
  #keptBytes = 0;

  /** @returns Exactly `bytes` bytes at the start of a buffer, with whatever was in it before. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const wanted = Math.max(bytes, MIN_BYTES);
    const at = this.#kept.findLastIndex(
      ({ byteLength }) => byteLength >= wanted && byteLength <= wanted * MAX_SLACK,
    );
    const buffer = at < 0 ? allocate(wanted) : this.#remove(at);
    return new Uint8Array(buffer, 0, bytes);
  }

  /** @param taken - What `take` gave; nobody reads or writes it any more. */
  giveBack({ buffer }: Uint8Array<ArrayBuffer>): void {
    this.#kept.push(buffer);
    this.#keptBytes += buffer.byteLength;
    while (this.#keptBytes > MAX_KEPT_BYTES) this.#remove(0);
  }

  #remove(at: number): ArrayBuffer {
    const [buffer] = this.#kept.splice(at, 1);
    this.#keptBytes -= buffer!.byteLength;
    return buffer!;
  }
}

function allocate(bytes: number): ArrayBuffer {
  return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(bytes))).buffer as ArrayBuffer;
}
