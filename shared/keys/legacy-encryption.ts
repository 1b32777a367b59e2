import { createDecipheriv, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { SubforgeError } from "../errors.ts";
import type { Secret } from "./secret.ts";

/*
 * How bittensor-wallet encrypted keyfiles before October 2024: read, never written. Both formats say by a tag whether
 * the password is right. The derivations run in the thread pool of node:crypto.
 */

const deriveKey = promisify(pbkdf2);

/** Source: Ansible, VaultAES256. */
const VAULT = { rounds: 10_000, keyBytes: 32, counterBytes: 16 };

/** One salt for everybody. Source: bittensor-wallet before 2.0, keyfile module. */
const FERNET = {
  salt: "Iguesscyborgslikemyselfhaveatendencytobeparanoidaboutourorigins",
  rounds: 10_000_000,
  keyBytes: 16,
};
const FERNET_VERSION = 0x80;
/** Version, time of writing, and the initialisation vector of AES, before the ciphertext. */
const FERNET_HEAD_BYTES = 1 + 8 + 16;

const TAG_BYTES = 32;

/**
 * Ansible Vault 1.1: hex of three lines of hex, which are salt, tag and ciphertext.
 *
 * @returns undefined for another password, or a damaged file
 * @throws SubforgeError WALLET_INVALID
 */
export async function decryptAnsibleVault(
  content: string,
  password: Secret,
  path: string,
): Promise<Uint8Array | undefined> {
  const [header, ...lines] = content.trim().split(/\r?\n/);
  if (header?.trim() !== "$ANSIBLE_VAULT;1.1;AES256") throw invalid(path, "its vault is not of version 1.1");
  const [salt, tag, ciphertext] = hexBytes(lines.join(""), path)
    .toString("latin1")
    .split("\n")
    .map((part) => hexBytes(part, path));
  if (!salt || tag?.length !== TAG_BYTES || !ciphertext) throw invalid(path, "its vault was cut off");
  const { rounds, keyBytes, counterBytes } = VAULT;
  const length = 2 * keyBytes + counterBytes;
  const derived = await deriveKey(password.revealBytes(), salt, rounds, length, "sha256");
  const counter = derived.subarray(2 * keyBytes);
  if (!hasTag(derived.subarray(keyBytes, 2 * keyBytes), ciphertext, tag)) return undefined;
  const cipher = createDecipheriv("aes-256-ctr", derived.subarray(0, keyBytes), counter);
  return withoutPadding(Buffer.concat([cipher.update(ciphertext), cipher.final()]), path);
}

/**
 * The whole file is one Fernet token. The Rust wallet writes down how the key is derived and then takes another, so it
 * cannot open these files; the Python wallet that wrote them could. Takes seconds.
 *
 * @returns undefined for another password, or a damaged file
 * @throws SubforgeError WALLET_INVALID
 */
export async function decryptFernet(
  content: string,
  password: Secret,
  path: string,
): Promise<Uint8Array | undefined> {
  const token = Buffer.from(content.trim(), "base64url");
  const signed = token.subarray(0, -TAG_BYTES);
  const ciphertext = signed.subarray(FERNET_HEAD_BYTES);
  if (token[0] !== FERNET_VERSION || ciphertext.length === 0 || ciphertext.length % 16 !== 0) {
    throw invalid(path, "its token was cut off");
  }
  const { salt, rounds, keyBytes } = FERNET;
  const derived = await deriveKey(password.revealBytes(), salt, rounds, 2 * keyBytes, "sha256");
  if (!hasTag(derived.subarray(0, keyBytes), signed, token.subarray(-TAG_BYTES))) return undefined;
  const iv = signed.subarray(FERNET_HEAD_BYTES - 16, FERNET_HEAD_BYTES);
  const cipher = createDecipheriv("aes-128-cbc", derived.subarray(keyBytes), iv);
  return Buffer.concat([cipher.update(ciphertext), cipher.final()]);
}

function hasTag(key: Uint8Array, bytes: Uint8Array, tag: Uint8Array): boolean {
  return timingSafeEqual(createHmac("sha256", key).update(bytes).digest(), tag);
}

/** PKCS#7, block of 16. The tag was right, so nobody learns anything from a complaint. */
function withoutPadding(bytes: Buffer, path: string): Uint8Array {
  const count = bytes.at(-1) ?? 0;
  const padding = bytes.subarray(-count);
  if (count < 1 || count > 16 || padding.length !== count || padding.some((byte) => byte !== count)) {
    throw invalid(path, "its padding is wrong");
  }
  return bytes.subarray(0, -count);
}

function hexBytes(text: string, path: string): Buffer {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw invalid(path, "its vault is not hex");
  return Buffer.from(text, "hex");
}

function invalid(path: string, problem: string): SubforgeError {
  return new SubforgeError("WALLET_INVALID", { path, problem });
}
