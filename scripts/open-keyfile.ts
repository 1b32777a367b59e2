import { type Keyfile, parseKeyfile } from "../shared/keys/keyfile.ts";
import { decryptKeyfile } from "../shared/keys/keyfile-encryption.ts";
import { type KeyfileFormat, keyfileFormat } from "../shared/keys/keyfile-format.ts";
import { readKeyfile } from "../shared/keys/keyfile-store.ts";
import { keysReady } from "../shared/keys/keypair.ts";
import type { Secret } from "../shared/keys/secret.ts";
import { sayOnTerminal } from "./ask.ts";
import { type PasswordArgs, passwordSource } from "./password-source.ts";

/** The parsed flags that say how a keyfile may be opened. */
export type OpenKeyfileArgs = PasswordArgs & { allowUnsafeKeyfile?: boolean | undefined };

/** `unlocked` is undefined for a file that is not encrypted. */
export type OpenedKeyfile = Keyfile & {
  format: KeyfileFormat;
  unlocked: { content: Secret; password: Secret; passwordFrom: string } | undefined;
};

/**
 * Read a keyfile of any format, ask for its password where it needs one, and open it.
 *
 * @throws SubforgeError WALLET_NOT_FOUND, WALLET_UNSAFE_FILE, WALLET_PASSWORD_NEEDED, WALLET_WRONG_PASSWORD,
 * WALLET_INVALID
 */
export async function openKeyfile(path: string, args: OpenKeyfileArgs): Promise<OpenedKeyfile> {
  await keysReady();
  const bytes = await readKeyfile(path, "secret", { allowUnsafe: args.allowUnsafeKeyfile });
  const format = keyfileFormat(bytes);
  if (format === "plain") {
    const keyfile = parseKeyfile(Buffer.from(bytes).toString(), path);
    return { ...keyfile, format, unlocked: undefined };
  }
  const source = passwordSource(path, args);
  const passwords = await source.read();
  sayOnTerminal(`opening ${path}, which is made to take some seconds`);
  const { content, password } = await decryptKeyfile(bytes, passwords, path);
  const unlocked = { content, password, passwordFrom: source.from };
  return { ...parseKeyfile(content.revealText(), path), format, unlocked };
}
