import { readSync, writeSync } from "node:fs";
import { type Frame, frameChunks, frameLength, PREFIX_BYTES, parseFrame } from "./frames.ts";
import { ScratchBuffers } from "./scratch-buffers.ts";

const MIN_BYTES = 1 << 20;
/** After a frame that needed more, memory for this many frames like the last one is kept. */
const MAX_SLACK = 4;
/** What one read may take at most; the system's own limit is higher. */
const MAX_READ_BYTES = 2 ** 30;

/**
 * Frames over a blocking socket, for a process that does nothing while it waits. One read takes what is there, mostly
 * a whole frame, and its tensors are used where they lie: no event loop, and no copy.
 */
export class FramePipe {
  readonly #fd: number;
  readonly #scratch = new ScratchBuffers();
  /** Bytes from `#start` to `#end` were received and not read yet. Frames start at multiples of 8. */
  #memory = new Uint8Array(MIN_BYTES);
  #start = 0;
  #end = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Waits for the next frame. Its tensors are overwritten by the next call.
   *
   * @returns undefined when the other side closed the socket
   * @throws Error when the stream is broken, and those of the system
   */
  read(): Frame | undefined {
    if (!this.#receive(PREFIX_BYTES)) return undefined;
    const length = frameLength(this.#received());
    if (!this.#receive(length)) return undefined;
    const frame = parseFrame(this.#received().subarray(0, length));
    this.#start += length;
    return frame;
  }

  /** Returns when the system has taken all bytes. @throws those of the system */
  write({ head, tensors }: Frame): void {
    const { chunks, giveBack } = frameChunks(head, [tensors], this.#scratch);
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    }
    giveBack();
  }

  #received(): Uint8Array<ArrayBuffer> {
    return this.#memory.subarray(this.#start, this.#end);
  }

  /** @returns Are `bytes` bytes there? Not when the other side closed before. */
  #receive(bytes: number): boolean {
    if (this.#end - this.#start < bytes) this.#makeRoom(bytes);
    while (this.#end - this.#start < bytes) {
      const room = Math.min(this.#memory.length - this.#end, MAX_READ_BYTES);
      const count = readSync(this.#fd, this.#memory, this.#end, room, null);
      if (count === 0) return false;
      this.#end += count;
    }
    return true;
  }

  /** Moves what is there to the front, of other memory if this is too small or far too large. */
  #makeRoom(bytes: number): void {
    const isEmpty = this.#start === this.#end;
    const { length } = this.#memory;
    const wanted = Math.max(bytes, MIN_BYTES);
    const fits = wanted <= length && (bytes === PREFIX_BYTES || length <= wanted * MAX_SLACK);
    if (fits && !isEmpty && this.#start + bytes <= length) return;
    const received = this.#received();
    if (!fits) this.#memory = new Uint8Array(2 ** Math.ceil(Math.log2(wanted)));
    this.#memory.set(received);
    this.#start = 0;
    this.#end = received.length;
  }
}
