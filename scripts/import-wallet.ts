import { existsSync } from "node:fs";
import { SubforgeError } from "../shared/errors.ts";
import { keysReady } from "../shared/keys/keypair.ts";
import {
  keyfileFromMnemonic,
  keyfileFromSeed,
  type NewKeyfile,
  publicKeyfile,
} from "../shared/keys/new-keyfile.ts";
import { passwordsIn } from "../shared/keys/password-text.ts";
import { isEncryptedExport, keyfileFromPolkadotJson } from "../shared/keys/polkadot-json.ts";
import { Secret } from "../shared/keys/secret.ts";
import { askSecret, hasTerminal } from "./ask.ts";
import { keyfilePath } from "./chain-signer.ts";
import { type PasswordArgs, readSecretFd, readSecretFile } from "./password-source.ts";
import { newPassword, requireFree, type WrittenKey, writeKey } from "./write-key.ts";

const STDIN = 0;
/** Whoever pipes a mnemonic into us may have to unlock it first. */
const STDIN_TIMEOUT_MS = 60_000;

/** The parsed flags of `subforge wallet import`. */
export type ImportWalletArgs = PasswordArgs & {
  key: string;
  wallet: string;
  hotkey: string;
  walletPath: string;
  mnemonicFile: string | undefined;
  mnemonicFd: number | undefined;
  bip39PasswordFile: string | undefined;
  seedFile: string | undefined;
  jsonFile: string | undefined;
  jsonPasswordFile: string | undefined;
  publicKey: string | undefined;
  ss58: string | undefined;
  /** Undefined: coldkeys are encrypted, hotkeys are not. */
  encrypt: boolean | undefined;
  overwrite: boolean;
};

/**
 * Write a key that exists somewhere else, from one source: a flag, else standard input, else the terminal.
 *
 * @throws SubforgeError CLI_USAGE, CONFIG_INVALID, WALLET_EXISTS, WALLET_BAD_SECRET, WALLET_BAD_ADDRESS,
 * WALLET_INVALID, WALLET_WRONG_PASSWORD, WALLET_PASSWORD_NEEDED, WALLET_WEAK_PASSWORD
 */
export async function importWallet(args: ImportWalletArgs): Promise<WrittenKey> {
  await keysReady();
  const { key: kind, overwrite } = args;
  if (kind !== "coldkey" && kind !== "hotkey") throw usage(`a wallet has a coldkey and hotkeys, no ${kind}`);
  const path = keyfilePath(args, kind);
  if (!overwrite && existsSync(path)) await requireFree(path); // before a secret is asked for
  const key = await readKey(args);
  const encrypt = key.secret !== undefined && (args.encrypt ?? kind === "coldkey");
  const password = encrypt ? await newPassword(path, args) : undefined;
  return writeKey(kind, path, key, { password, overwrite });
}

async function readKey(args: ImportWalletArgs): Promise<NewKeyfile> {
  const { mnemonicFile, mnemonicFd, seedFile, jsonFile, publicKey, ss58 } = args;
  const sources = { mnemonicFile, mnemonicFd, seedFile, jsonFile, publicKey, ss58 };
  if (Object.values(sources).filter((source) => source !== undefined).length > 1) {
    throw usage("give one of --mnemonic-file, --mnemonic-fd, --seed-file, --json-file, --public-key, --ss58");
  }
  const named = publicKey ?? ss58;
  if (named !== undefined) return publicKeyfile(named);
  if (jsonFile !== undefined) return readExport(jsonFile, args.jsonPasswordFile);
  if (seedFile !== undefined) return keyfileFromSeed(await secretFrom(seedFile, "--seed-file"));
  const { bip39PasswordFile } = args;
  const password = bip39PasswordFile && (await secretFrom(bip39PasswordFile, "--bip39-password-file"));
  return keyfileFromMnemonic(await readMnemonic(args), password || undefined);
}

async function readMnemonic({ mnemonicFile, mnemonicFd }: ImportWalletArgs): Promise<Secret> {
  if (mnemonicFile !== undefined) return secretFrom(mnemonicFile, "--mnemonic-file");
  if (mnemonicFd !== undefined)
    return new Secret(await readSecretFd(mnemonicFd, `--mnemonic-fd ${mnemonicFd}`));
  if (hasTerminal()) return askSecret("Mnemonic (it is not shown): ");
  if (process.stdin.isTTY) throw usage("name the mnemonic: --mnemonic-file or --mnemonic-fd");
  return new Secret(await readSecretFd(STDIN, "the mnemonic on standard input", STDIN_TIMEOUT_MS));
}

async function readExport(path: string, passwordFile: string | undefined): Promise<NewKeyfile> {
  const content = Buffer.from(await readSecretFile(path, `--json-file ${path}`)).toString();
  if (!isEncryptedExport(content, path)) return keyfileFromPolkadotJson(content, [], path);
  if (passwordFile !== undefined) {
    const bytes = await readSecretFile(passwordFile, `--json-password-file ${passwordFile}`);
    return keyfileFromPolkadotJson(content, passwordsIn(bytes), path);
  }
  if (!hasTerminal()) throw usage(`${path} is encrypted: name its password with --json-password-file`);
  return keyfileFromPolkadotJson(content, [await askSecret(`Password of ${path}: `)], path);
}

/** Without the newline of an editor. */
async function secretFrom(path: string, flag: string): Promise<Secret> {
  const [secret] = passwordsIn(await readSecretFile(path, `${flag} ${path}`));
  return secret ?? new Secret("");
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: "wallet import" });
}
