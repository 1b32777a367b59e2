export type KeyfileFormat = "plain" | "nacl" | "ansible-vault" | "fernet";

/** How a keyfile is stored, told by its first bytes. Only `plain` and `nacl` are ever written. */
export function keyfileFormat(bytes: Uint8Array): KeyfileFormat {
  const start = Buffer.from(bytes.subarray(0, 14)).toString("latin1");
  if (start.startsWith("$NACL")) return "nacl";
  if (start.startsWith("$ANSIBLE_VAULT")) return "ansible-vault";
  if (start.startsWith("gAAAAA")) return "fernet";
  return "plain";
}
