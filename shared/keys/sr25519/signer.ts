import { randomBytes } from "node:crypto";
import { SIGNATURE_BYTES, Sr25519Instance } from "./sr25519-instance.ts";

const RANDOM_BYTES = 32;

/**
 * Signs with our own module, three times as fast as wasm-crypto: no branch and no address in it depends on a secret, and
 * it overwrites what was secret before it returns. Its memory is its own: no table or message of a verifier lies there.
 */
export class Sr25519Signer {
  readonly #instance = new Sr25519Instance(4); // small enough to be read whole for each digit

  /** @returns undefined where the module cannot run. */
  static openIfPossible(): Sr25519Signer | undefined {
    try {
      return new Sr25519Signer();
    } catch {
      return undefined;
    }
  }

  /**
   * In the context `substrate`, different at each call.
   *
   * @param secretKey - 64 bytes: the scalar times 8, as ed25519 spells it, and the nonce.
   * @returns 64 bytes.
   */
  sign(message: Uint8Array, publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array {
    const instance = this.#instance;
    const { wasm, baseTable } = instance;
    instance.write(randomBytes(RANDOM_BYTES), wasm.RANDOM);
    instance.write(publicKey, wasm.PUBLIC_KEY);
    instance.takeMessage(message);
    instance.write(secretKey, wasm.SECRET_KEY); // last, so that nothing can fail while it lies there
    wasm.sign(baseTable);
    return instance.read(wasm.SIGNATURE, SIGNATURE_BYTES);
  }
}
