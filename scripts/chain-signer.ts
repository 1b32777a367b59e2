import { resolve } from "node:path";
import { SubforgeError } from "../shared/errors.ts";
import { type ChainSigner, ExternalSigner } from "../shared/keys/external-signer.ts";
import { parseKeyfile } from "../shared/keys/keyfile.ts";
import { hotkeyPath, publicPathOf, readKeyfile, walletPaths } from "../shared/keys/keyfile-store.ts";
import { fromAddress, type Keypair, keysReady } from "../shared/keys/keypair.ts";
import { devKeypair, type WalletArgs } from "./load-signer.ts";
import { openKeyfile } from "./open-keyfile.ts";

/** The parsed `signerOptions`. */
export type SignerArgs = { signer?: string | undefined; signerTimeout?: number | undefined };

type KeyPlace = { wallet: string; hotkey: string; walletPath: string };

/**
 * Who signs a call of the chain: the external signer, of which only the public file is here; the development key; or
 * the key of the wallet, sr25519 or ed25519.
 *
 * @throws SubforgeError CLI_USAGE, WALLET_NO_SECRET, and what opening a keyfile throws
 */
export async function loadChainSigner(
  args: WalletArgs & SignerArgs,
  kind: "coldkey" | "hotkey",
): Promise<ChainSigner> {
  const { signer } = args;
  return signer === undefined ? loadKeypair(args, kind) : loadExternalSigner({ ...args, signer }, kind);
}

/** @throws SubforgeError WALLET_NO_SECRET, and what opening a keyfile throws */
export async function loadKeypair(args: WalletArgs, kind: "coldkey" | "hotkey"): Promise<Keypair> {
  await keysReady();
  if (args.devKey !== undefined) return devKeypair(args.devKey);
  const path = keyfilePath(args, kind);
  const { keypair } = await openKeyfile(path, args);
  if (keypair) return keypair;
  throw new SubforgeError("WALLET_NO_SECRET", { path, problem: "it holds no secret" });
}

/** @throws SubforgeError CLI_USAGE, and WALLET_NOT_FOUND and its like for the public file, which names the key */
export async function loadExternalSigner(
  args: KeyPlace & SignerArgs & { signer: string },
  kind: "coldkey" | "hotkey",
): Promise<ExternalSigner> {
  await keysReady();
  const { signer, signerTimeout } = args;
  const path = /^unix:(.+)$/.exec(signer)?.[1];
  if (path === undefined) throw usage(`--signer ${signer} is no socket such as unix:/run/signer.sock`);
  if (signerTimeout !== undefined && !(signerTimeout > 0 && signerTimeout <= 3600)) {
    throw usage("--signer-timeout must be above 0 and at most 3600 seconds");
  }
  const publicPath = publicPathOf(keyfilePath(args, kind));
  const content = Buffer.from(await readKeyfile(publicPath, "public")).toString();
  const { address, scheme } = parseKeyfile(content, publicPath);
  const timeoutMs = signerTimeout === undefined ? undefined : signerTimeout * 1000;
  return new ExternalSigner({ path: resolve(path), publicKey: fromAddress(address)!, scheme, timeoutMs });
}

/** Where the secret of this key lies, or would lie. */
export function keyfilePath(args: KeyPlace, kind: "coldkey" | "hotkey"): string {
  return kind === "coldkey"
    ? walletPaths(args.walletPath, args.wallet).coldkey
    : hotkeyPath(args.walletPath, args.wallet, args.hotkey);
}

function usage(problem: string): SubforgeError {
  return new SubforgeError("CLI_USAGE", { problem, command: "" });
}
