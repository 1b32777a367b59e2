/*
 * Between the validator and its scorer: u32 little-endian length of a JSON head, u32 length of raw bytes, the head, the
 * bytes. JSON, because what a hostile process sends must be read by a parser that is made for strangers.
 */

export type Frame = { head: unknown; bytes: Uint8Array };

const PREFIX_BYTES = 8;

export function toFrame(head: unknown, bytes: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([prefix, text, bytes]);
}

/** Puts together what arrives in pieces of any size. */
export class FrameReader {
  readonly #limits: { frameBytes: number; totalBytes: number };
  #pieces: Buffer[] = [];
  #held = 0;
  #total = 0;

  constructor(limits: { frameBytes: number; totalBytes: number }) {
    this.#limits = limits;
  }

  /**
   * @returns The frames that are complete now.
   * @throws Error when a bound is passed, or a head is no JSON: nothing more can be read then
   */
  push(piece: Buffer): Frame[] {
    this.#total += piece.length;
    if (this.#total > this.#limits.totalBytes) throw new Error(`more than ${this.#limits.totalBytes} bytes`);
    this.#pieces.push(piece);
    this.#held += piece.length;
    const frames: Frame[] = [];
    for (;;) {
      const length = this.#nextLength();
      if (length === undefined || this.#held < length) return frames;
      frames.push(parse(this.#take(length)));
    }
  }

  #nextLength(): number | undefined {
    if (this.#held < PREFIX_BYTES) return undefined;
    if (this.#pieces[0]!.length < PREFIX_BYTES) this.#pieces = [Buffer.concat(this.#pieces)];
    const [first] = this.#pieces;
    const length = PREFIX_BYTES + first!.readUInt32LE(0) + first!.readUInt32LE(4);
    if (length > this.#limits.frameBytes) throw new Error(`a frame of ${length} bytes`);
    return length;
  }

  #take(length: number): Buffer {
    const all = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    const rest = all.subarray(length);
    this.#pieces = rest.length > 0 ? [rest] : [];
    this.#held = rest.length;
    return all.subarray(0, length);
  }
}

function parse(frame: Buffer): Frame {
  const headBytes = frame.readUInt32LE(0);
  const end = PREFIX_BYTES + headBytes;
  const head: unknown = JSON.parse(frame.toString("utf8", PREFIX_BYTES, end));
  return { head, bytes: Uint8Array.from(frame.subarray(end)) };
}
