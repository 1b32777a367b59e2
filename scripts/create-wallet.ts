import { existsSync } from "node:fs";
import { SubforgeError } from "../shared/errors.ts";
import {
  keyfileFromDevKey,
  keyfileFromMnemonic,
  type NewKeyfile,
  newMnemonic,
} from "../shared/keys/keyfile.ts";
import { encryptKeyfile } from "../shared/keys/keyfile-encryption.ts";
import { createKeyfile, hotkeyPath, publicPathOf, walletPaths } from "../shared/keys/keyfile-store.ts";
import { keysReady } from "../shared/keys/keypair.ts";
import { decodePasswordVariable, passwordVariable } from "../shared/keys/password-variable.ts";
import { askSecret, hasTerminal, sayOnTerminal } from "./ask.ts";
import { readPasswordFile } from "./load-signer.ts";

const MIN_PASSWORD_LETTERS = 8;
const MIN_DIFFERENT_LETTERS = 4;

export type CreateWalletArgs = {
  wallet: string;
  hotkey: string;
  walletPath: string;
  passwordFile: string | undefined;
  encrypt: boolean;
  devKey: string | undefined;
};

/** `mnemonic` is undefined for a development key. */
export type CreatedKey = {
  kind: "coldkey" | "hotkey";
  path: string;
  address: string;
  encrypted: boolean;
  mnemonic: string | undefined;
};

/**
 * Make the coldkey, unless the wallet has one, and the hotkey. The hotkey is never encrypted: a service must be able
 * to start without a person.
 *
 * @throws SubforgeError WALLET_EXISTS, WALLET_BAD_NAME, WALLET_BAD_SECRET, WALLET_PASSWORD_NEEDED, WALLET_WEAK_PASSWORD
 */
export async function createWallet(args: CreateWalletArgs): Promise<CreatedKey[]> {
  await keysReady();
  const { coldkey } = walletPaths(args.walletPath, args.wallet);
  const hotkey = hotkeyPath(args.walletPath, args.wallet, args.hotkey);
  if (existsSync(hotkey)) throw new SubforgeError("WALLET_EXISTS", { path: hotkey }); // before anything is written
  const created: CreatedKey[] = [];
  if (!existsSync(coldkey) && !existsSync(publicPathOf(coldkey))) {
    const encrypted = args.encrypt && args.devKey === undefined;
    const password = encrypted ? await newPassword(coldkey, args.passwordFile) : undefined;
    created.push(await createKey("coldkey", coldkey, args.devKey, password));
  }
  created.push(await createKey("hotkey", hotkey, args.devKey, undefined));
  return created;
}

async function createKey(
  kind: CreatedKey["kind"],
  path: string,
  devKey: string | undefined,
  password: string | undefined,
): Promise<CreatedKey> {
  const mnemonic = devKey === undefined ? newMnemonic() : undefined;
  const key: NewKeyfile =
    mnemonic === undefined ? keyfileFromDevKey(devKey ?? "") : keyfileFromMnemonic(mnemonic);
  if (password !== undefined) sayOnTerminal("encrypting, which is made to take some seconds");
  await createKeyfile(path, password === undefined ? key.secret : await encryptKeyfile(key.secret, password));
  await createKeyfile(publicPathOf(path), key.public);
  return { kind, path, address: key.address, encrypted: password !== undefined, mnemonic };
}

/** From the file, else from btcli's variable, else from the terminal, where it is asked twice. */
async function newPassword(path: string, passwordFile: string | undefined): Promise<string> {
  const variable = passwordVariable(path);
  const value = process.env[variable];
  if (passwordFile !== undefined) return requireStrong(await readPasswordFile(passwordFile));
  if (value !== undefined) return requireStrong(decodePasswordVariable(variable, value));
  if (!hasTerminal()) throw new SubforgeError("WALLET_PASSWORD_NEEDED", { path, variable });
  const password = requireStrong(await askSecret(`New password of ${path}: `));
  if (password === (await askSecret("Once more: "))) return password;
  throw new SubforgeError("WALLET_WEAK_PASSWORD", { problem: "it was typed in two different ways" });
}

function requireStrong(password: string): string {
  const letters = [...password];
  const problem =
    letters.length < MIN_PASSWORD_LETTERS
      ? `${letters.length} characters are too few`
      : new Set(letters).size < MIN_DIFFERENT_LETTERS
        ? "it repeats the same characters"
        : undefined;
  if (problem !== undefined) throw new SubforgeError("WALLET_WEAK_PASSWORD", { problem });
  return password;
}
