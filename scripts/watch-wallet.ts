import { existsSync, unwatchFile, watchFile } from "node:fs";
import { hotkeyPath, walletPaths } from "../shared/keys/keyfile-store.ts";
import type { Logger } from "../shared/logger.ts";
import type { WalletArgs } from "./load-signer.ts";

/** Between two looks. Nothing depends on it but when an operator reads the line. */
const LOOK_INTERVAL_MS = 5_000;

/**
 * What an operator should know of the wallet of a running service: that a coldkey lies beside the hotkey, which no
 * neuron ever needs, and later that the keyfile changed. The key in use stays the one that was loaded.
 */
export function watchWallet(
  args: WalletArgs,
  deps: { logger: Logger; signal: AbortSignal; intervalMs?: number },
): void {
  if (args.devKey !== undefined || deps.signal.aborted) return;
  const { logger, signal, intervalMs = LOOK_INTERVAL_MS } = deps;
  const { coldkey } = walletPaths(args.walletPath, args.wallet);
  if (existsSync(coldkey)) {
    const advice = "a neuron never needs it: keep it on another machine; coldkeypub.txt may stay";
    logger.warn("wallet.coldkey-present", { path: coldkey, advice });
  }
  const path = hotkeyPath(args.walletPath, args.wallet, args.hotkey);
  // By looking again and again: that works on every file system, and for a file that is replaced.
  const watcher = watchFile(path, { interval: intervalMs, persistent: false }, (now, before) => {
    if (now.nlink === 0 && before.nlink === 0) return; // it was never there
    const what = now.nlink === 0 ? "removed" : "changed";
    logger.warn("wallet.keyfile-changed", { path, what, effect: "none until this process is started again" });
  });
  watcher.unref();
  signal.addEventListener("abort", () => unwatchFile(path), { once: true });
}
