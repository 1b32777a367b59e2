import {
  bytesPerElement,
  isDtype,
  type Tensor,
  type Tensors,
  tensorBytes,
  tensorFromBytes,
} from "../../shared/tensor.ts";
import type { Json } from "../../shared/types.ts";

/*
 * Between the pool and its processes: u32 little-endian length of what follows, u32 length of a JSON head, the head,
 * zero bytes up to a multiple of 8 from the frame's start, then the raw values of each tensor, padded alike.
 */

export type Frame = { head: { [key: string]: Json }; tensors: Tensors };

/** Larger than any batch that makes sense; a length beyond it means that the stream is broken. */
const MAX_FRAME_BYTES = 2 ** 31 - 1;
const PREFIX_BYTES = 8;
const ALIGNMENT = 8;
const PADDING = new Uint8Array(ALIGNMENT);

/** The chunks of one frame, in order. Tensors are not copied. */
export function frameChunks({ head, tensors }: Frame): Uint8Array[] {
  const ports = Object.entries(tensors).map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const text = Buffer.from(JSON.stringify({ head, ports }));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  const chunks: Uint8Array[] = [prefix, text];
  let length = pad(chunks, PREFIX_BYTES + text.length);
  for (const tensor of Object.values(tensors)) {
    chunks.push(tensorBytes(tensor));
    length = pad(chunks, length + tensor.data.byteLength);
  }
  prefix.writeUInt32LE(length, 0);
  prefix.writeUInt32LE(text.length, 4);
  return chunks;
}

/** Collects frames from the pieces in which a socket delivers them. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #received = 0;
  #expected: number | undefined;

  /** @throws Error when the stream is broken: nothing after it can be read */
  push(piece: Uint8Array): Frame[] {
    this.#pieces.push(piece);
    this.#received += piece.length;
    const frames: Frame[] = [];
    for (;;) {
      this.#expected ??= this.#nextLength();
      if (this.#expected === undefined || this.#received < this.#expected) break;
      frames.push(parseFrame(this.#take(this.#expected)));
      this.#expected = undefined;
    }
    return frames;
  }

  #nextLength(): number | undefined {
    if (this.#received < PREFIX_BYTES) return undefined;
    if (this.#pieces[0]!.length < PREFIX_BYTES) this.#pieces = [Buffer.concat(this.#pieces)];
    const first = this.#pieces[0]!;
    const length = new DataView(first.buffer, first.byteOffset).getUint32(0, true);
    if (length < PREFIX_BYTES || length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes`);
    return length;
  }

  /** The first `length` bytes in a buffer of their own, so that tensors in it are aligned. */
  #take(length: number): Uint8Array {
    const frame = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = this.#pieces.shift()!;
      const part = piece.subarray(0, length - filled);
      frame.set(part, filled);
      filled += part.length;
      if (part.length < piece.length) this.#pieces.unshift(piece.subarray(part.length));
    }
    this.#received -= length;
    return frame;
  }
}

function parseFrame(bytes: Uint8Array): Frame {
  const textLength = new DataView(bytes.buffer).getUint32(4, true);
  const { head, ports } = JSON.parse(Buffer.from(bytes.buffer, PREFIX_BYTES, textLength).toString());
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

function pad(chunks: Uint8Array[], length: number): number {
  const padded = align(length);
  if (padded > length) chunks.push(PADDING.subarray(0, padded - length));
  return padded;
}

function align(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
