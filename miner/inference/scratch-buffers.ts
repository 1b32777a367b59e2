/** Buffers that wait to be used again; those beyond are left to the garbage collector. */
const MAX_KEPT = 4;
const MIN_BYTES = 65_536;
/** One that is used for far less would hold memory for nothing. */
const MAX_SLACK = 4;

/**
 * Memory that is written again and again. Fresh memory of some hundred kilobytes costs more than what is copied into
 * it: the system hands it out page by page.
 */
export class ScratchBuffers {
  #kept: Uint8Array<ArrayBuffer>[] = [];

  /** @returns Exactly `bytes` bytes at the start of a buffer, with whatever was in it before. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    const wanted = Math.max(bytes, MIN_BYTES);
    const at = this.#kept.findIndex(({ length }) => length >= wanted && length <= wanted * MAX_SLACK);
    const [buffer = new Uint8Array(2 ** Math.ceil(Math.log2(wanted)))] =
      at < 0 ? [] : this.#kept.splice(at, 1);
    return buffer.subarray(0, bytes);
  }

  /** @param taken - What `take` gave; nobody reads it any more. */
  giveBack(taken: Uint8Array<ArrayBuffer>): void {
    this.#kept.push(new Uint8Array(taken.buffer));
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
  }
}
