import type { Table, WindowBits } from "./sr25519-instance.ts";
import { Sr25519Verifier } from "./verifier.ts";
import { verifySlowly } from "./verify-slowly.ts";

export type KnownKeyOptions = {
  /** How many keys may have a table. 256 tables of 6-bit windows take 42 MB. */
  maxKeys: number;
  /** Default 6. */
  windowBits?: WindowBits;
};

type KnownKey = { publicKey: Uint8Array; validSignatures: number; table: Table | undefined };

/** A key that came back is likely to come again: a table costs as much as ten verifications without one. */
const VALID_BEFORE_TABLE = 2;

/**
 * Verifies for a server, whose callers are the same few keys: at ten times the rate of wasm-crypto for a key it knows,
 * at three times for any other. Synchronous, on the serving loop: handing the work to a thread would cost as much as
 * doing it.
 *
 * How an axon uses it: one per server, `maxKeys` at least the number of hotkeys that may call, and in place of
 * `verifySr25519`, once the caller was found on the metagraph and before anything else is believed:
 *
 * @example
 * const known = new KnownKeyVerifier({ maxKeys: 256 });
 * protocol.verify(claimed, request, self, (message, signature, publicKey) =>
 *   known.verify(message, signature, publicKey, isRegistered));
 */
export class KnownKeyVerifier {
  readonly #verifier: Sr25519Verifier | undefined;
  readonly #maxKeys: number;
  /** Oldest use first. */
  readonly #keys = new Map<string, KnownKey>();
  readonly #waiting: KnownKey[] = [];

  constructor({ maxKeys, windowBits = 6 }: KnownKeyOptions) {
    this.#verifier = Sr25519Verifier.openIfPossible(8, windowBits);
    this.#maxKeys = maxKeys;
  }

  /** Keys that have a table now. */
  get tables(): number {
    let count = 0;
    for (const { table } of this.#keys.values()) if (table !== undefined) count++;
    return count;
  }

  /**
   * Never throws. Nothing is remembered of a key that is not registered, and nothing is learnt from a signature that is
   * not valid: only who pays for being on the chain, and signs, makes us work ahead. At most one table is built in a
   * turn of the event loop, after the turn's verifications.
   *
   * @param isRegistered - Whether the chain knows this key on our subnet.
   */
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array, isRegistered: boolean): boolean {
    const verifier = this.#verifier;
    if (!verifier) return verifySlowly(message, signature, publicKey);
    if (!isRegistered) return verifier.verify(message, signature, publicKey);
    const name = nameOf(publicKey);
    const known = this.#keys.get(name);
    const isValid = verifier.verify(message, signature, publicKey, known?.table);
    if (isValid)
      this.#remember(name, known ?? { publicKey: publicKey.slice(), validSignatures: 0, table: undefined });
    return isValid;
  }

  #remember(name: string, known: KnownKey): void {
    this.#keys.delete(name);
    this.#keys.set(name, known);
    known.validSignatures++;
    if (known.validSignatures === VALID_BEFORE_TABLE) this.#waitForTable(known);
    if (this.#keys.size > this.#maxKeys) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const [name, { table }] = this.#keys.entries().next().value!;
    this.#keys.delete(name);
    if (table !== undefined) this.#verifier!.dropTable(table);
  }

  #waitForTable(known: KnownKey): void {
    this.#waiting.push(known);
    if (this.#waiting.length === 1) setImmediate(() => this.#buildNext());
  }

  #buildNext(): void {
    const known = this.#waiting.shift()!;
    if (this.#keys.get(nameOf(known.publicKey)) === known)
      known.table = this.#verifier!.buildTable(known.publicKey);
    if (this.#waiting.length > 0) setImmediate(() => this.#buildNext());
  }
}

/** The quickest text of bytes there is: one character each. */
function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}
