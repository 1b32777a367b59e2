import { randomUUID } from "node:crypto";
import { closeSync, openSync, unlinkSync, writevSync } from "node:fs";
import { join } from "node:path";
import { PREFIX_BYTES } from "./frames.ts";

/** A file system in memory: Linux has one. */
const MEMORY_FOLDER = "/dev/shm";
/** Batches on their way to one process. */
const SLOTS = [0, 1];
/** What a frame in a slot may take. Only pages that were written take memory. */
export const SLOT_BYTES = 16 * 2 ** 20;
/** A smaller frame fits a socket's buffer, and then one write is all it takes. */
const MIN_BYTES = 65_536;
/** In place of a frame's length: what follows is the length, and the frame lies in the slot of this number. */
export const IN_SLOT = 2 ** 31;

/**
 * Frames for a process, in a file in memory that has no name any more. A frame that does not fit the socket's buffer
 * would have both sides wait for each other, piece by piece. The process can read the file and not write it; this side
 * never reads it. What does not fit, or cannot be written, goes over the socket.
 */
export class FrameSlots {
  /** For the process to inherit; whoever started it closes it here. */
  readonly readFd: number;
  readonly #writeFd: number;
  /** One for each frame that was sent and not answered: its slot, or undefined. */
  readonly #sent: (number | undefined)[] = [];
  #isOpen = true;

  /** @returns undefined where no such file can be made */
  static open(): FrameSlots | undefined {
    const path = join(MEMORY_FOLDER, `subforge-${randomUUID()}`);
    try {
      const writeFd = openSync(path, "wx", 0o600);
      try {
        return new FrameSlots(writeFd, openSync(path, "r"));
      } catch (error) {
        closeSync(writeFd);
        throw error;
      } finally {
        unlinkSync(path);
      }
    } catch {
      return undefined;
    }
  }

  private constructor(writeFd: number, readFd: number) {
    this.#writeFd = writeFd;
    this.readFd = readFd;
  }

  /** @returns What to send over the socket: a prefix alone when the frame lies in a slot, else the chunks themselves. */
  put(chunks: Uint8Array[]): Uint8Array[] {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const fits = length >= MIN_BYTES && length <= SLOT_BYTES;
    const free = fits ? SLOTS.find((slot) => !this.#sent.includes(slot)) : undefined;
    const slot = free !== undefined && this.#write(chunks, length, free) ? free : undefined;
    this.#sent.push(slot);
    if (slot === undefined) return chunks;
    const prefix = new DataView(new ArrayBuffer(PREFIX_BYTES));
    prefix.setUint32(0, IN_SLOT + slot, true);
    prefix.setUint32(4, length, true);
    return [new Uint8Array(prefix.buffer)];
  }

  /** The oldest frame was answered: nobody reads its slot any more. */
  answered(): void {
    this.#sent.shift();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#writeFd);
  }

  #write(chunks: Uint8Array[], length: number, slot: number): boolean {
    try {
      return this.#isOpen && writevSync(this.#writeFd, chunks, slot * SLOT_BYTES) === length;
    } catch {
      return false; // no memory left for it
    }
  }
}
