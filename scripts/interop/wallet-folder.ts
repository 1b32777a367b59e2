import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyfile, hotkeyPath, publicPathOf, walletPaths } from "../../shared/keys/keyfile-store.ts";
import { keyfileFromDevKey } from "../../shared/keys/new-keyfile.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { expect, StepFailure } from "./outcome.ts";
import { runProgram } from "./run-program.ts";

/** An encrypted keyfile takes seconds on a busy machine. */
const TIMEOUT_MS = 120_000;

/** Of encrypted wallets. Everybody may know it: they own nothing. */
export const PASSWORD = "interop-Passw0rd";

/** Addresses of a wallet and of its hotkey. */
export type Keys = { coldkey: string; hotkey: string };

/** A folder of wallets that subforge's own command line and a foreign client both work in. */
export class WalletFolder {
  readonly path: string;
  readonly #signal: AbortSignal;

  constructor(folder: string, signal: AbortSignal) {
    this.path = join(folder, "wallets");
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    this.#signal = signal;
  }

  /** A wallet in the clear, each of whose hotkeys is derived from its coldkey by name. */
  async writeDevWallet(name: string, uri: string, hotkeys: readonly string[]): Promise<void> {
    const { coldkey } = walletPaths(this.path, name);
    const files = new Map([[coldkey, uri]]);
    for (const hotkey of hotkeys) files.set(hotkeyPath(this.path, name, hotkey), `${uri}//${hotkey}`);
    for (const [path, key] of files) {
      const file = keyfileFromDevKey(key);
      await createKeyfile(path, file.secret.revealBytes());
      await createKeyfile(publicPathOf(path), file.public);
    }
  }

  /** `subforge wallet create`; with a password, the coldkey is encrypted, as btcli does it. */
  async create(name: string, password?: string): Promise<Keys> {
    const { keys } = (await this.#subforge([
      "wallet",
      "create",
      ...this.#place(name),
      ...(password === undefined ? ["--no-encrypt"] : ["--password-file", this.#passwordFile(password)]),
    ])) as { keys: { kind: string; address: string }[] };
    return toKeys(keys);
  }

  /**
   * What `subforge wallet list` and `subforge wallet unlock-test` say of a wallet that somebody else made.
   *
   * @returns what was seen
   * @throws StepFailure
   */
  async opensHere(name: string, made: Keys, password?: string): Promise<string> {
    const { keys } = (await this.#subforge(["wallet", "list", "--wallet-path", this.path])) as {
      keys: { wallet: string; kind: string; address: string }[];
    };
    const listed = toKeys(keys.filter(({ wallet }) => wallet === name));
    const file = password === undefined ? [] : ["--password-file", this.#passwordFile(password)];
    const open = async (key: "coldkey" | "hotkey") => {
      const report = await this.#subforge(["wallet", "unlock-test", key, ...this.#place(name), ...file]);
      return (report as { address: string }).address;
    };
    const opened = { coldkey: await open("coldkey"), hotkey: await open("hotkey") };
    for (const key of ["coldkey", "hotkey"] as const) {
      expect(opened[key] === made[key], `the ${key} is ${made[key]} there and ${opened[key]} here`);
      expect(listed[key] === made[key] || listed[key] === "", `it is listed with the ${key} ${listed[key]}`);
    }
    return `${made.coldkey.slice(0, 8)}…`;
  }

  #place(name: string): string[] {
    return ["--wallet-path", this.path, "--wallet", name, "--hotkey", "default"];
  }

  #passwordFile(password: string): string {
    const path = join(this.path, "..", "password");
    writeFileSync(path, password, { mode: 0o600 });
    chmodSync(path, 0o600);
    return path;
  }

  async #subforge(args: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await runProgram(
      process.execPath,
      [processEntry("cli"), ...args, "--json", "--yes"],
      { timeoutMs: TIMEOUT_MS, signal: this.#signal },
    );
    if (code === 0) return JSON.parse(stdout) as unknown;
    throw new StepFailure(
      `subforge ${args.slice(0, 2).join(" ")}: ${(stdout || stderr).trim().slice(0, 300)}`,
    );
  }
}

/** @throws StepFailure when they differ; @returns what was seen */
export function sameKeys(ours: Keys, theirs: Keys): string {
  for (const key of ["coldkey", "hotkey"] as const)
    expect(ours[key] === theirs[key], `the ${key} is ${ours[key]} here and ${theirs[key]} there`);
  return `${ours.coldkey.slice(0, 8)}…`;
}

/** An encrypted key without a public file has no address in a list. */
function toKeys(keys: readonly { kind: string; address: string | undefined }[]): Keys {
  const of = (kind: string) => keys.find((key) => key.kind === kind)?.address ?? "";
  return { coldkey: of("coldkey"), hotkey: of("hotkey") };
}
