import { existsSync } from "node:fs";
import { isSubforgeError, SubforgeError } from "../shared/errors.ts";
import { parseKeyfile } from "../shared/keys/keyfile.ts";
import { encryptKeyfile } from "../shared/keys/keyfile-encryption.ts";
import { createKeyfile, publicPathOf, readKeyfile } from "../shared/keys/keyfile-store.ts";
import type { NewKeyfile } from "../shared/keys/new-keyfile.ts";
import { decodePasswordVariable, passwordVariable } from "../shared/keys/password-variable.ts";
import { Secret } from "../shared/keys/secret.ts";
import type { Hotkey } from "../shared/types.ts";
import { askSecret, hasTerminal, sayOnTerminal } from "./ask.ts";
import { flaggedSource, type PasswordArgs } from "./password-source.ts";

const MIN_PASSWORD_LETTERS = 8;
const MIN_DIFFERENT_LETTERS = 4;

/** `path` is the public file for a key whose secret is somewhere else. */
export type WrittenKey = {
  kind: "coldkey" | "hotkey";
  path: string;
  address: Hotkey;
  encrypted: boolean;
};

/**
 * Writes both halves of a key, or the public one alone. Nothing is written when one of the files is in the way.
 *
 * @param options.password - Undefined: the secret is written in the clear.
 * @param options.overwrite - Take the place of files that are there.
 * @throws SubforgeError WALLET_EXISTS
 */
export async function writeKey(
  kind: WrittenKey["kind"],
  path: string,
  key: NewKeyfile,
  options: { password: Secret | undefined; overwrite: boolean },
): Promise<WrittenKey> {
  const { password, overwrite } = options;
  if (!overwrite) await requireFree(path, key.address);
  const publicPath = publicPathOf(path);
  if (key.secret) {
    if (password) sayOnTerminal("encrypting, which is made to take some seconds");
    const content = password ? await encryptKeyfile(key.secret, password) : key.secret.revealBytes();
    await createKeyfile(path, content, { overwrite });
  } else if (existsSync(path)) {
    throw new SubforgeError("WALLET_EXISTS", { path }); // it would no longer belong to its public half
  }
  await createKeyfile(publicPath, key.public, { overwrite: true }); // free, or the same key: see above
  const encrypted = key.secret !== undefined && password !== undefined;
  return { kind, path: key.secret ? path : publicPath, address: key.address, encrypted };
}

/**
 * Both files of a key must be absent. A public half that waits for its secret may stay when it is that of `address`.
 *
 * @throws SubforgeError WALLET_EXISTS
 */
export async function requireFree(path: string, address?: Hotkey): Promise<void> {
  if (existsSync(path)) throw new SubforgeError("WALLET_EXISTS", { path });
  const publicPath = publicPathOf(path);
  if (!existsSync(publicPath)) return;
  if (address !== undefined && (await addressIn(publicPath)) === address) return;
  throw new SubforgeError("WALLET_EXISTS", { path: publicPath });
}

/**
 * A password for a new file: from the flags, else from btcli's variable, else from the terminal, where it is asked
 * twice.
 *
 * @throws SubforgeError WALLET_PASSWORD_NEEDED, WALLET_WEAK_PASSWORD, and what its sources throw
 */
export async function newPassword(path: string, args: PasswordArgs): Promise<Secret> {
  const flagged = flaggedSource(args);
  if (flagged) return requireStrong((await flagged.read())[0]);
  const variable = passwordVariable(path);
  const value = process.env[variable];
  if (value !== undefined) return requireStrong(new Secret(decodePasswordVariable(variable, value)));
  if (!hasTerminal()) throw new SubforgeError("WALLET_PASSWORD_NEEDED", { path, variable });
  const password = requireStrong(await askSecret(`New password of ${path}: `));
  const again = await askSecret("Once more: ");
  if (password.revealText() === again.revealText()) return password;
  throw new SubforgeError("WALLET_WEAK_PASSWORD", { problem: "it was typed in two different ways" });
}

function requireStrong(password: Secret | undefined): Secret {
  const letters = [...(password?.revealText() ?? "")];
  const problem =
    letters.length < MIN_PASSWORD_LETTERS
      ? `${letters.length} characters are too few`
      : new Set(letters).size < MIN_DIFFERENT_LETTERS
        ? "it repeats the same characters"
        : undefined;
  if (problem !== undefined || !password) {
    throw new SubforgeError("WALLET_WEAK_PASSWORD", { problem: problem ?? "there is none" });
  }
  return password;
}

async function addressIn(publicPath: string): Promise<Hotkey | undefined> {
  try {
    return parseKeyfile(Buffer.from(await readKeyfile(publicPath, "public")).toString(), publicPath).address;
  } catch (error) {
    if (isSubforgeError(error)) return undefined; // no key of ours: it stays
    throw error;
  }
}
