import { VERIFIER_MODULE } from "./verifier-module.ts";

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Bits of a window of a table. More are faster and larger: 61, 98, 165, 284 or 492 kB a table. */
export type WindowBits = 4 | 5 | 6 | 7 | 8;

/** Address of the table of one key in the verifier's memory. */
export type Table = number;

const PAGE_BYTES = 65_536;
/** Of the buffer through which a message goes in. */
const PIECE_BYTES = 4_096;
/** Tables begin at the beginning of a cache line. */
const LINE_BYTES = 64;

/** An address in the verifier's memory. */
type Address = { value: number };

/** What `assembly/verifier.ts` exports. */
type Exports = {
  memory: { buffer: ArrayBuffer; grow(pages: number): void };
  SIGNATURE: Address;
  PUBLIC_KEY: Address;
  MESSAGE: Address;
  tableBytes(windowBits: number): number;
  start(table: number, windowBits: number): void;
  buildTable(table: number, windowBits: number): number;
  begin(messageBytes: number): void;
  take(bytes: number): void;
  verify(table: number, windowBits: number): number;
};

/** The part of the platform that is used, which Node's types leave to the browser's. Absent under `--jitless`. */
type WasmPlatform = {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

let compiled: object | undefined;

/**
 * One instance of the compiled verifier, with a memory of its own. It works on public values only and takes no care to
 * hide them. What it accepts and refuses is what schnorrkel does, context `substrate`.
 */
export class Sr25519Verifier {
  readonly #wasm: Exports;
  readonly #windowBits: WindowBits;
  readonly #unused: Table[] = [];
  #bytes: Uint8Array;
  /** Where free memory begins. */
  #end: number;

  /**
   * @param baseBits - Of the table for the generator, which every verification uses: 6 is made in a millisecond, 8 in
   * three, and takes 4 % off each verification with a table.
   * @param windowBits - Of the tables for keys.
   * @throws RangeError, TypeError or WebAssembly.CompileError where WebAssembly or memory for it is not to be had.
   */
  constructor(baseBits: WindowBits, windowBits: WindowBits) {
    const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmPlatform }).WebAssembly;
    compiled ??= new Module(Buffer.from(VERIFIER_MODULE, "base64"));
    this.#wasm = new Instance(compiled).exports as Exports;
    this.#windowBits = windowBits;
    this.#bytes = new Uint8Array(this.#wasm.memory.buffer);
    this.#end = this.#bytes.length;
    this.#wasm.start(this.#claim(this.#wasm.tableBytes(baseBits)), baseBits);
  }

  /**
   * Never throws.
   *
   * @param table - Of this very key, from `buildTable`. Without one the key is worked out anew.
   */
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array, table: Table = 0): boolean {
    if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false;
    const wasm = this.#wasm;
    this.#bytes.set(signature, wasm.SIGNATURE.value);
    this.#bytes.set(publicKey, wasm.PUBLIC_KEY.value);
    wasm.begin(message.length);
    for (let from = 0; from < message.length; from += PIECE_BYTES) {
      const piece = message.length <= PIECE_BYTES ? message : message.subarray(from, from + PIECE_BYTES);
      this.#bytes.set(piece, wasm.MESSAGE.value);
      wasm.take(piece.length);
    }
    return wasm.verify(table, this.#windowBits) === 1;
  }

  /**
   * Takes about as long as 25 verifications with it (windows of 6 bits), some 1 ms.
   *
   * @returns undefined for bytes that are no key, and when there is no memory left.
   */
  buildTable(publicKey: Uint8Array): Table | undefined {
    if (publicKey.length !== PUBLIC_KEY_BYTES) return undefined;
    const table = this.#unused.pop() ?? this.#claimIfPossible(this.#wasm.tableBytes(this.#windowBits));
    if (table === undefined) return undefined;
    this.#bytes.set(publicKey, this.#wasm.PUBLIC_KEY.value);
    if (this.#wasm.buildTable(table, this.#windowBits) === 1) return table;
    this.#unused.push(table);
    return undefined;
  }

  /** The table's place is used again. */
  dropTable(table: Table): void {
    this.#unused.push(table);
  }

  #claimIfPossible(bytes: number): number | undefined {
    try {
      return this.#claim(bytes);
    } catch {
      return undefined; // 4 GiB, or what the machine has
    }
  }

  #claim(bytes: number): number {
    const start = Math.ceil(this.#end / LINE_BYTES) * LINE_BYTES;
    const missing = start + bytes - this.#bytes.length;
    if (missing > 0) {
      this.#wasm.memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.#bytes = new Uint8Array(this.#wasm.memory.buffer); // the old one is detached
    }
    this.#end = start + bytes;
    return start;
  }
}
