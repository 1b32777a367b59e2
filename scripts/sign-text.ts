import { SubforgeError } from "../shared/errors.ts";
import { keysReady } from "../shared/keys/keypair.ts";
import { signText, verifyText } from "../shared/keys/signed-text.ts";
import type { Hotkey } from "../shared/types.ts";
import { loadKeypair } from "./chain-signer.ts";
import type { WalletArgs } from "./load-signer.ts";

/**
 * Sign a text with a key of the wallet, or a development key.
 *
 * @throws SubforgeError what opening a keyfile throws
 */
export async function signWithKey(
  args: WalletArgs & { key: "coldkey" | "hotkey"; text: string },
): Promise<{ address: Hotkey; signature: string }> {
  const keypair = await loadKeypair(args, args.key);
  return { address: keypair.address, signature: signText(args.text, keypair) };
}

/** @throws SubforgeError WALLET_SIGNATURE_MISMATCH, WALLET_BAD_SIGNATURE, WALLET_BAD_ADDRESS */
export async function verifySigned(args: { text: string; signature: string; ss58: string }): Promise<void> {
  await keysReady();
  if (!verifyText(args.text, args.signature, args.ss58))
    throw new SubforgeError("WALLET_SIGNATURE_MISMATCH", { address: args.ss58 });
}
