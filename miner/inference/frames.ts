import {
  bytesPerElement,
  isDtype,
  type Tensor,
  type Tensors,
  tensorBytes,
  tensorFromBytes,
} from "../../shared/tensor.ts";
import type { Json } from "../../shared/types.ts";
import { ScratchBuffers } from "./scratch-buffers.ts";

/*
 * Between the pool and its processes: u32 little-endian length of what follows, u32 length of a JSON head, the head,
 * zero bytes up to a multiple of 8 from the frame's start, then the raw values of each tensor, padded alike.
 */

export type Frame = { head: { [key: string]: Json }; tensors: Tensors };

/** Larger than any batch that makes sense; a length beyond it means that the stream is broken. */
const MAX_FRAME_BYTES = 2 ** 31 - 1;
/** Of a frame, after which its length is known. */
export const PREFIX_BYTES = 8;
const ALIGNMENT = 8;
/** Up to here, copying into the chunk before it costs less than one more piece to write. */
const COPIED_BYTES = 16_384;

/**
 * The chunks of one frame, in order. The rows of several parts stand one below the other, as `joinRows` would put
 * them: large ones are not copied for that, neighbours that are small become one chunk. All parts must have the same
 * `rowKey`.
 *
 * @param scratch - Where memory to put small chunks together comes from; `giveBack` returns it once they are written.
 */
export function frameChunks(
  head: Frame["head"],
  parts: readonly Tensors[],
  scratch = new ScratchBuffers(),
): { chunks: Uint8Array[]; giveBack(): void } {
  const [first] = parts;
  const columns = Object.entries(first!).map(([name, { dtype, shape }]) => {
    let [rows, bytes, copied] = [0, 0, 0];
    for (const part of parts) {
      const { shape, data } = part[name]!;
      rows += shape[0] ?? 0;
      bytes += data.byteLength;
      if (data.byteLength <= COPIED_BYTES) copied += data.byteLength;
    }
    return {
      port: { name, dtype, shape: parts.length === 1 ? shape : [rows, ...shape.slice(1)] },
      ...{ name, bytes, copied },
    };
  });
  const text = Buffer.from(JSON.stringify({ head, ports: columns.map(({ port }) => port) }));
  const start = align(PREFIX_BYTES + text.length);
  let [length, copied] = [start, start];
  for (const column of columns) {
    length += align(column.bytes);
    copied += column.copied + align(column.bytes) - column.bytes;
  }
  const chunks = new Chunks(scratch.take(copied));
  chunks.prefix(length, text);
  for (const { name, bytes } of columns) {
    for (const part of parts) chunks.push(tensorBytes(part[name]!));
    chunks.pad(bytes);
  }
  return { chunks: chunks.end(), giveBack: () => scratch.giveBack(chunks.memory) };
}

/** Puts a frame together: small pieces are copied one behind the other, large ones stand for themselves. */
class Chunks {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly #chunks: Uint8Array[] = [];
  #start = 0;
  #end = 0;

  /** @param memory - For everything that is copied, exactly. */
  constructor(memory: Uint8Array<ArrayBuffer>) {
    this.memory = memory;
  }

  prefix(length: number, text: Uint8Array): void {
    const view = new DataView(this.memory.buffer);
    view.setUint32(0, length, true);
    view.setUint32(4, text.length, true);
    this.memory.set(text, PREFIX_BYTES);
    this.#end = PREFIX_BYTES + text.length;
    this.pad(this.#end);
  }

  push(piece: Uint8Array): void {
    if (piece.length <= COPIED_BYTES) {
      this.memory.set(piece, this.#end);
      this.#end += piece.length;
    } else {
      this.#flush();
      this.#chunks.push(piece);
    }
  }

  /** Zeros up to the next boundary. @param bytes - What stands since the last one. */
  pad(bytes: number): void {
    const end = this.#end + align(bytes) - bytes;
    this.memory.fill(0, this.#end, end);
    this.#end = end;
  }

  end(): Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  #flush(): void {
    if (this.#end > this.#start) this.#chunks.push(this.memory.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}

/** The memory behind tensors that own it, to hand over with a message. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  return [...new Set(Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer))];
}

/** Collects frames from the pieces in which a socket delivers them. */
export class FrameReader {
  /** Bytes of a frame whose length is not known yet. */
  #start: Uint8Array = new Uint8Array(0);
  /** The frame being filled, in memory of its own, so that the tensors in it are aligned. */
  #frame: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;

  /** @throws Error when the stream is broken: nothing after it can be read */
  push(piece: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let rest = piece;
    while (rest.length > 0) {
      if (!this.#frame) {
        const start = this.#start.length === 0 ? rest : Buffer.concat([this.#start, rest]);
        if (start.length < PREFIX_BYTES) {
          this.#start = Uint8Array.from(start);
          break;
        }
        this.#start = new Uint8Array(0);
        this.#frame = new Uint8Array(frameLength(start));
        this.#filled = 0;
        rest = start;
      }
      const part = rest.subarray(0, this.#frame.length - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#filled < this.#frame.length) break;
      frames.push(parseFrame(this.#frame));
      this.#frame = undefined;
    }
    return frames;
  }
}

/**
 * @param start - At least the prefix of a frame.
 * @throws Error when no frame has this length
 */
export function frameLength(start: Uint8Array): number {
  const length = new DataView(start.buffer, start.byteOffset).getUint32(0, true);
  if (length < PREFIX_BYTES || length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`);
  return length;
}

/**
 * @param bytes - A whole frame, at a multiple of 8 in its buffer. The tensors are views on it.
 * @throws Error when the stream is broken
 */
export function parseFrame(bytes: Uint8Array<ArrayBuffer>): Frame {
  const { buffer, byteOffset } = bytes;
  const textLength = new DataView(buffer, byteOffset).getUint32(4, true);
  const { head, ports } = JSON.parse(Buffer.from(buffer, byteOffset + PREFIX_BYTES, textLength).toString());
  let at = align(PREFIX_BYTES + textLength);
  const tensors: Tensors = {};
  for (const { name, dtype, shape } of ports as (Pick<Tensor, "dtype" | "shape"> & { name: string })[]) {
    if (!isDtype(dtype)) throw new Error("an unknown dtype");
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    const size = count * bytesPerElement(dtype);
    tensors[name] = tensorFromBytes(dtype, shape, bytes.subarray(at, at + size));
    at = align(at + size);
  }
  return { head, tensors };
}

function align(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
