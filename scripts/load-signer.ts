import { SubforgeError } from "../shared/errors.ts";
import { hotkeyPath } from "../shared/keys/keyfile-store.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import type { Secret } from "../shared/keys/secret.ts";
import { type OpenKeyfileArgs, openKeyfile } from "./open-keyfile.ts";

/** The parsed `walletOptions`. */
export type WalletArgs = OpenKeyfileArgs & {
  wallet: string;
  hotkey: string;
  walletPath: string;
  devKey: string | undefined;
};

/**
 * The key that signs for a neuron: the development key, else the hotkey of the wallet, never the coldkey. A command
 * that talks to a chain calls `assertDevKeyAllowed` before it signs with a development key.
 *
 * @throws SubforgeError WALLET_BAD_SECRET, WALLET_NOT_FOUND, WALLET_PASSWORD_NEEDED, WALLET_WRONG_PASSWORD and the
 * other WALLET_ codes of the table
 */
export async function loadSigner(args: WalletArgs): Promise<Keypair> {
  return (await unlockSigner(args)).signer;
}

/** The same, with the password that opened the keyfile: for processes that work under this one. */
export async function unlockSigner(
  args: WalletArgs,
): Promise<{ signer: Keypair; password: Secret | undefined }> {
  await keysReady();
  if (args.devKey !== undefined) return { signer: devKeypair(args.devKey), password: undefined };
  const path = hotkeyPath(args.walletPath, args.wallet, args.hotkey);
  const { keypair, unlocked } = await openKeyfile(path, args);
  if (keypair?.scheme === "sr25519") return { signer: keypair, password: unlocked?.password };
  const problem = keypair ? "neurons sign with sr25519, and this is an ed25519 key" : "it holds no secret";
  throw new SubforgeError("WALLET_NO_SECRET", { path, problem });
}

/**
 * A mnemonic or seed has no place on a command line: others may read it there.
 *
 * @throws SubforgeError WALLET_BAD_SECRET
 */
export function devKeypair(uri: string): Keypair {
  if (!uri.startsWith("//")) throw new SubforgeError("WALLET_BAD_SECRET", {});
  return Keypair.fromUri(uri);
}
