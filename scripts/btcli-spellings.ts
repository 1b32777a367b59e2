import type { Options } from "yargs";

/** How btcli and the Python SDK spell flags of ours. Not shown by --help, which shows one name per flag. */
const FLAGS: Record<string, string> = {
  "wallet.name": "wallet",
  "wallet-name": "wallet",
  wallet_name: "wallet",
  name: "wallet",
  "wallet.hotkey": "hotkey",
  "wallet-hotkey": "hotkey",
  wallet_hotkey: "hotkey",
  H: "hotkey",
  "wallet.path": "wallet-path",
  wallet_path: "wallet-path",
  p: "wallet-path",
  "subtensor.network": "network",
  "subtensor.chain_endpoint": "network",
  chain: "network",
  "axon.port": "port",
  "n-words": "words",
  n_words: "words",
  "use-password": "encrypt",
  "no-use-password": "no-encrypt",
  "public-key-hex": "public-key",
  n: "netuid",
};

/** Variables of the Python SDK, and ours that they stand for. */
const VARIABLES: Record<string, string> = {
  BT_WALLET_NAME: "SUBFORGE_WALLET",
  BT_WALLET_HOTKEY: "SUBFORGE_HOTKEY",
  BT_WALLET_PATH: "SUBFORGE_WALLET_PATH",
};

/**
 * A word of the command line with its flag in our spelling, for the flags that the command has: `--wallet.name=a`
 * becomes `--wallet=a`. Anything else stays as it is.
 */
export function ourSpelling(word: string, options: Record<string, Options>): string {
  const [, dashes = "", name = "", value = ""] = /^(--?)([A-Za-z][\w.-]*)(=.*)?$/s.exec(word) ?? [];
  if (Object.hasOwn(options, name) || !Object.hasOwn(FLAGS, name)) return word;
  if ((dashes === "-") !== (name.length === 1)) return word;
  const ours = FLAGS[name]!;
  return Object.hasOwn(options, ours.replace(/^no-/, "")) ? `--${ours}${value}` : word;
}

/** Lets the SDK's variables stand for ours where ours are not set. */
export function adoptSdkVariables(environment: NodeJS.ProcessEnv): void {
  for (const [theirs, ours] of Object.entries(VARIABLES)) {
    const value = environment[theirs];
    if (value && !environment[ours]) environment[ours] = value;
  }
}
