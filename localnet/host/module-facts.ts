import { SubforgeError } from "../../shared/errors.ts";

/** Sizes in pages of 64 KiB. */
export type MemoryLimits = { initial: number; maximum: number | undefined };

/** What a host must know of a module before it runs it. */
export type ModuleFacts = {
  /** How large a memory it wants to be given. */
  memory: MemoryLimits;
  /** Variables that live outside the memory. Rust has one, the stack pointer; infinity when they cannot be counted. */
  mutableGlobals: number;
};

const SECTION = { imports: 2, globals: 6 } as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
const HEADER_BYTES = 8;

/** Beginnings of a global's first value, each with one number behind it: a constant, or another global. */
const SIMPLE_VALUES = [0x41, 0x42, 0x23];
const END = 0x0b;

/**
 * Read from the bytes: the JavaScript interface names imports and exports and tells no more of them.
 *
 * @param module - One that compiles.
 * @throws SubforgeError RUNTIME_BLOB_INVALID when it imports no memory
 */
export function readModuleFacts(module: Uint8Array): ModuleFacts {
  const reader = new Leb(module, HEADER_BYTES);
  let memory: MemoryLimits | undefined;
  let mutableGlobals = 0;
  while (!reader.ended) {
    const section = reader.byte();
    const end = reader.number() + reader.at;
    if (section === SECTION.imports) memory = fromImports(reader);
    if (section === SECTION.globals) mutableGlobals = countMutable(reader);
    reader.at = end;
  }
  return { memory: memory ?? none(), mutableGlobals };
}

function countMutable(reader: Leb): number {
  let mutable = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.skip(1); // type
    mutable += reader.byte();
    if (!SIMPLE_VALUES.includes(reader.byte())) return Number.POSITIVE_INFINITY;
    reader.number();
    if (reader.byte() !== END) return Number.POSITIVE_INFINITY;
  }
  return mutable;
}

function fromImports(reader: Leb): MemoryLimits | undefined {
  for (let left = reader.number(); left > 0; left--) {
    reader.skip(reader.number()); // module
    reader.skip(reader.number()); // name
    const kind = reader.byte();
    if (kind === KIND.memory) return limits(reader);
    if (kind === KIND.function) reader.number();
    else if (kind === KIND.global) reader.skip(2);
    else {
      reader.skip(1); // type of a table's elements
      limits(reader);
    }
  }
  return undefined;
}

function limits(reader: Leb): MemoryLimits {
  const bounded = (reader.byte() & 1) !== 0;
  const initial = reader.number();
  return { initial, maximum: bounded ? reader.number() : undefined };
}

function none(): never {
  throw new SubforgeError("RUNTIME_BLOB_INVALID", {
    problem: "it imports no memory, which its host should give it",
  });
}

/** WebAssembly's numbers: seven bits to a byte, the lowest first. */
class Leb {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  get ended(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.at++] ?? none();
  }

  number(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  }

  skip(bytes: number): void {
    this.at += bytes;
  }
}
