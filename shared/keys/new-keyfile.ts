import {
  decodeAddress,
  keyExtractSuri,
  keyFromPath,
  mnemonicGenerate,
  mnemonicToMiniSecret,
  mnemonicValidate,
} from "@polkadot/util-crypto";
import { ed25519KeypairFromSeed, sr25519KeypairFromSeed } from "@polkadot/wasm-crypto";
import { SubforgeError } from "../errors.ts";
import type { Hotkey } from "../types.ts";
import { fromHex, HEX_32, toFileForm, toHex } from "./key-forms.ts";
import { DEV_PHRASE, toAddress } from "./keypair.ts";
import { Secret } from "./secret.ts";

/*
 * What is written into new keyfiles: the layout of bittensor-wallet. Its versions 4.0 refuse a member that is no text,
 * so there is none; only an ed25519 key, which they cannot use anyway, says its type by a number.
 */

/** `cryptoType` of an ed25519 key. */
export const ED25519_TYPE = 0;

/** How many words a mnemonic may have. */
export const WORD_COUNTS = [12, 15, 18, 21, 24] as const;
export type WordCount = (typeof WORD_COUNTS)[number];

const devKeyUri = /^(\/\/?[A-Za-z0-9_-]{1,32})+$/;

/** The two files of a new key. `secret` is undefined for a key of which only the public half is known. */
export type NewKeyfile = { address: Hotkey; secret: Secret | undefined; public: string };
/** A keyfile that can sign. */
export type NewSecretKeyfile = NewKeyfile & { secret: Secret };

/** English. */
export function newMnemonic(words: WordCount = 12): Secret {
  return new Secret(mnemonicGenerate(words));
}

/**
 * @param mnemonic - Words with any white space between them.
 * @param password - Of BIP39. The phrase alone would open as another key then, so only the seed is written.
 * @throws SubforgeError WALLET_BAD_SECRET
 */
export function keyfileFromMnemonic(mnemonic: Secret, password?: Secret): NewSecretKeyfile {
  const words = mnemonic.revealText().trim().split(/\s+/);
  const phrase = words.join(" ");
  if (!WORD_COUNTS.some((count) => count === words.length) || !mnemonicValidate(phrase)) throw badSecret();
  const seed = mnemonicToMiniSecret(phrase, password?.revealText());
  return fromSeed(seed, password ? {} : { secretPhrase: phrase });
}

/**
 * @param seed - 64 hex digits, with or without `0x`.
 * @throws SubforgeError WALLET_BAD_SECRET
 */
export function keyfileFromSeed(seed: Secret): NewSecretKeyfile {
  const text = seed.revealText().trim();
  const hex = text.startsWith("0x") ? text : `0x${text}`;
  if (!HEX_32.test(hex)) throw badSecret();
  return fromSeed(fromHex(hex), {});
}

/**
 * A development key such as `//Alice`. Its file holds a secret everybody knows.
 *
 * @throws SubforgeError WALLET_BAD_SECRET for anything that is not `//` and names
 */
export function keyfileFromDevKey(uri: string): NewSecretKeyfile {
  if (!devKeyUri.test(uri)) throw badSecret();
  const { path } = keyExtractSuri(DEV_PHRASE + uri);
  const root = sr25519KeypairFromSeed(mnemonicToMiniSecret(DEV_PHRASE));
  const pair = keyFromPath({ publicKey: root.slice(64), secretKey: root.slice(0, 64) }, path, "sr25519");
  return keyfileFromSecretKey(pair.publicKey, pair.secretKey);
}

/** @param secretKey - 64 bytes in the form of the library: the scalar times 8, and the nonce. */
export function keyfileFromSecretKey(publicKey: Uint8Array, secretKey: Uint8Array): NewSecretKeyfile {
  return compose(publicKey, { privateKey: toHex(toFileForm(secretKey)) });
}

/** Read by bittensor-wallet 4.1 and later. */
export function keyfileFromEd25519Seed(seed: Uint8Array): NewSecretKeyfile {
  const publicKey = ed25519KeypairFromSeed(seed).slice(32);
  const hex = toHex(seed);
  return compose(publicKey, { privateKey: hex, secretSeed: hex, cryptoType: ED25519_TYPE });
}

/**
 * The public half of a key whose secret is somewhere else.
 *
 * @param key - `0x` and 64 hex digits, or an address of any registered prefix: prefix 42 is written.
 * @throws SubforgeError WALLET_BAD_ADDRESS
 */
export function publicKeyfile(key: string): NewKeyfile {
  const publicKey = HEX_32.test(key) ? fromHex(key) : publicKeyOf(key);
  if (!publicKey) throw new SubforgeError("WALLET_BAD_ADDRESS", { given: key.slice(0, 100) });
  return { ...compose(publicKey, {}), secret: undefined };
}

/** @returns undefined for what is no address of a 32-byte key. Any registered prefix is read. */
export function publicKeyOf(address: string): Uint8Array | undefined {
  if (address.startsWith("0x")) return undefined;
  try {
    const publicKey = decodeAddress(address);
    return publicKey.length === 32 ? publicKey : undefined;
  } catch {
    return undefined;
  }
}

function fromSeed(seed: Uint8Array, phrase: { secretPhrase?: string }): NewSecretKeyfile {
  const pair = sr25519KeypairFromSeed(seed);
  return compose(pair.slice(64), {
    privateKey: toHex(toFileForm(pair.slice(0, 64))),
    ...phrase,
    secretSeed: toHex(seed),
  });
}

function compose(publicKey: Uint8Array, secrets: Record<string, string | number>): NewSecretKeyfile {
  const address = toAddress(publicKey);
  const { cryptoType } = secrets;
  const open = { accountId: toHex(publicKey), publicKey: toHex(publicKey), ss58Address: address };
  return {
    address,
    secret: new Secret(JSON.stringify({ ...open, ...secrets })),
    public: JSON.stringify({ ...open, ...(cryptoType === undefined ? {} : { cryptoType }) }),
  };
}

function badSecret(): SubforgeError {
  return new SubforgeError("WALLET_BAD_SECRET", {});
}
