import { SR25519_MODULE } from "./sr25519-module.ts";

export const PUBLIC_KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;

/** Bits of a window of a table. More are faster and larger: 61, 98, 165, 284 or 492 kB a table. */
export type WindowBits = 4 | 5 | 6 | 7 | 8;

/** Address of a table of multiples of one point. */
export type Table = number;

const PAGE_BYTES = 65_536;
/** Of the buffer through which a message goes in. */
const PIECE_BYTES = 4_096;
/** Tables begin at the beginning of a cache line. */
const LINE_BYTES = 64;

/** An address in an instance's memory. */
type Address = { value: number };

/** What `assembly/{session,verifier,signer}.ts` export. */
type Exports = {
  memory: { buffer: ArrayBuffer; grow(pages: number): void };
  SIGNATURE: Address;
  PUBLIC_KEY: Address;
  MESSAGE: Address;
  SECRET_KEY: Address;
  RANDOM: Address;
  tableBytes(windowBits: number): number;
  start(table: Table, windowBits: number): void;
  begin(messageBytes: number): void;
  take(bytes: number): void;
  buildTable(table: Table, windowBits: number): number;
  verify(baseTable: Table, baseBits: number, table: Table, windowBits: number): number;
  sign(baseTable: Table): void;
};

/** The part of the platform that is used, which Node's types leave to the browser's. */
type WasmPlatform = {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

let compiled: object | undefined;

/** The compiled module with a memory of its own, which holds the table of the generator and whatever is claimed. */
export class Sr25519Instance {
  readonly wasm: Exports;
  readonly baseTable: Table;
  #bytes: Uint8Array;
  /** Where free memory begins. */
  #end: number;

  /**
   * @param baseBits - Of the table for the generator: 6 is made in a millisecond, 8 in three.
   * @throws Error where WebAssembly or memory for it is not to be had.
   */
  constructor(baseBits: WindowBits) {
    const { Module, Instance } = (globalThis as unknown as { WebAssembly: WasmPlatform }).WebAssembly;
    compiled ??= new Module(Buffer.from(SR25519_MODULE, "base64"));
    this.wasm = new Instance(compiled).exports as Exports;
    this.#bytes = new Uint8Array(this.wasm.memory.buffer);
    this.#end = this.#bytes.length;
    this.baseTable = this.claim(this.wasm.tableBytes(baseBits));
    this.wasm.start(this.baseTable, baseBits);
  }

  write(bytes: Uint8Array, { value }: Address): void {
    this.#bytes.set(bytes, value);
  }

  /** A copy. */
  read({ value }: Address, bytes: number): Uint8Array {
    return this.#bytes.slice(value, value + bytes);
  }

  takeMessage(message: Uint8Array): void {
    const { wasm } = this;
    wasm.begin(message.length);
    for (let from = 0; from < message.length; from += PIECE_BYTES) {
      const piece = message.length <= PIECE_BYTES ? message : message.subarray(from, from + PIECE_BYTES);
      this.write(piece, wasm.MESSAGE);
      wasm.take(piece.length);
    }
  }

  /** Memory that nobody else uses. @throws RangeError when there is none left: 4 GiB, or what the machine has. */
  claim(bytes: number): number {
    const start = Math.ceil(this.#end / LINE_BYTES) * LINE_BYTES;
    const missing = start + bytes - this.#bytes.length;
    if (missing > 0) {
      this.wasm.memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.#bytes = new Uint8Array(this.wasm.memory.buffer); // the old one is detached
    }
    this.#end = start + bytes;
    return start;
  }
}
