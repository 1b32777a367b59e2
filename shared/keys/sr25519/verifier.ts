import {
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  Sr25519Instance,
  type Table,
  type WindowBits,
} from "./sr25519-instance.ts";

/**
 * Verifies with our own module. It works on public values only and takes no care to hide them. What it accepts and
 * refuses is what schnorrkel does, in the context `substrate`.
 */
export class Sr25519Verifier {
  readonly #instance: Sr25519Instance;
  readonly #baseBits: WindowBits;
  readonly #windowBits: WindowBits;
  readonly #unused: Table[] = [];

  /**
   * @param baseBits - Of the table for the generator, which every verification uses.
   * @param windowBits - Of the tables for keys.
   * @throws Error where WebAssembly or memory for it is not to be had.
   */
  constructor(baseBits: WindowBits, windowBits: WindowBits) {
    this.#instance = new Sr25519Instance(baseBits);
    this.#baseBits = baseBits;
    this.#windowBits = windowBits;
  }

  /** @returns undefined where the module cannot run; `verifySlowly` is what remains then. */
  static openIfPossible(baseBits: WindowBits, windowBits: WindowBits): Sr25519Verifier | undefined {
    try {
      return new Sr25519Verifier(baseBits, windowBits);
    } catch {
      return undefined;
    }
  }

  /**
   * Never throws.
   *
   * @param table - Of this very key, from `buildTable`. Without one the key is worked out anew.
   */
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array, table: Table = 0): boolean {
    if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false;
    const instance = this.#instance;
    const { wasm, baseTable } = instance;
    instance.write(signature, wasm.SIGNATURE);
    instance.write(publicKey, wasm.PUBLIC_KEY);
    instance.takeMessage(message);
    return wasm.verify(baseTable, this.#baseBits, table, this.#windowBits) === 1;
  }

  /**
   * Takes about as long as 25 verifications with it (windows of 6 bits), some 1 ms.
   *
   * @returns undefined for bytes that are no key, and when there is no memory left.
   */
  buildTable(publicKey: Uint8Array): Table | undefined {
    if (publicKey.length !== PUBLIC_KEY_BYTES) return undefined;
    const instance = this.#instance;
    const table = this.#unused.pop() ?? this.#claimTable();
    if (table === undefined) return undefined;
    instance.write(publicKey, instance.wasm.PUBLIC_KEY);
    if (instance.wasm.buildTable(table, this.#windowBits) === 1) return table;
    this.#unused.push(table);
    return undefined;
  }

  /** The table's place is used again. */
  dropTable(table: Table): void {
    this.#unused.push(table);
  }

  #claimTable(): Table | undefined {
    try {
      return this.#instance.claim(this.#instance.wasm.tableBytes(this.#windowBits));
    } catch {
      return undefined;
    }
  }
}
