import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  shellWord,
  type Unsafe,
  unsafeFolder,
  unsafePublicFile,
  unsafeSecretFile,
} from "../shared/keys/keyfile-safety.ts";
import { expandHome } from "../shared/keys/keyfile-store.ts";

/** As `ls` would say it: no wallet folder has more. */
const MAX_ENTRIES = 10_000;

/** `fixed`: the mode was changed just now. */
export type PermissionFinding = Unsafe & { path: string; fixed: boolean };

/**
 * What is wrong with owners, modes and links of all wallets. A folder that others can list, as btcli makes them, is
 * no problem.
 *
 * @param options.fix - Set the modes 0600 and 0700 where they are too open. Owners and links are left to the operator.
 */
export async function checkPermissions(
  walletsPath: string,
  { fix }: { fix: boolean },
): Promise<PermissionFinding[]> {
  const findings: PermissionFinding[] = [];
  let seen = 0;
  const visit = async (path: string, depth: number): Promise<void> => {
    seen++;
    const stat = await lstat(path).catch(() => undefined);
    if (!stat || seen > MAX_ENTRIES) return;
    if (depth > 0 && stat.isSymbolicLink()) {
      const mend = `put the file itself there: rm ${shellWord(path)}, then copy it`;
      findings.push({ path, problem: "it is a symbolic link", mend, fixed: false });
      return;
    }
    if (depth === 1 && !stat.isDirectory()) return; // no part of a wallet
    for (const unsafe of judge(path, stat)) {
      const fixed = fix && unsafe.mend.startsWith("run: chmod") && (await setMode(path, stat));
      findings.push({ path, ...unsafe, fixed });
    }
    if (!stat.isDirectory()) return;
    for (const name of await readdir(path)) await visit(join(path, name), depth + 1);
  };
  await visit(expandHome(walletsPath), 0);
  return findings;
}

function judge(path: string, stat: Stats): Unsafe[] {
  const uid = process.geteuid?.();
  if (stat.isDirectory()) return unsafeFolder(stat, path, uid);
  return path.endsWith("pub.txt") ? unsafePublicFile(stat, path, uid) : unsafeSecretFile(stat, path, uid);
}

/** Through the opened file: between a look and a change by name, the name could have become another file's. */
async function setMode(path: string, stat: Stats): Promise<boolean> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    await handle.chmod(stat.isDirectory() ? 0o700 : 0o600);
    return true;
  } catch {
    return false; // it belongs to somebody else: the finding says so
  } finally {
    await handle?.close();
  }
}
