import { randomBytes } from "node:crypto";
import type { ExternalSigner } from "../shared/keys/external-signer.ts";
import { encryptKeyfile } from "../shared/keys/keyfile-encryption.ts";
import type { KeyfileFormat } from "../shared/keys/keyfile-format.ts";
import { createKeyfile } from "../shared/keys/keyfile-store.ts";
import type { KeyScheme } from "../shared/keys/keypair.ts";
import type { Hotkey } from "../shared/types.ts";
import { askYesNo, hasTerminal, sayOnTerminal } from "./ask.ts";
import { keyfilePath } from "./chain-signer.ts";
import { type OpenKeyfileArgs, openKeyfile } from "./open-keyfile.ts";

/** The parsed flags of `subforge wallet unlock-test`. */
export type UnlockTestArgs = OpenKeyfileArgs & {
  key: "coldkey" | "hotkey";
  wallet: string;
  hotkey: string;
  walletPath: string;
  upgrade: boolean;
};

/** `passwordFrom` is null for a file that needs none. `upgraded`: it was written again in the current encryption. */
export type UnlockReport = {
  path: string;
  address: Hotkey;
  scheme: KeyScheme;
  format: KeyfileFormat;
  canSign: boolean;
  passwordFrom: string | null;
  elapsedMs: number;
  upgraded: boolean;
};

/** No call of any chain begins like this. */
const PROBE = Buffer.from("subforge wallet unlock-test: this is no call");

/** Ask an external signer for a signature over something worthless, and verify it. */
export async function testSigner(signer: ExternalSigner): Promise<{ address: Hotkey; elapsedMs: number }> {
  const startedMs = performance.now();
  await signer.signPayload(Buffer.concat([PROBE, randomBytes(8)]));
  return { address: signer.address, elapsedMs: Math.round(performance.now() - startedMs) };
}

/**
 * Open a keyfile exactly as a service would, and say how that went. A file in an encryption of before 2024 is written
 * again in the current one, with the same password, when that is wanted: by flag, or by answer on a terminal.
 *
 * @throws SubforgeError what `openKeyfile` throws
 */
export async function testUnlock(args: UnlockTestArgs): Promise<UnlockReport> {
  const path = keyfilePath(args, args.key);
  const startedMs = performance.now();
  const opened = await openKeyfile(path, args);
  const { address, scheme, keypair, format, unlocked } = opened;
  const elapsedMs = Math.round(performance.now() - startedMs);
  const isLegacy = format === "ansible-vault" || format === "fernet";
  const upgraded = isLegacy && unlocked !== undefined && (await isWanted(path, format, args.upgrade));
  if (upgraded) {
    sayOnTerminal("encrypting, which is made to take some seconds");
    const content = await encryptKeyfile(unlocked.content, unlocked.password);
    await createKeyfile(path, content, { overwrite: true });
  }
  const passwordFrom = unlocked?.passwordFrom ?? null;
  return { path, address, scheme, format, canSign: keypair !== undefined, passwordFrom, elapsedMs, upgraded };
}

async function isWanted(path: string, format: KeyfileFormat, upgrade: boolean): Promise<boolean> {
  if (upgrade) return true;
  if (!hasTerminal()) return false;
  return askYesNo(`${path} is encrypted in the old format ${format}. Write it again in the current one?`);
}
