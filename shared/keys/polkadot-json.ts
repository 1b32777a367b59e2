import { scrypt } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { z } from "zod";
import { SubforgeError } from "../errors.ts";
import { parseKeyfile } from "./keyfile.ts";
import {
  keyfileFromEd25519Seed,
  keyfileFromSecretKey,
  keyfileFromSeed,
  type NewSecretKeyfile,
  publicKeyOf,
} from "./new-keyfile.ts";
import { passwordRemark } from "./password-text.ts";
import { Secret } from "./secret.ts";

/*
 * An account as polkadot.js and its browser extensions export it: the salt and limits of scrypt, a nonce, and libsodium's
 * secretbox around a block in the manner of PKCS#8. Source: polkadot-js/common, keyring/pair/decode.ts.
 */

const SALT_BYTES = 32;
const NONCE_BYTES = 24;
const HEADER = Buffer.from("3053020101300506032b657004220420", "hex");
const DIVIDER = Buffer.from("a123032100", "hex");
const PUBLIC_BYTES = 32;

/** What the exporters ever wrote is far below; a file must not be able to ask for all memory. */
const MAX_SCRYPT_BYTES = 256 * 2 ** 20;
const MAX_SCRYPT_LANES = 16;

const exportSchema = z.object({
  encoded: z.string().max(4096),
  encoding: z.object({
    content: z.array(z.string().max(32)).max(4),
    type: z.union([z.string().max(32), z.array(z.string().max(32)).max(4)]),
    version: z.string().max(4),
  }),
  address: z.string().max(100),
});

/**
 * The key in an exported account.
 *
 * @param passwords - Tried in this order; empty for an export that was not encrypted.
 * @param path - Where it came from, for the error.
 * @throws SubforgeError WALLET_INVALID, WALLET_WRONG_PASSWORD
 */
export async function keyfileFromPolkadotJson(
  content: string,
  passwords: readonly Secret[],
  path: string,
): Promise<NewSecretKeyfile> {
  const { encoded, encoding, address } = parseExport(content, path);
  const scheme = encoding.content[1];
  if (encoding.content[0] !== "pkcs8" || (scheme !== "sr25519" && scheme !== "ed25519")) {
    throw invalid(path, `it holds ${encoding.content.join(" ")}; sr25519 and ed25519 keys are read`);
  }
  const bytes = encoded.startsWith("0x")
    ? Buffer.from(encoded.slice(2), "hex")
    : Buffer.from(encoded, "base64");
  const block = isEncrypted(encoding.type, path) ? await decrypt(bytes, passwords, path) : bytes;
  const { secret, publicKey } = decodeBlock(block, path);
  const key =
    scheme === "ed25519"
      ? keyfileFromEd25519Seed(secret.subarray(0, 32))
      : secret.length === 32
        ? keyfileFromSeed(new Secret(secret.toString("hex")))
        : keyfileFromSecretKey(publicKey, secret);
  const { keypair } = parseKeyfile(key.secret.revealText(), path); // does the secret belong to the public key?
  const claimed = publicKeyOf(address);
  if (!keypair || !publicKey.equals(keypair.publicKey) || !claimed || !publicKey.equals(claimed)) {
    throw invalid(path, "its secret, its public key and its address belong to different keys");
  }
  return key;
}

/**
 * Does this export need a password?
 *
 * @throws SubforgeError WALLET_INVALID
 */
export function isEncryptedExport(content: string, path: string): boolean {
  return isEncrypted(parseExport(content, path).encoding.type, path);
}

function parseExport(content: string, path: string): z.infer<typeof exportSchema> {
  try {
    return exportSchema.parse(JSON.parse(content));
  } catch {
    throw invalid(path, "it is no account exported by polkadot.js"); // the cause would quote the content
  }
}

function isEncrypted(type: string | string[], path: string): boolean {
  const types = [type].flat().join(" ");
  if (types === "none") return false;
  if (types === "scrypt xsalsa20-poly1305") return true;
  throw invalid(path, `it is encrypted by ${types}; export the account again with a recent polkadot.js`);
}

async function decrypt(bytes: Buffer, passwords: readonly Secret[], path: string): Promise<Buffer> {
  const head = SALT_BYTES + 12;
  if (bytes.length < head + NONCE_BYTES + HEADER.length) throw invalid(path, "it was cut off");
  const [cost, lanes, blockSize] = [0, 4, 8].map((offset) => bytes.readUInt32LE(SALT_BYTES + offset)) as [
    number,
    number,
    number,
  ];
  const memoryBytes = 128 * cost * blockSize;
  const isPower = cost > 1 && Number.isInteger(Math.log2(cost));
  if (!isPower || lanes < 1 || lanes > MAX_SCRYPT_LANES || blockSize < 1 || memoryBytes > MAX_SCRYPT_BYTES) {
    throw invalid(path, "its limits of scrypt are out of range");
  }
  const nonce = bytes.subarray(head, head + NONCE_BYTES);
  for (const password of passwords) {
    const key = await deriveKey(password, bytes.subarray(0, SALT_BYTES), {
      ...{ N: cost, r: blockSize, p: lanes },
      maxmem: 2 * memoryBytes + 2 ** 20,
    });
    try {
      return Buffer.from(xsalsa20poly1305(key, nonce).decrypt(bytes.subarray(head + NONCE_BYTES)));
    } catch {
      // another password, or a damaged file
    }
  }
  throw new SubforgeError("WALLET_WRONG_PASSWORD", { path, remark: passwordRemark(passwords.at(-1)) });
}

/** The third generation holds 64 secret bytes, the two before it a seed of 32. */
function decodeBlock(block: Buffer, path: string): { secret: Buffer; publicKey: Buffer } {
  if (block.subarray(0, HEADER.length).equals(HEADER)) {
    for (const length of [64, 32]) {
      const end = HEADER.length + length;
      const publicKey = block.subarray(end + DIVIDER.length);
      if (!block.subarray(end, end + DIVIDER.length).equals(DIVIDER) || publicKey.length !== PUBLIC_BYTES)
        continue;
      return { secret: block.subarray(HEADER.length, end), publicKey };
    }
  }
  throw invalid(path, "its block of keys has another layout");
}

/** 32 bytes; the exporters derive 64 and take the first half. */
function deriveKey(
  password: Secret,
  salt: Uint8Array,
  limits: { N: number; r: number; p: number; maxmem: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(password.revealBytes(), salt, 64, limits, (error, key) =>
      error ? reject(error) : resolve(Uint8Array.from(key.subarray(0, 32))),
    );
  });
}

function invalid(path: string, problem: string): SubforgeError {
  return new SubforgeError("WALLET_INVALID", { path, problem });
}
