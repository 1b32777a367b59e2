import { inspect } from "node:util";

const HIDDEN = "[secret]";

/**
 * Bytes that must not be seen: a password, a mnemonic, the text of a keyfile. Printing, logging, serialising or
 * pasting one into a text shows `[secret]`; who really wants it says `reveal`.
 */
export class Secret {
  readonly #bytes: Uint8Array;

  /** Texts are taken as UTF-8. */
  constructor(secret: Uint8Array | string) {
    this.#bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : Uint8Array.from(secret);
  }

  revealBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  revealText(): string {
    return Buffer.from(this.#bytes).toString();
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
