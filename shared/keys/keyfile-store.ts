import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rename, unlink } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { SubforgeError } from "../errors.ts";
import { type FileFacts, unsafePublicFile, unsafeSecretFile } from "./keyfile-safety.ts";

/*
 * Where keyfiles lie, as btcli lays them out, and how they are read and written without anybody looking over the
 * shoulder: WALLETS/<wallet>/coldkey, coldkeypub.txt, hotkeys/<hotkey>, hotkeys/<hotkey>pub.txt.
 */

/** Far more than any keyfile needs. */
const MAX_KEYFILE_BYTES = 64 * 1024;

const safeName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

export type WalletPaths = { coldkey: string; hotkeys: string };

/**
 * @param walletsPath - Folder of all wallets; a leading `~` is the home folder.
 * @throws SubforgeError WALLET_BAD_NAME for a name that could lead elsewhere
 */
export function walletPaths(walletsPath: string, wallet: string): WalletPaths {
  const folder = join(expandHome(walletsPath), requireName(wallet));
  return { coldkey: join(folder, "coldkey"), hotkeys: join(folder, "hotkeys") };
}

/** @throws SubforgeError WALLET_BAD_NAME */
export function hotkeyPath(walletsPath: string, wallet: string, hotkey: string): string {
  return join(walletPaths(walletsPath, wallet).hotkeys, requireName(hotkey));
}

/** The file with the public half of a keyfile, next to it. */
export function publicPathOf(keyfilePath: string): string {
  return `${keyfilePath}pub.txt`;
}

/** Names of the wallets and, for each, of its hotkeys, sorted. Empty when the folder does not exist. */
export async function listWallets(walletsPath: string): Promise<{ wallet: string; hotkeys: string[] }[]> {
  const root = expandHome(walletsPath);
  const wallets = [];
  for (const wallet of await namesIn(root)) {
    const files = await namesIn(join(root, wallet, "hotkeys"));
    const hotkeys = files.filter((name) => !(name.endsWith("pub.txt") && files.includes(name.slice(0, -7))));
    wallets.push({ wallet, hotkeys });
  }
  return wallets;
}

/**
 * The bytes of a keyfile. It must belong to the user who asks, be no link, and a secret one must be readable by
 * nobody else.
 *
 * @param options.allowUnsafe - Somebody decided that owner, mode and links do not matter here. Default false.
 * @throws SubforgeError WALLET_NOT_FOUND, WALLET_UNSAFE_FILE, WALLET_INVALID
 */
export async function readKeyfile(
  path: string,
  kind: "secret" | "public",
  { allowUnsafe = false } = {},
): Promise<Uint8Array> {
  const file = await openForReading(path, allowUnsafe);
  try {
    const stat = await requirePlainFile(file, path);
    const judge = kind === "secret" ? unsafeSecretFile : unsafePublicFile;
    const [unsafe] = allowUnsafe ? [] : judge(stat, path, process.geteuid?.());
    if (unsafe) throw new SubforgeError("WALLET_UNSAFE_FILE", { path, ...unsafe });
    if (stat.size > MAX_KEYFILE_BYTES) {
      throw new SubforgeError("WALLET_INVALID", { path, problem: `${stat.size} bytes are too many` });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/**
 * Create a keyfile, whole or not at all, readable by its owner only. Missing folders are made with mode 0700.
 *
 * @param options.overwrite - Take the place of a file that is there. Default false.
 * @throws SubforgeError WALLET_EXISTS
 */
export async function createKeyfile(
  path: string,
  content: Uint8Array | string,
  { overwrite = false } = {},
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${randomBytes(8).toString("hex")}.new`);
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
    if (overwrite) await rename(draft, path);
    else await link(draft, path); // unlike rename, refuses to replace
    await syncFolder(folder);
  } catch (error) {
    if (isErrno(error, "EEXIST")) throw new SubforgeError("WALLET_EXISTS", { path });
    throw error;
  } finally {
    await file.close();
    await unlink(draft).catch(() => undefined); // renamed
  }
}

/** A crash after this finds the new name. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openForReading(path: string, followLinks: boolean): Promise<FileHandle> {
  try {
    // Without O_NONBLOCK a pipe in place of the file would keep us waiting for somebody to write.
    return await open(
      path,
      constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW),
    );
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR")) {
      throw new SubforgeError("WALLET_NOT_FOUND", { path });
    }
    const problem = isErrno(error, "ELOOP") ? "it is a symbolic link" : "it cannot be read by this user";
    const mend = "put the keyfile itself there, owned by this user, with mode 600";
    throw new SubforgeError("WALLET_UNSAFE_FILE", { path, problem, mend }, { cause: error });
  }
}

async function requirePlainFile(file: FileHandle, path: string): Promise<FileFacts & { size: number }> {
  const stat = await file.stat();
  if (stat.isFile()) return stat;
  const mend = "name a keyfile with --wallet and --hotkey";
  throw new SubforgeError("WALLET_UNSAFE_FILE", { path, problem: "it is no plain file", mend });
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => safeName.test(name)).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR")) return [];
    throw error;
  }
}

function requireName(name: string): string {
  if (!safeName.test(name)) throw new SubforgeError("WALLET_BAD_NAME", { name });
  return name;
}

/** A leading `~` is the home folder. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
