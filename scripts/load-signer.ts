import { readFile } from "node:fs/promises";
import { SubforgeError } from "../shared/errors.ts";
import { parseKeyfile } from "../shared/keys/keyfile.ts";
import { decryptKeyfile, keyfileFormat } from "../shared/keys/keyfile-encryption.ts";
import { hotkeyPath, readKeyfile } from "../shared/keys/keyfile-store.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { decodePasswordVariable, passwordVariable } from "../shared/keys/password-variable.ts";
import { askSecret, hasTerminal, sayOnTerminal } from "./ask.ts";

/** Far more than any password. */
const MAX_PASSWORD_FILE_BYTES = 4096;

/** The parsed `walletOptions`. */
export type WalletArgs = {
  wallet: string;
  hotkey: string;
  walletPath: string;
  passwordFile: string | undefined;
  devKey: string | undefined;
};

/**
 * The key that signs for a neuron: the development key, else the hotkey of the wallet. A command that talks to a
 * chain calls `assertDevKeyAllowed` before it signs with a development key.
 *
 * @throws SubforgeError WALLET_BAD_SECRET, WALLET_NOT_FOUND, WALLET_PASSWORD_NEEDED, WALLET_WRONG_PASSWORD and the
 * other WALLET_ codes of the table
 */
export async function loadSigner(args: WalletArgs): Promise<Keypair> {
  await keysReady();
  if (args.devKey !== undefined) return devKeypair(args.devKey);
  const path = hotkeyPath(args.walletPath, args.wallet, args.hotkey);
  const { keypair } = parseKeyfile(await keyfileText(path, args.passwordFile), path);
  if (keypair) return keypair;
  throw new SubforgeError("WALLET_NO_SECRET", { path, problem: "it holds no sr25519 secret" });
}

/** A mnemonic or seed has no place on a command line: others may read it there. */
function devKeypair(uri: string): Keypair {
  if (!uri.startsWith("//")) throw new SubforgeError("WALLET_BAD_SECRET", {});
  return Keypair.fromUri(uri);
}

async function keyfileText(path: string, passwordFile: string | undefined): Promise<string> {
  const bytes = await readKeyfile(path, "secret");
  const format = keyfileFormat(bytes);
  if (format === "plain") return Buffer.from(bytes).toString();
  if (format !== "nacl") throw new SubforgeError("WALLET_FORMAT_UNSUPPORTED", { path, format });
  const password = await passwordOf(path, passwordFile);
  sayOnTerminal(`opening ${path}, which is made to take some seconds`);
  return decryptKeyfile(bytes, password, path);
}

/** From the file, else from btcli's variable, else from the terminal. */
async function passwordOf(path: string, passwordFile: string | undefined): Promise<string> {
  if (passwordFile !== undefined) return readPasswordFile(passwordFile);
  const variable = passwordVariable(path);
  const value = process.env[variable];
  if (value !== undefined) return decodePasswordVariable(variable, value);
  if (!hasTerminal()) throw new SubforgeError("WALLET_PASSWORD_NEEDED", { path, variable });
  return askSecret(`Password of ${path}: `);
}

/**
 * White space around the password is dropped, as where it is typed.
 *
 * @throws SubforgeError CONFIG_INVALID when the file cannot be read, is empty or far too long
 */
export async function readPasswordFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw invalidPasswordFile(path, `it cannot be read (${error.code})`);
  });
  const password = bytes.toString().trim();
  if (password === "") throw invalidPasswordFile(path, "it is empty");
  if (bytes.length > MAX_PASSWORD_FILE_BYTES)
    throw invalidPasswordFile(path, "it is longer than any password");
  return password;
}

function invalidPasswordFile(path: string, problem: string): SubforgeError {
  return new SubforgeError("CONFIG_INVALID", { what: `--password-file ${path}`, problems: [problem] });
}
