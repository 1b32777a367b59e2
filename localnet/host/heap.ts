import type { WasmMemory } from "./wasm.ts";

/** Pointers are multiples of this, as Rust's types need it. */
const ALIGNMENT = 8;

/** Largest allocation the protocol knows: 32 MiB. */
const MAX_ALLOCATION = 32 * 1024 * 1024;

const PAGE_BYTES = 65_536;

/** The runtime asked for what no host would give it. The call ends. */
export class HeapError extends Error {}

/**
 * The runtime's heap: a freeing bump allocator behind the module's own data. Sizes are rounded up to powers of two and
 * what is freed is kept per size. Source: polkadot-sdk, sc-allocator.
 */
export class Heap {
  readonly #memory: WasmMemory;
  /** Freed pointers, by the logarithm of their size. */
  readonly #free: number[][] = [];
  readonly #sizes = new Map<number, number>();
  #next: number;

  /** @param base - First byte that is not the module's own: its `__heap_base`. */
  constructor(memory: WasmMemory, base: number) {
    this.#memory = memory;
    this.#next = Math.ceil(base / ALIGNMENT) * ALIGNMENT;
  }

  /**
   * @returns the pointer; what stands there is anything
   * @throws HeapError over 32 MiB, or when the memory may not grow any more
   */
  allocate(bytes: number): number {
    if (bytes > MAX_ALLOCATION) throw new HeapError(`the runtime asked for ${bytes} bytes at once`);
    const order = bytes <= ALIGNMENT ? 3 : 32 - Math.clz32(bytes - 1);
    const pointer = this.#free[order]?.pop() ?? this.#bump(2 ** order);
    this.#sizes.set(pointer, order);
    return pointer;
  }

  /** @throws HeapError for a pointer that is not allocated */
  free(pointer: number): void {
    const order = this.#sizes.get(pointer);
    if (order === undefined) throw new HeapError(`the runtime freed ${pointer}, which is not allocated`);
    this.#sizes.delete(pointer);
    this.#free[order] ??= [];
    this.#free[order].push(pointer);
  }

  #bump(size: number): number {
    const pointer = this.#next;
    const missing = pointer + size - this.#memory.buffer.byteLength;
    if (missing > 0) this.#grow(Math.ceil(missing / PAGE_BYTES));
    this.#next = pointer + size;
    return pointer;
  }

  /** Twice the memory where it may be, as growing copies nothing but is slow; else what is needed. */
  #grow(pages: number): void {
    const present = this.#memory.buffer.byteLength / PAGE_BYTES;
    for (const wanted of [Math.max(pages, present), pages]) {
      try {
        this.#memory.grow(wanted);
        return;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    throw new HeapError(`the runtime needs more memory than ${present + pages} pages`);
  }
}
