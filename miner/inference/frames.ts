import {
  bytesPerElement,
  isDtype,
  type Tensor,
  type Tensors,
  tensorBytes,
  tensorFromBytes,
} from "../../shared/tensor.ts";
import type { Json } from "../../shared/types.ts";
import { ScratchBuffers } from "../scratch-buffers.ts";

/*
 * Between the pool and its processes: u32 little-endian length of the whole frame, u32 length of a JSON text, u32 number
 * of the run, 4 zero bytes, the text, zero bytes up to a multiple of 8, then the raw values of each tensor, padded alike.
 */

/** One message. Runs are numbered from 1, and the answer has the number of its run; 0 stands for what came before them. */
export type Frame = { id: number; head: { [key: string]: Json }; tensors: Tensors };

/** Larger than any batch that makes sense; a length beyond it means that the stream is broken. */
const MAX_FRAME_BYTES = 2 ** 31 - 1;
/** Of a frame, after which its length is known. */
export const PREFIX_BYTES = 16;
const ALIGNMENT = 8;
/** Up to here, copying into the chunk before it costs less than one more piece to write. */
const COPIED_BYTES = 16_384;
const PADDING = new Uint8Array(ALIGNMENT);

type Port = { name: string; dtype: Tensor["dtype"]; shape: readonly number[] };

/**
 * The chunks of one frame, in order. The rows of several parts stand one below the other, as `joinRows` would put
 * them: large ones are not copied for that, small ones become one chunk. All parts must have the same `rowKey`.
 *
 * @param scratch - Where memory to put small pieces together comes from; `giveBack` returns it once they are written.
 */
export function frameChunks(
  { id, head }: Pick<Frame, "id" | "head">,
  parts: readonly Tensors[],
  scratch = new ScratchBuffers(),
): { chunks: Uint8Array[]; giveBack(): void } {
  const columns = Object.keys(parts[0]!).map((name) => columnOf(name, parts));
  const text = Buffer.from(JSON.stringify({ head, ports: columns.map(({ port }) => port) }));
  const start = align(PREFIX_BYTES + text.length);
  let [length, copied] = [start, start];
  for (const { bytes, isCopied } of columns) {
    length += align(bytes);
    if (isCopied) copied += align(bytes);
  }
  const memory = scratch.take(copied);
  const prefix = new DataView(memory.buffer, memory.byteOffset, PREFIX_BYTES);
  prefix.setUint32(0, length, true);
  prefix.setUint32(4, text.length, true);
  prefix.setUint32(8, id, true);
  prefix.setUint32(12, 0, true);
  memory.set(text, PREFIX_BYTES);
  memory.fill(0, PREFIX_BYTES + text.length, start);
  const chunks: Uint8Array[] = [];
  let [from, to] = [0, start];
  for (const { port, bytes, isCopied } of columns) {
    if (isCopied) {
      copyRows(parts, port, memory.subarray(to, to + bytes));
      memory.fill(0, to + bytes, to + align(bytes));
      to += align(bytes);
      continue;
    }
    if (to > from) chunks.push(memory.subarray(from, to));
    from = to;
    for (const part of parts) chunks.push(tensorBytes(part[port.name]!));
    if (align(bytes) > bytes) chunks.push(PADDING.subarray(0, align(bytes) - bytes));
  }
  if (to > from) chunks.push(memory.subarray(from, to));
  return { chunks, giveBack: () => scratch.giveBack(memory) };
}

/** One tensor of the frame, and whether all its pieces are small. */
function columnOf(name: string, parts: readonly Tensors[]): { port: Port; bytes: number; isCopied: boolean } {
  const { dtype, shape } = parts[0]![name]!;
  let [rows, bytes, largest] = [0, 0, 0];
  for (const part of parts) {
    const { shape, data } = part[name]!;
    const { byteLength } = data;
    rows += shape[0] ?? 0;
    bytes += byteLength;
    if (byteLength > largest) largest = byteLength;
  }
  const port = { name, dtype, shape: parts.length === 1 ? shape : [rows, ...shape.slice(1)] };
  return { port, bytes, isCopied: largest <= COPIED_BYTES };
}

function copyRows(parts: readonly Tensors[], { name, dtype, shape }: Port, into: Uint8Array): void {
  const { data } = tensorFromBytes(dtype, shape, into);
  let at = 0;
  for (const part of parts) {
    const piece = part[name]!.data;
    (data as Uint8Array).set(piece as Uint8Array, at); // both of one type
    at += piece.length;
  }
}

/** The memory behind tensors that own it, to hand over with a message. */
export function buffersOf(tensors: Tensors): ArrayBuffer[] {
  return [...new Set(Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer))];
}

/** Collects frames from the pieces in which a socket delivers them. */
export class FrameReader {
  readonly #parser = new FrameParser();
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
      frames.push(this.#parser.parse(this.#frame));
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

/** Frames of one model mostly say the same of themselves: then that is not read again. */
export class FrameParser {
  #text: Uint8Array = new Uint8Array(0);
  #head: Frame["head"] = {};
  #ports: (Port & { bytes: number })[] = [];

  /**
   * @param bytes - A whole frame, at a multiple of 8 in its buffer. The tensors are views on it.
   * @throws Error when the stream is broken
   */
  parse(bytes: Uint8Array<ArrayBuffer>): Frame {
    const { buffer, byteOffset } = bytes;
    const prefix = new DataView(buffer, byteOffset);
    const textEnd = PREFIX_BYTES + prefix.getUint32(4, true);
    if (textEnd > bytes.length) throw new Error("a frame that ends inside its text");
    this.#readText(Buffer.from(buffer, byteOffset + PREFIX_BYTES, textEnd - PREFIX_BYTES));
    let at = align(textEnd);
    const tensors: Tensors = {};
    for (const port of this.#ports) {
      tensors[port.name] = tensorFromBytes(port.dtype, port.shape, bytes.subarray(at, at + port.bytes));
      at = align(at + port.bytes);
    }
    return { id: prefix.getUint32(8, true), head: this.#head, tensors };
  }

  #readText(text: Buffer): void {
    if (text.equals(this.#text)) return;
    const { head, ports } = JSON.parse(text.toString()) as { head: Frame["head"]; ports: Port[] };
    this.#head = head;
    this.#ports = ports.map(({ name, dtype, shape }) => {
      if (!isDtype(dtype)) throw new Error("an unknown dtype");
      const count = shape.reduce((product, dimension) => product * dimension, 1);
      // Many tensors will share this shape.
      return { name, dtype, shape: Object.freeze(shape), bytes: count * bytesPerElement(dtype) };
    });
    this.#text = Uint8Array.from(text);
  }
}

function align(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
