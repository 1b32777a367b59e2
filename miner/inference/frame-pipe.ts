import { readSync, writeSync } from "node:fs";
import { ScratchBuffers } from "../scratch-buffers.ts";
import { IN_SLOT, SLOT_BYTES } from "./frame-slots.ts";
import { type Frame, FrameParser, frameChunks, frameLength, PREFIX_BYTES } from "./frames.ts";

const MIN_BYTES = 1 << 20;
/** After a frame that needed more, memory for this many frames like the last one is kept. */
const MAX_SLACK = 4;
/** Makes 64 of the 16. */
const OFF_PAGE_BYTES = 48;
/** What one read may take at most; the system's own limit is higher. */
const MAX_READ_BYTES = 2 ** 30;

/**
 * Frames over a blocking socket and out of slots, for a process that does nothing while it waits. One read takes what is
 * there, mostly a whole frame, and its tensors are used where they lie: no event loop, and no copy.
 */
export class FramePipe {
  readonly #fd: number;
  readonly #parser = new FrameParser();
  readonly #scratch = new ScratchBuffers();
  /** Bytes from `#start` to `#end` were received and not read yet. Frames start at multiples of 8. */
  #memory = memoryFor(MIN_BYTES);
  #start = 0;
  #end = 0;
  /** What was read from a slot last. */
  #slotMemory = memoryFor(0);
  readonly #slotsFd: number;

  /** @param slotsFd - Where frames lie that do not come over the socket. */
  constructor(fd: number, slotsFd: number) {
    this.#fd = fd;
    this.#slotsFd = slotsFd;
  }

  /**
   * Waits for the next frame. Its tensors are overwritten by the next call.
   *
   * @returns undefined when the other side closed the socket
   * @throws Error when the stream is broken, and those of the system
   */
  read(): Frame | undefined {
    if (!this.#receive(PREFIX_BYTES)) return undefined;
    const prefix = this.#received();
    const view = new DataView(prefix.buffer, prefix.byteOffset);
    const slot = view.getUint32(0, true) - IN_SLOT;
    if (slot >= 0) {
      this.#start += PREFIX_BYTES;
      return this.#parser.parse(this.#readSlot(slot, view.getUint32(4, true)));
    }
    const length = frameLength(prefix);
    if (!this.#receive(length)) return undefined;
    const frame = this.#parser.parse(this.#received().subarray(0, length));
    this.#start += length;
    return frame;
  }

  /** Returns when the system has taken all bytes. @throws those of the system */
  write(frame: Frame): void {
    const { chunks, giveBack } = frameChunks(frame, [frame.tensors], this.#scratch);
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    }
    giveBack();
  }

  #readSlot(slot: number, length: number): Uint8Array<ArrayBuffer> {
    if (this.#slotMemory.length < length) this.#slotMemory = memoryFor(length);
    const count = readSync(this.#slotsFd, this.#slotMemory, 0, length, slot * SLOT_BYTES);
    if (count !== length) throw new Error(`${count} of ${length} bytes in slot ${slot}`);
    return this.#slotMemory.subarray(0, length);
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
    if (!fits) this.#memory = memoryFor(wanted);
    this.#memory.set(received);
    this.#start = 0;
    this.#end = received.length;
  }
}

/**
 * At least so many bytes, that start off the place where the allocator puts large memory: 16 bytes into a page. What the
 * system copies there from the start of a page takes six times as long, as the processor takes each read for one of what
 * was written just before.
 */
function memoryFor(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(
    new ArrayBuffer(OFF_PAGE_BYTES + 2 ** Math.ceil(Math.log2(Math.max(bytes, 1)))),
    OFF_PAGE_BYTES,
  );
}
