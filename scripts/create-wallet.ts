import { existsSync } from "node:fs";
import { hotkeyPath, publicPathOf, walletPaths } from "../shared/keys/keyfile-store.ts";
import { keysReady } from "../shared/keys/keypair.ts";
import {
  keyfileFromDevKey,
  keyfileFromMnemonic,
  newMnemonic,
  type WordCount,
} from "../shared/keys/new-keyfile.ts";
import type { Secret } from "../shared/keys/secret.ts";
import type { PasswordArgs } from "./password-source.ts";
import { newPassword, requireFree, type WrittenKey, writeKey } from "./write-key.ts";

export type CreateWalletArgs = PasswordArgs & {
  wallet: string;
  hotkey: string;
  walletPath: string;
  words: WordCount;
  encrypt: boolean;
  overwrite: boolean;
  devKey: string | undefined;
};

/** `mnemonic` is undefined for a development key. */
export type CreatedKey = WrittenKey & { mnemonic: Secret | undefined };

/**
 * Make the coldkey, unless the wallet has one, and the hotkey. The hotkey is never encrypted: a service must be able
 * to start without a person. With `overwrite` a hotkey is replaced; a coldkey never is.
 *
 * @throws SubforgeError WALLET_EXISTS, WALLET_BAD_NAME, WALLET_BAD_SECRET, WALLET_PASSWORD_NEEDED, WALLET_WEAK_PASSWORD
 */
export async function createWallet(args: CreateWalletArgs): Promise<CreatedKey[]> {
  await keysReady();
  const { overwrite, devKey } = args;
  const { coldkey } = walletPaths(args.walletPath, args.wallet);
  const hotkey = hotkeyPath(args.walletPath, args.wallet, args.hotkey);
  if (!overwrite) await requireFree(hotkey); // before anything is written
  const created: CreatedKey[] = [];
  if (!existsSync(coldkey) && !existsSync(publicPathOf(coldkey))) {
    const password = args.encrypt && devKey === undefined ? await newPassword(coldkey, args) : undefined;
    created.push(await createKey("coldkey", coldkey, args, { password, overwrite: false }));
  }
  created.push(await createKey("hotkey", hotkey, args, { password: undefined, overwrite }));
  return created;
}

async function createKey(
  kind: WrittenKey["kind"],
  path: string,
  { devKey, words }: CreateWalletArgs,
  options: { password: Secret | undefined; overwrite: boolean },
): Promise<CreatedKey> {
  const mnemonic = devKey === undefined ? newMnemonic(words) : undefined;
  const key = mnemonic ? keyfileFromMnemonic(mnemonic) : keyfileFromDevKey(devKey ?? "");
  return { ...(await writeKey(kind, path, key, options)), mnemonic };
}
