import { keyfileFormat } from "../shared/keys/keyfile-format.ts";
import { hotkeyPath, readKeyfile } from "../shared/keys/keyfile-store.ts";
import type { WalletArgs } from "./load-signer.ts";
import { passwordSource } from "./password-source.ts";

/**
 * Refuse at once what would be refused after a second of loading: an encrypted hotkey whose password nobody can say.
 * Nothing is asked or opened, and nothing heavy is imported. What else may be wrong with the file is said later.
 *
 * @throws SubforgeError WALLET_PASSWORD_NEEDED, CLI_USAGE
 */
export async function assertOpenable(args: WalletArgs): Promise<void> {
  if (args.devKey !== undefined) return;
  const path = hotkeyPath(args.walletPath, args.wallet, args.hotkey);
  const reading = readKeyfile(path, "secret", { allowUnsafe: args.allowUnsafeKeyfile });
  const bytes = await reading.catch(() => undefined);
  if (bytes && keyfileFormat(bytes) !== "plain") passwordSource(path, args);
}
