import { SubforgeError } from "../shared/errors.ts";
import type { ChainSigner } from "../shared/keys/external-signer.ts";
import { parseKeyfile } from "../shared/keys/keyfile.ts";
import { keyfileFormat } from "../shared/keys/keyfile-format.ts";
import { publicPathOf, readKeyfile } from "../shared/keys/keyfile-store.ts";
import { fromAddress, Keypair, keysReady } from "../shared/keys/keypair.ts";
import type { Coldkey, Hotkey } from "../shared/types.ts";
import { keyfilePath, loadChainSigner, type SignerArgs } from "./chain-signer.ts";
import { devKeypair, type WalletArgs } from "./load-signer.ts";
import { openKeyfile } from "./open-keyfile.ts";

/** Who a command acts for. Addresses need no password; the coldkey is opened when something is to be signed. */
export type Owner = {
  coldkey: Coldkey;
  /** That of `--hotkey-address`, else of the wallet; with a development key its `//hotkey`. */
  hotkey: Hotkey;
  /** The external signer, when there is one. */
  openColdkey(): Promise<ChainSigner>;
};

/**
 * The owner that the wallet flags name.
 *
 * @throws SubforgeError WALLET_NOT_FOUND and the other WALLET_ codes, CLI_USAGE for a wrong `hotkeyAddress`
 */
export async function loadOwner(
  args: WalletArgs & SignerArgs & { hotkeyAddress?: string | undefined },
): Promise<Owner> {
  await keysReady();
  const { hotkeyAddress, devKey } = args;
  if (hotkeyAddress !== undefined && fromAddress(hotkeyAddress) === undefined) {
    throw new SubforgeError("CLI_USAGE", { problem: `${hotkeyAddress} is no ss58 address`, command: "" });
  }
  const openColdkey = () => loadChainSigner(args, "coldkey");
  if (devKey !== undefined && args.signer === undefined) {
    const { address } = devKeypair(devKey);
    const hotkey = hotkeyAddress ?? Keypair.fromUri(`${devKey}//hotkey`).address;
    return { coldkey: address, hotkey, openColdkey };
  }
  return {
    coldkey: await addressOf(keyfilePath(args, "coldkey"), args),
    hotkey: hotkeyAddress ?? (await addressOf(keyfilePath(args, "hotkey"), args)),
    openColdkey,
  };
}

/**
 * Address of the hotkey that the wallet flags name; the development key itself stands for one.
 *
 * @throws SubforgeError WALLET_NOT_FOUND and the other WALLET_ codes
 */
export async function hotkeyAddressOf(args: WalletArgs): Promise<Hotkey> {
  await keysReady();
  if (args.devKey !== undefined) return devKeypair(args.devKey).address;
  return addressOf(keyfilePath(args, "hotkey"), args);
}

/** From the public file beside the keyfile; without one, from the keyfile itself. */
async function addressOf(path: string, args: WalletArgs): Promise<string> {
  try {
    const bytes = await readKeyfile(publicPathOf(path), "public");
    if (keyfileFormat(bytes) === "plain") return parseKeyfile(Buffer.from(bytes).toString(), path).address;
  } catch (error) {
    if (!(error instanceof SubforgeError) || error.code !== "WALLET_NOT_FOUND") throw error;
  }
  return (await openKeyfile(path, args)).address;
}
