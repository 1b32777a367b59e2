import { isSubforgeError } from "../shared/errors.ts";
import { parseKeyfile } from "../shared/keys/keyfile.ts";
import { keyfileFormat } from "../shared/keys/keyfile-format.ts";
import {
  hotkeyPath,
  listWallets,
  publicPathOf,
  readKeyfile,
  walletPaths,
} from "../shared/keys/keyfile-store.ts";
import { keysReady } from "../shared/keys/keypair.ts";

/** `state` is `plain`, `nacl` or another encryption, `public only`, or the code of what is wrong with the file. */
export type WalletKey = {
  wallet: string;
  kind: "coldkey" | "hotkey";
  name: string;
  address: string | undefined;
  state: string;
};

/** Every key of every wallet, without asking for a password: addresses come from the public files. */
export async function describeWallets(walletsPath: string): Promise<WalletKey[]> {
  await keysReady();
  const keys: WalletKey[] = [];
  for (const { wallet, hotkeys } of await listWallets(walletsPath)) {
    const { coldkey } = walletPaths(walletsPath, wallet);
    const owner: WalletKey = { wallet, kind: "coldkey", name: "coldkey", ...(await describeKey(coldkey)) };
    if (owner.state !== "WALLET_NOT_FOUND") keys.push(owner);
    for (const name of hotkeys) {
      const path = hotkeyPath(walletsPath, wallet, name.replace(/pub\.txt$/, ""));
      keys.push({ wallet, kind: "hotkey", name, ...(await describeKey(path)) });
    }
  }
  return keys;
}

async function describeKey(path: string): Promise<{ address: string | undefined; state: string }> {
  const open = await addressIn(publicPathOf(path), "public");
  const secret = await addressIn(path, "secret");
  const publicOnly = secret.state === "WALLET_NOT_FOUND" && open.address !== undefined;
  return {
    address: open.address ?? secret.address,
    state: publicOnly ? "public only" : secret.state,
  };
}

/** One unreadable file must not hide the others: what is wrong with it becomes its state. */
async function addressIn(
  path: string,
  kind: "secret" | "public",
): Promise<{ address: string | undefined; state: string }> {
  try {
    const bytes = await readKeyfile(path, kind);
    const format = keyfileFormat(bytes);
    if (format !== "plain") return { address: undefined, state: format };
    return { address: parseKeyfile(Buffer.from(bytes).toString(), path).address, state: "plain" };
  } catch (error) {
    if (isSubforgeError(error)) return { address: undefined, state: error.code };
    throw error;
  }
}
