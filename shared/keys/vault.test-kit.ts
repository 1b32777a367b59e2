import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/* Test support: the cheapest of the encryptions that are read, written as Ansible writes it. */

/** A keyfile in Ansible Vault 1.1. */
export function encryptVault(content: string, password: string): string {
  const salt = randomBytes(32);
  const derived = pbkdf2Sync(password, salt, 10_000, 80, "sha256");
  const padding = 16 - (Buffer.byteLength(content) % 16);
  const plain = Buffer.concat([Buffer.from(content), Buffer.alloc(padding, padding)]);
  const cipher = createCipheriv("aes-256-ctr", derived.subarray(0, 32), derived.subarray(64));
  const ciphertext = cipher.update(plain);
  const tag = createHmac("sha256", derived.subarray(32, 64)).update(ciphertext).digest();
  const hex = Buffer.from([salt, tag, ciphertext].map((part) => part.toString("hex")).join("\n")).toString(
    "hex",
  );
  return `$ANSIBLE_VAULT;1.1;AES256\n${(hex.match(/.{1,80}/g) ?? []).join("\n")}\n`;
}
