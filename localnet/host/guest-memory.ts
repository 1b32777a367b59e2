import type { Hex } from "../../shared/types.ts";
import type { Heap } from "./heap.ts";
import type { WasmMemory } from "./wasm.ts";

/** Pointer in the low half, length in the high half: how runtime and host hand each other bytes. */
export type Span = bigint;

/** The memory of one running call, as the host sees it. Every access is checked against its size. */
export class GuestMemory {
  readonly #memory: WasmMemory;
  readonly #heap: () => Heap;

  constructor(memory: WasmMemory, heap: () => Heap) {
    this.#memory = memory;
    this.#heap = heap;
  }

  /** A copy of the bytes at a span. */
  read(span: Span): Uint8Array {
    const { pointer, length } = parts(span);
    return this.readAt(pointer, length);
  }

  readAt(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.#view(pointer, length));
  }

  readHex(span: Span): Hex {
    const { pointer, length } = parts(span);
    return `0x${this.#view(pointer, length).toString("hex")}`;
  }

  readText(span: Span): string {
    const { pointer, length } = parts(span);
    return this.#view(pointer, length).toString("utf8");
  }

  writeAt(pointer: number, bytes: Uint8Array): void {
    this.#view(pointer, bytes.length).set(bytes);
  }

  /** Hand bytes over in memory of their own, which the runtime frees. */
  give(bytes: Uint8Array): Span {
    return spanOf(this.place(bytes), bytes.length);
  }

  /** The same for bytes whose length both sides know: only the pointer is told. */
  place(bytes: Uint8Array): number {
    const pointer = this.#heap().allocate(bytes.length);
    this.writeAt(pointer, bytes);
    return pointer;
  }

  /** Some(value) or None, as SCALE. */
  giveOption(value: Uint8Array | undefined): Span {
    if (value === undefined) return this.give(Uint8Array.of(0));
    const prefix = compact(value.length);
    const pointer = this.#heap().allocate(1 + prefix.length + value.length);
    this.writeAt(pointer, Uint8Array.of(1));
    this.writeAt(pointer + 1, prefix);
    this.writeAt(pointer + 1 + prefix.length, value);
    return spanOf(pointer, 1 + prefix.length + value.length);
  }

  allocate(bytes: number): number {
    return this.#heap().allocate(bytes);
  }

  free(pointer: number): void {
    this.#heap().free(pointer >>> 0);
  }

  /** Valid until the memory grows. */
  #view(pointer: number, length: number): Buffer {
    // A pointer of the upper half comes as a negative number.
    return Buffer.from(this.#memory.buffer, pointer >>> 0, length);
  }
}

/** Length of a SCALE vector, up to 2^30. */
export function compact(length: number): Uint8Array {
  if (length < 64) return Uint8Array.of(length << 2);
  if (length < 2 ** 14) return Uint8Array.of(((length << 2) & 0xff) | 1, length >> 6);
  const word = Buffer.alloc(4);
  word.writeUInt32LE(length * 4 + 2);
  return word;
}

export function parts(span: Span): { pointer: number; length: number } {
  return { pointer: Number(span & 0xffff_ffffn), length: Number((span >> 32n) & 0xffff_ffffn) };
}

export function spanOf(pointer: number, length: number): Span {
  return (BigInt(length) << 32n) | BigInt(pointer >>> 0);
}
