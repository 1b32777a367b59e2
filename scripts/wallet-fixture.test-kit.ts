import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { keyfileFromDevKey } from "../shared/keys/new-keyfile.ts";
import { encryptVault } from "../shared/keys/vault.test-kit.ts";

/* Test support: a folder with wallets, and keyfiles of //Alice to put into them. */

/** Opens `lockedAlice`. */
export const PASSWORD = "correct horse battery staple";

/** Account of //Alice. */
export const ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

export type WalletFixture = {
  folder: string;
  wallets: string;
  /** Writes a file of the wallet `default`. @returns its path */
  put(name: string, content: string, mode?: number): Promise<string>;
  /** Writes a file beside the wallets. @returns its path */
  note(content: string | Uint8Array): Promise<string>;
};

export async function createWalletFixture(): Promise<WalletFixture> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-wallet-"));
  const wallets = join(folder, "w");
  let notes = 0;
  return {
    folder,
    wallets,
    put: async (name, content, mode = 0o600) => {
      const path = join(wallets, "default", name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, content);
      await chmod(path, mode);
      return path;
    },
    note: async (content) => {
      const path = join(folder, `note-${++notes}`);
      await writeFile(path, content, { mode: 0o600 });
      return path;
    },
  };
}

/** A keyfile in the clear. */
export function clearAlice(): string {
  return keyfileFromDevKey("//Alice").secret.revealText();
}

/** The same, encrypted in the format that is the cheapest to open. */
export function lockedAlice(): string {
  return encryptVault(clearAlice(), PASSWORD);
}
