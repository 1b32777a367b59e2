import { hkdfSync, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import {
  decodeAddress,
  encodeAddress,
  keyExtractSuri,
  keyFromPath,
  mnemonicToMiniSecret,
} from "@polkadot/util-crypto";
import {
  ed25519KeypairFromSeed,
  ed25519Sign,
  sr25519KeypairFromSeed,
  sr25519Sign,
  waitReady,
  ed25519Verify as wasmEd25519Verify,
} from "@polkadot/wasm-crypto";
import { SubforgeError } from "../errors.ts";
import type { Hotkey } from "../types.ts";
import { Sr25519Signer } from "./sr25519/signer.ts";
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from "./sr25519/sr25519-instance.ts";
import { Sr25519Verifier } from "./sr25519/verifier.ts";
import { verifySlowly } from "./sr25519/verify-slowly.ts";

/** SS58 prefix of Subtensor, and of Substrate in general. */
const SS58_PREFIX = 42;

/** Phrase behind `//Alice` and the other development keys. Public: worth nothing outside a development chain. */
export const DEV_PHRASE = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

/** Opened by the first signature, made or verified; "none" where our own module cannot run. */
let signer: Sr25519Signer | "none" | undefined;
let verifier: Sr25519Verifier | "none" | undefined;

/** Neurons sign with sr25519. An ed25519 key can own tokens and sign calls of the chain. */
export type KeyScheme = "sr25519" | "ed25519";

/**
 * A key that can sign. The secret half lives in a private field: printing, logging or serialising the pair shows
 * `[secret]`.
 */
export class Keypair {
  readonly address: Hotkey;
  readonly publicKey: Uint8Array;
  readonly scheme: KeyScheme;
  readonly #secretKey: Uint8Array;

  private constructor(publicKey: Uint8Array, secretKey: Uint8Array, scheme: KeyScheme = "sr25519") {
    this.publicKey = publicKey;
    this.#secretKey = secretKey;
    this.scheme = scheme;
    this.address = toAddress(publicKey);
  }

  /** @param seed - The 32-byte mini secret. */
  static fromSeed(seed: Uint8Array): Keypair {
    const pair = sr25519KeypairFromSeed(seed); // 64 secret bytes, then 32 public ones
    return new Keypair(pair.slice(64), pair.slice(0, 64));
  }

  /** @param seed - 32 bytes. */
  static fromEd25519Seed(seed: Uint8Array): Keypair {
    const pair = ed25519KeypairFromSeed(seed); // the seed, then the public key
    return new Keypair(pair.slice(32), pair.slice(0, 32), "ed25519");
  }

  /** @param secretKey - 64 bytes, schnorrkel's scalar and nonce. */
  static fromSecretKey(publicKey: Uint8Array, secretKey: Uint8Array): Keypair {
    return new Keypair(publicKey.slice(), secretKey.slice());
  }

  /**
   * A secret URI: a phrase, `0x` and a seed, or nothing, followed by derivations, as in `//Alice`.
   *
   * @throws SubforgeError WALLET_BAD_SECRET
   */
  static fromUri(uri: string): Keypair {
    try {
      const { phrase, path, password } = keyExtractSuri(uri.startsWith("/") ? DEV_PHRASE + uri : uri);
      const seed = phrase.startsWith("0x") ? fromHex(phrase) : mnemonicToMiniSecret(phrase, password);
      const root = sr25519KeypairFromSeed(seed);
      const derived = keyFromPath(
        { publicKey: root.slice(64), secretKey: root.slice(0, 64) },
        path,
        "sr25519",
      );
      return new Keypair(derived.publicKey, derived.secretKey);
    } catch {
      throw new SubforgeError("WALLET_BAD_SECRET", {}); // the cause would carry the phrase
    }
  }

  static random(): Keypair {
    return Keypair.fromSeed(randomBytes(32));
  }

  /** Over exactly these bytes: sr25519 in the context `substrate`, different at each call, or ed25519. 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    if (this.scheme === "ed25519") return ed25519Sign(this.publicKey, this.#secretKey, message);
    signer ??= Sr25519Signer.openIfPossible() ?? "none";
    if (signer === "none") return sr25519Sign(this.publicKey, this.#secretKey, message);
    return signer.sign(message, this.publicKey, this.#secretKey);
  }

  /**
   * 32 bytes that only the holder of this key can compute, the same at each call, different per purpose.
   * For keys derived from this one: queue tags, epoch secrets.
   */
  deriveSecret(purpose: string): Uint8Array {
    return hkdf(this.#secretKey, purpose);
  }

  toJSON(): { address: Hotkey; secretKey: "[secret]" } {
    return { address: this.address, secretKey: "[secret]" };
  }

  toString(): string {
    return `Keypair ${this.address} [secret]`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Call once before anything else here: loads the WASM module. */
export async function keysReady(): Promise<void> {
  await waitReady();
}

/**
 * For keys met now and then: three times as fast as wasm-crypto. A server, which meets the same keys again and again,
 * uses `KnownKeyVerifier`.
 *
 * @param signature - 64 bytes as schnorrkel makes them, in the context `substrate`.
 * @returns false for a signature of the wrong length, form or key. Never throws.
 */
export function verifySr25519(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  verifier ??= Sr25519Verifier.openIfPossible(6, 4) ?? "none";
  if (verifier === "none") return verifySlowly(message, signature, publicKey);
  return verifier.verify(message, signature, publicKey);
}

/** @returns false for a signature of the wrong length, form or key. Never throws. */
export function verifyWith(
  scheme: KeyScheme,
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return (scheme === "sr25519" ? verifySr25519 : verifyEd25519)(message, signature, publicKey);
}

/** @returns false for a signature of the wrong length, form or key. Never throws. */
export function verifyEd25519(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false;
  try {
    return wasmEd25519Verify(signature, message, publicKey);
  } catch {
    return false;
  }
}

/**
 * The key of 32 zeros has no secret half: everybody can sign for it, and it stands on chain for nobody. The chain itself
 * takes such signatures, so the checks above do too; who asks whether somebody signed does not.
 */
export function isNobodysKey(publicKey: Uint8Array): boolean {
  return publicKey.every((byte) => byte === 0);
}

export function toAddress(publicKey: Uint8Array): Hotkey {
  return encodeAddress(publicKey, SS58_PREFIX);
}

/**
 * @returns The 32 bytes behind an address of prefix 42, or undefined when it is none, has another prefix, or is
 * not spelt the one canonical way.
 */
export function fromAddress(address: string): Uint8Array | undefined {
  const known = decoded.get(address);
  if (known) return known.slice();
  const publicKey = decode(address);
  if (!publicKey) return undefined;
  if (decoded.size >= MAX_DECODED) decoded.clear();
  decoded.set(address, publicKey);
  return publicKey.slice();
}

/** A server meets the same few callers again and again, and decoding takes twice as long as checking a signature. */
const decoded = new Map<string, Uint8Array>();
const MAX_DECODED = 4_096;

function decode(address: string): Uint8Array | undefined {
  try {
    const publicKey = decodeAddress(address, false, SS58_PREFIX);
    return publicKey.length === PUBLIC_KEY_BYTES && toAddress(publicKey) === address ? publicKey : undefined;
  } catch {
    return undefined;
  }
}

function hkdf(secret: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), `subforge/${purpose}`, 32));
}

function fromHex(text: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new TypeError("a seed is 32 bytes of hex");
  return Uint8Array.from(Buffer.from(text.slice(2), "hex"));
}
