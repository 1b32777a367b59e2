import { randomBytes } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { hashRaw } from "@node-rs/argon2";
import { SubforgeError } from "../errors.ts";
import { keyfileFormat } from "./keyfile-format.ts";
import { decryptAnsibleVault, decryptFernet } from "./legacy-encryption.ts";
import { passwordRemark } from "./password-text.ts";
import { Secret } from "./secret.ts";

/*
 * The encryption of bittensor-wallet since 2024: "$NACL", 24 bytes of nonce, libsodium's secretbox of the JSON bytes.
 * The key is Argon2i of the password with one salt for everybody, so all strength lies in the password.
 */

const MAGIC = Buffer.from("$NACL");
const NONCE_BYTES = 24;
const TAG_BYTES = 16;

/** libsodium's SENSITIVE limits. Source: bittensor-wallet, keyfile encryption. */
const ARGON2I = {
  algorithm: 1, // Argon2i: the package's enum exists in its types only
  version: 1, // 0x13
  salt: Buffer.from("137183dff15a09bc9c90b5518739e9b1", "hex"),
  timeCost: 8,
  memoryCost: 512 * 1024, // KiB
  parallelism: 1,
  outputLen: 32,
};

/**
 * Takes seconds and 512 MiB, in the thread pool.
 *
 * @returns The bytes of a keyfile that btcli opens with this password.
 */
export async function encryptKeyfile(content: Secret, password: Secret): Promise<Uint8Array> {
  const nonce = randomBytes(NONCE_BYTES);
  const box = xsalsa20poly1305(await deriveNaclKey(password), nonce).encrypt(content.revealBytes());
  return Buffer.concat([MAGIC, nonce, box]);
}

/**
 * Content of an encrypted keyfile of any format, and the password that opened it. `$NACL` takes seconds and 512 MiB, Fernet seconds, in the thread
 * pool, for each password.
 *
 * @param passwords - Tried in this order.
 * @param path - Where the bytes came from, for the error.
 * @throws SubforgeError WALLET_WRONG_PASSWORD also for a damaged file: the two look the same
 * @throws SubforgeError WALLET_INVALID for one that cannot be opened by any password
 */
export async function decryptKeyfile(
  bytes: Uint8Array,
  passwords: readonly Secret[],
  path: string,
): Promise<{ content: Secret; password: Secret }> {
  for (const password of passwords) {
    const content = await tryPassword(bytes, password, path);
    if (content) return { content: new Secret(content), password };
  }
  throw new SubforgeError("WALLET_WRONG_PASSWORD", { path, remark: passwordRemark(passwords.at(-1)) });
}

async function tryPassword(
  bytes: Uint8Array,
  password: Secret,
  path: string,
): Promise<Uint8Array | undefined> {
  switch (keyfileFormat(bytes)) {
    case "nacl":
      if (bytes.length < MAGIC.length + NONCE_BYTES + TAG_BYTES) {
        throw new SubforgeError("WALLET_INVALID", { path, problem: "it was cut off" });
      }
      return openNaclBox(bytes, await deriveNaclKey(password));
    case "ansible-vault":
      return decryptAnsibleVault(Buffer.from(bytes).toString("latin1"), password, path);
    case "fernet":
      return decryptFernet(Buffer.from(bytes).toString("latin1"), password, path);
    case "plain":
      return bytes;
  }
}

/** The key of a `$NACL` file: it depends on the password only. Takes seconds and 512 MiB, in the thread pool. */
export async function deriveNaclKey(password: Secret): Promise<Uint8Array> {
  return Uint8Array.from(await hashRaw(password.revealBytes(), ARGON2I));
}

/** @returns undefined when the file was encrypted with another key, or damaged. */
export function openNaclBox(bytes: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  const nonce = bytes.subarray(MAGIC.length, MAGIC.length + NONCE_BYTES);
  try {
    return xsalsa20poly1305(key, nonce).decrypt(bytes.subarray(MAGIC.length + NONCE_BYTES));
  } catch {
    return undefined; // the cause would say nothing more
  }
}
