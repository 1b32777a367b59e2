import { inspect } from "node:util";
import {
  ethereumEncode,
  keccakAsU8a,
  secp256k1PairFromSeed,
  secp256k1Recover,
  secp256k1Sign,
} from "@polkadot/util-crypto";
import { SubforgeError } from "../errors.ts";
import type { Hex } from "../types.ts";
import { fromHex, HEX_32, toHex } from "./key-forms.ts";
import { readKeyfile } from "./keyfile-store.ts";

/** r, s, and 27 or 28: the form that `ecrecover` of a contract takes. */
const SIGNATURE = /^0x[0-9a-f]{130}$/;
const FIRST_RECOVERY_ID = 27;

/**
 * A secp256k1 key whose signatures a contract can check. It signs results and nothing else, and owns no tokens: a key of
 * its own, so that one who steals it can take nothing back to the hotkey.
 */
export class OracleKey {
  /** Of Ethereum, with the checksum in its letters. */
  readonly address: string;
  readonly #pair: ReturnType<typeof secp256k1PairFromSeed>;

  private constructor(seed: Uint8Array) {
    this.#pair = secp256k1PairFromSeed(seed, true);
    this.address = ethereumEncode(this.#pair.publicKey);
  }

  /** @param seed - 32 bytes, above 0 and below the order of the curve. @throws SubforgeError WALLET_BAD_SECRET */
  static fromSeed(seed: Uint8Array): OracleKey {
    try {
      return new OracleKey(seed);
    } catch {
      throw new SubforgeError("WALLET_BAD_SECRET", {}); // the cause would carry the bytes
    }
  }

  /** @returns 65 bytes over the keccak-256 of `message`: deterministic (RFC 6979), with the smaller s. */
  sign(message: Uint8Array): Hex {
    const signature = secp256k1Sign(message, this.#pair, "keccak", true);
    signature[64]! += FIRST_RECOVERY_ID;
    return toHex(signature) as Hex;
  }

  toJSON(): { address: string; secretKey: "[secret]" } {
    return { address: this.address, secretKey: "[secret]" };
  }

  [inspect.custom](): string {
    return `OracleKey ${this.address} [secret]`;
  }
}

/**
 * A file that holds `0x` and 64 hexadecimal digits, readable by its owner alone.
 *
 * @throws SubforgeError WALLET_NOT_FOUND, WALLET_UNSAFE_FILE, WALLET_INVALID
 */
export async function readOracleKey(path: string): Promise<OracleKey> {
  const text = Buffer.from(await readKeyfile(path, "secret"))
    .toString("latin1")
    .trim();
  if (!HEX_32.test(text)) {
    throw new SubforgeError("WALLET_INVALID", { path, problem: "an oracle key is 0x and 64 hex digits" });
  }
  return OracleKey.fromSeed(fromHex(text));
}

/** @returns The address that signed, or undefined when this is no signature. Never throws. */
export function oracleSigner(message: Uint8Array, signature: string): string | undefined {
  if (!SIGNATURE.test(signature)) return undefined;
  try {
    const bytes = fromHex(signature);
    const recovery = bytes[64]! - FIRST_RECOVERY_ID;
    const hash = keccak256(message);
    // "blake2" asks for a compressed key here: the form that the next function takes.
    return ethereumEncode(secp256k1Recover(hash, bytes.subarray(0, 64), recovery, "blake2", true));
  } catch {
    return undefined;
  }
}

/** As Ethereum computes it. 32 bytes. */
export function keccak256(bytes: Uint8Array): Uint8Array {
  return keccakAsU8a(bytes, 256, true);
}
