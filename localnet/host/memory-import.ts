import { SubforgeError } from "../../shared/errors.ts";

/** Sizes in pages of 64 KiB. */
export type MemoryLimits = { initial: number; maximum: number | undefined };

const IMPORT_SECTION = 2;
const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;
const HEADER_BYTES = 8;

/**
 * How large a memory a module wants to be given. Read from its bytes: the JavaScript interface names imports and
 * does not tell their limits.
 *
 * @throws SubforgeError RUNTIME_BLOB_INVALID when it imports none
 */
export function readMemoryImport(module: Uint8Array): MemoryLimits {
  const reader = new Leb(module, HEADER_BYTES);
  while (!reader.ended) {
    const section = reader.byte();
    const end = reader.number() + reader.at;
    if (section === IMPORT_SECTION) return fromImports(reader) ?? none();
    reader.at = end;
  }
  return none();
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
