import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { SubforgeError } from "../shared/errors.ts";

export type ZipLimits = {
  /** Entries of the whole archive, wanted or not. */
  entries: number;
  /** All entries unpacked. */
  bytes: number;
  /** Of an entry of more than a megabyte: unpacked over packed. Libraries reach 23, text 30. */
  ratio: number;
};

/** From here on the ratio counts: short texts of one letter pack as well as bombs do. */
const RATIO_FROM_BYTES = 2 ** 20;
const MAX_NAME_BYTES = 1_024;

/** Who wrote the entry, in the upper byte of `versionMadeBy`: only Unix says what kind of file it is. */
const MADE_ON_UNIX = 3;
const FILE_KIND = 0o170000;
const PLAIN_FILES = [0, 0o100000];
const FOLDERS = [0, 0o040000];
const STORED = 0;
const DEFLATED = 8;

/**
 * Takes named files out of a zip archive. The archive as a whole is looked at first, and nothing is written of one that
 * has, anywhere: a name that is absolute, climbs, or is told apart from another only by case or by how its letters are
 * composed; a link, a device or an encrypted entry; more entries or bytes than the limits, or a suspicious ratio.
 * An existing file is never written to, and what was written of an archive that fails half-way is removed.
 *
 * @param folder - Of ours alone; made when it is not there.
 * @param files - From the name in the archive to the file name in the folder.
 * @throws SubforgeError ARCHIVE_REFUSED
 */
export async function extractZip(
  archive: string,
  folder: string,
  files: ReadonlyMap<string, string>,
  limits: ZipLimits,
  signal?: AbortSignal,
): Promise<void> {
  const refuse = (problem: string) => new SubforgeError("ARCHIVE_REFUSED", { file: archive, problem });
  const written: string[] = [];
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(archive, { autoClose: false, strictFileNames: true });
    const entries: Entry[] = [];
    for await (const entry of zip.eachEntry()) {
      entries.push(entry);
      if (entries.length > limits.entries) throw refuse(`it has more than ${limits.entries} entries`);
      signal?.throwIfAborted();
    }
    const problem = problemOf(entries, zip.fileSize, limits);
    if (problem !== undefined) throw refuse(problem);
    const byName = new Map(entries.map((entry) => [entry.fileName, entry]));
    for (const name of files.keys()) if (!byName.has(name)) throw refuse(`it has no ${name}`);

    await mkdir(folder, { recursive: true });
    for (const [name, as] of files) {
      await writeEntry(zip, byName.get(name)!, join(folder, as), () => written.push(as), signal);
    }
  } catch (error) {
    for (const file of written) await rm(join(folder, file), { force: true });
    if (error instanceof SubforgeError || signal?.aborted) throw error;
    throw refuse(error instanceof Error ? error.message : String(error));
  } finally {
    zip?.close();
  }
}

/** Why an archive is not touched, from its directory alone. */
function problemOf(entries: readonly Entry[], archiveBytes: number, limits: ZipLimits): string | undefined {
  const seen = new Map<string, boolean>();
  let unpacked = 0;
  let packed = 0;
  for (const entry of entries) {
    const name = JSON.stringify(entry.fileName.slice(0, 100));
    const badName = nameProblem(entry.fileName);
    if (badName !== undefined) return `${name}: ${badName}`;
    const isFolder = entry.fileName.endsWith("/");
    const kind =
      entry.versionMadeBy >>> 8 === MADE_ON_UNIX ? (entry.externalFileAttributes >>> 16) & FILE_KIND : 0;
    if (!(isFolder ? FOLDERS : PLAIN_FILES).includes(kind)) return `${name} is no plain file`;
    if (entry.isEncrypted()) return `${name} is encrypted`;
    if (![STORED, DEFLATED].includes(entry.compressionMethod)) return `${name} is packed in an unknown way`;
    unpacked += entry.uncompressedSize;
    packed += entry.compressedSize;
    if (unpacked > limits.bytes) return `it unpacks to more than ${limits.bytes} bytes`;
    if (packed > archiveBytes) return "its entries overlap";
    if (
      entry.uncompressedSize > RATIO_FROM_BYTES &&
      entry.uncompressedSize > limits.ratio * Math.max(entry.compressedSize, 1)
    )
      return `${name} unpacks to ${Math.round(entry.uncompressedSize / Math.max(entry.compressedSize, 1))} times its size`;

    const key = entry.fileName.replace(/\/$/, "").normalize("NFC").toLowerCase();
    if (seen.has(key)) return `two entries are named ${name}`;
    seen.set(key, isFolder);
  }
  for (const key of seen.keys()) {
    for (let at = key.indexOf("/"); at >= 0; at = key.indexOf("/", at + 1)) {
      if (seen.get(key.slice(0, at)) === false)
        return `${JSON.stringify(key.slice(0, 100))} lies inside a file`;
    }
  }
  return undefined;
}

/** Stricter than any one system asks for, so that an archive means the same on all. */
function nameProblem(name: string): string | undefined {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return "its name is too long";
  if ([...name].some((character) => character < " " || "\u007f\\:".includes(character)))
    return "its name has a character that is not allowed";
  const parts = name.replace(/\/$/, "").split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) return "its name leads elsewhere";
  return undefined;
}

async function writeEntry(
  zip: ZipFile,
  entry: Entry,
  path: string,
  onCreated: () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(path, "wx", 0o644); // never through a link, never over a file
  onCreated();
  try {
    let sum = 0;
    await pipeline(
      await zip.openReadStreamPromise(entry),
      async (source: AsyncIterable<Uint8Array>) => {
        for await (const chunk of source) {
          sum = crc32(chunk, sum);
          await file.writeFile(chunk);
        }
      },
      { ...(signal && { signal }) },
    );
    if (sum !== entry.crc32) throw new Error(`${entry.fileName} is damaged`);
    await file.sync();
  } finally {
    await file.close();
  }
}
