import { Worker } from "node:worker_threads";
import sodium from "libsodium-wrappers-sumo";
import { SubforgeError } from "../errors.ts";
import { processEntry } from "../process-entry.ts";
import type { Argon2Work } from "./argon2-thread.ts";

/*
 * The encryption of bittensor-wallet since 2024: "$NACL", 24 bytes of nonce, libsodium's secretbox of the JSON bytes.
 * The key is Argon2i of the password with one salt for everybody, so all strength lies in the password.
 */

const MAGIC = Buffer.from("$NACL");
const NONCE_BYTES = 24;
const TAG_BYTES = 16;

/** libsodium's SENSITIVE limits. Source: bittensor-wallet, keyfile encryption. */
const ARGON2I = {
  salt: Buffer.from("137183dff15a09bc9c90b5518739e9b1", "hex"),
  passes: 8,
  memoryBytes: 512 * 2 ** 20,
  keyBytes: 32,
};

/** How a keyfile is stored, told by its first bytes. The legacy formats are recognised, not read. */
export function keyfileFormat(bytes: Uint8Array): "plain" | "nacl" | "ansible-vault" | "fernet" {
  const start = Buffer.from(bytes.subarray(0, 14)).toString("latin1");
  if (start.startsWith("$NACL")) return "nacl";
  if (start.startsWith("$ANSIBLE_VAULT")) return "ansible-vault";
  if (start.startsWith("gAAAAA")) return "fernet";
  return "plain";
}

/**
 * Takes seconds and 512 MiB, in a thread of its own.
 *
 * @returns The bytes of a keyfile that btcli opens with this password.
 */
export async function encryptKeyfile(text: string, password: string): Promise<Uint8Array> {
  await sodium.ready;
  const key = await deriveKey(password);
  const nonce = sodium.randombytes_buf(NONCE_BYTES);
  const box = sodium.crypto_secretbox_easy(Buffer.from(text), nonce, key);
  return Buffer.concat([MAGIC, nonce, box]);
}

/**
 * Takes seconds and 512 MiB, in a thread of its own.
 *
 * @param path - Where the bytes came from, for the error.
 * @throws SubforgeError WALLET_WRONG_PASSWORD also for a damaged file: the two look the same
 */
export async function decryptKeyfile(bytes: Uint8Array, password: string, path: string): Promise<string> {
  const nonce = bytes.subarray(MAGIC.length, MAGIC.length + NONCE_BYTES);
  const box = bytes.subarray(MAGIC.length + NONCE_BYTES);
  if (box.length < TAG_BYTES) throw new SubforgeError("WALLET_INVALID", { path, problem: "it was cut off" });
  await sodium.ready;
  const key = await deriveKey(password);
  try {
    return Buffer.from(sodium.crypto_secretbox_open_easy(box, nonce, key)).toString();
  } catch {
    throw new SubforgeError("WALLET_WRONG_PASSWORD", { path });
  }
}

function deriveKey(password: string): Promise<Uint8Array> {
  const work: Argon2Work = { ...ARGON2I, password: Buffer.from(password) };
  return new Promise((resolve, reject) => {
    const thread = new Worker(processEntry("argon2-thread"), { workerData: work });
    thread.once("message", resolve);
    thread.once("error", reject);
    thread.once("exit", () =>
      reject(new SubforgeError("INTERNAL", { what: "the key derivation ended early" })),
    );
  });
}
