import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, unlinkSync, writevSync } from "node:fs";
import { join } from "node:path";
import { PREFIX_BYTES } from "./frames.ts";

/** A file system in memory, where there is one. */
const MEMORY_FOLDER = "/dev/shm";
/** Batches on their way to one process. */
const SLOTS = 2;
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
  readonly #isTaken: boolean[] = Array(SLOTS).fill(false);
  /** One for each frame that was sent and not answered: its slot, or undefined. */
  readonly #sent: (number | undefined)[] = [];
  #isOpen = true;

  /** @returns undefined where no such file can be made */
  static open(): FrameSlots | undefined {
    if (!existsSync(MEMORY_FOLDER)) return undefined;
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
    const slot = length < MIN_BYTES || length > SLOT_BYTES ? -1 : this.#isTaken.indexOf(false);
    if (slot < 0 || !this.#write(chunks, length, slot)) {
      this.#sent.push(undefined);
      return chunks;
    }
    this.#isTaken[slot] = true;
    this.#sent.push(slot);
    const prefix = new DataView(new ArrayBuffer(PREFIX_BYTES));
    prefix.setUint32(0, IN_SLOT + slot, true);
    prefix.setUint32(4, length, true);
    return [new Uint8Array(prefix.buffer)];
  }

  /** The oldest frame was answered: nobody reads its slot any more. */
  answered(): void {
    const slot = this.#sent.shift();
    if (slot !== undefined) this.#isTaken[slot] = false;
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
