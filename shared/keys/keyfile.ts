import {
  decodeAddress,
  keyExtractSuri,
  keyFromPath,
  mnemonicGenerate,
  mnemonicToMiniSecret,
  mnemonicValidate,
} from "@polkadot/util-crypto";
import { sr25519KeypairFromSeed } from "@polkadot/wasm-crypto";
import { z } from "zod";
import { SubforgeError } from "../errors.ts";
import type { Hotkey } from "../types.ts";
import { DEV_PHRASE, Keypair, toAddress, verifySr25519 } from "./keypair.ts";

/*
 * What stands in a keyfile of bittensor-wallet: JSON of texts. Versions 4.0 refuse a member that is no text, so
 * nothing else is ever written.
 */

/** `cryptoType` of an ed25519 key; every other file holds sr25519. */
const ED25519 = 0;

const hex32 = /^0x[0-9a-fA-F]{64}$/;
const hex64 = /^0x[0-9a-fA-F]{128}$/;
const devKeyUri = /^(\/\/?[A-Za-z0-9_-]{1,32})+$/;

const text = z.string().max(1024).nullish();
const keyfileSchema = z.object({
  accountId: text,
  publicKey: text,
  privateKey: text,
  secretPhrase: text,
  secretSeed: text,
  ss58Address: text,
  cryptoType: z.number().int().nullish(),
});
type KeyfileMembers = z.infer<typeof keyfileSchema>;

/** `keypair` is undefined for a public key, and for an ed25519 key, which neurons do not sign with. */
export type Keyfile = { address: Hotkey; keypair: Keypair | undefined };

/** Texts of the two files of a new key. `secret` must not go anywhere but into a keyfile. */
export type NewKeyfile = { address: Hotkey; secret: string; public: string };

/**
 * Content of an unencrypted keyfile of any generation. The secret is taken from the phrase, else the seed, else the
 * private key, as btcli does.
 *
 * @param path - Where it came from, for the error.
 * @throws SubforgeError WALLET_INVALID also when the members belong to different keys
 */
export function parseKeyfile(content: string, path: string): Keyfile {
  const members = hex32.test(content.trim()) ? { publicKey: content.trim() } : parseMembers(content, path);
  const claimed = claimedAddress(members, path);
  if (members.cryptoType === ED25519) {
    if (!claimed) throw invalid(path, "it names no public key");
    return { address: claimed, keypair: undefined };
  }
  const keypair = keypairOf(members, path);
  const address = keypair?.address ?? claimed;
  if (address === undefined) throw invalid(path, "it holds neither a secret nor a public key");
  if (claimed !== undefined && claimed !== address) {
    throw invalid(path, `its secret is that of ${address}, its address is ${claimed}`);
  }
  return { address, keypair };
}

/** 12 words, English. */
export function newMnemonic(): string {
  return mnemonicGenerate(12);
}

/** @throws SubforgeError WALLET_BAD_SECRET */
export function keyfileFromMnemonic(mnemonic: string): NewKeyfile {
  if (!mnemonicValidate(mnemonic)) throw new SubforgeError("WALLET_BAD_SECRET", {});
  const seed = mnemonicToMiniSecret(mnemonic);
  const pair = sr25519KeypairFromSeed(seed);
  return compose(pair.slice(64), {
    privateKey: toHex(toFileForm(pair.slice(0, 64))),
    secretPhrase: mnemonic,
    secretSeed: toHex(seed),
  });
}

/**
 * A development key such as `//Alice`. Its file holds a secret everybody knows.
 *
 * @throws SubforgeError WALLET_BAD_SECRET for anything that is not `//` and names
 */
export function keyfileFromDevKey(uri: string): NewKeyfile {
  if (!devKeyUri.test(uri)) throw new SubforgeError("WALLET_BAD_SECRET", {});
  const { path } = keyExtractSuri(DEV_PHRASE + uri);
  const root = sr25519KeypairFromSeed(mnemonicToMiniSecret(DEV_PHRASE));
  const pair = keyFromPath({ publicKey: root.slice(64), secretKey: root.slice(0, 64) }, path, "sr25519");
  return compose(pair.publicKey, { privateKey: toHex(toFileForm(pair.secretKey)) });
}

function parseMembers(content: string, path: string): KeyfileMembers {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw invalid(path, "it is not JSON"); // the cause would quote the content
  }
  const parsed = keyfileSchema.safeParse(json);
  if (!parsed.success) {
    throw invalid(
      path,
      `wrong members: ${parsed.error.issues.map((issue) => issue.path.join(".")).join(", ")}`,
    );
  }
  return parsed.data;
}

/** Undefined when the file holds no secret. A seed that is no hex comes from an old oddity: its private key is right. */
function keypairOf(members: KeyfileMembers, path: string): Keypair | undefined {
  const { secretPhrase, secretSeed, privateKey } = members;
  if (secretPhrase) {
    if (!mnemonicValidate(secretPhrase)) throw invalid(path, "its phrase is no English mnemonic");
    return Keypair.fromSeed(mnemonicToMiniSecret(secretPhrase));
  }
  if (secretSeed && hex32.test(secretSeed)) return Keypair.fromSeed(fromHex(secretSeed));
  if (!privateKey) {
    if (secretSeed) throw invalid(path, "its seed is not 32 bytes of hex");
    return undefined;
  }
  if (!hex64.test(privateKey)) throw invalid(path, "its private key is not 64 bytes of hex");
  const secretKey = toLibraryForm(fromHex(privateKey));
  const publicKey = members.publicKey ?? members.accountId;
  if (!secretKey || !publicKey || !hex32.test(publicKey)) throw invalid(path, "its keys are out of range");
  return matchingKeypair(fromHex(publicKey), secretKey, path);
}

/** A private key says nothing of its public key unless it is asked to sign. */
function matchingKeypair(publicKey: Uint8Array, secretKey: Uint8Array, path: string): Keypair {
  const keypair = Keypair.fromSecretKey(publicKey, secretKey);
  const probe = Buffer.from("subforge keyfile");
  try {
    if (verifySr25519(probe, keypair.sign(probe), publicKey)) return keypair;
  } catch {
    // the library throws on bytes that are no key
  }
  throw invalid(path, "its private key does not belong to its public key");
}

/** The address that the public members name, all of them the same one. Undefined when there are none. */
function claimedAddress(members: KeyfileMembers, path: string): Hotkey | undefined {
  const { publicKey, accountId, ss58Address } = members;
  const addresses: Hotkey[] = [];
  for (const key of [publicKey, accountId]) {
    if (!key) continue;
    if (!hex32.test(key)) throw invalid(path, "its public key is not 32 bytes of hex");
    addresses.push(toAddress(fromHex(key)));
  }
  if (ss58Address) {
    const named = publicKeyOf(ss58Address);
    if (!named) throw invalid(path, "its address is none");
    addresses.push(toAddress(named));
  }
  if (addresses.some((address) => address !== addresses[0])) {
    throw invalid(path, `it names several keys: ${addresses.join(", ")}`);
  }
  return addresses[0];
}

/** Any registered prefix is read; prefix 42 is what we compare and write. */
function publicKeyOf(address: string): Uint8Array | undefined {
  try {
    const publicKey = decodeAddress(address);
    return publicKey.length === 32 && !address.startsWith("0x") ? publicKey : undefined;
  } catch {
    return undefined;
  }
}

function compose(publicKey: Uint8Array, secrets: Record<string, string>): NewKeyfile {
  const address = toAddress(publicKey);
  const open = { accountId: toHex(publicKey), publicKey: toHex(publicKey), ss58Address: address };
  return { address, secret: JSON.stringify({ ...open, ...secrets }), public: JSON.stringify(open) };
}

/** Files hold the scalar itself; the library holds it times 8 (an ed25519 habit), next to the same nonce. */
function toFileForm(secretKey: Uint8Array): Uint8Array {
  return withScalar(secretKey, scalarOf(secretKey) >> 3n);
}

/** @returns undefined when the scalar times 8 needs more than 32 bytes: it is not reduced. */
function toLibraryForm(secretKey: Uint8Array): Uint8Array | undefined {
  const scalar = scalarOf(secretKey) << 3n;
  return scalar < 1n << 256n ? withScalar(secretKey, scalar) : undefined;
}

function scalarOf(secretKey: Uint8Array): bigint {
  return BigInt(toHex(secretKey.slice(0, 32).reverse()));
}

function withScalar(secretKey: Uint8Array, scalar: bigint): Uint8Array {
  const bytes = secretKey.slice();
  bytes.set(fromHex(`0x${scalar.toString(16).padStart(64, "0")}`).reverse());
  return bytes;
}

function toHex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.slice(2), "hex"));
}

function invalid(path: string, problem: string): SubforgeError {
  return new SubforgeError("WALLET_INVALID", { path, problem });
}
