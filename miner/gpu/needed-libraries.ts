import { open } from "node:fs/promises";

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const ENTRY_BYTES = 16;

/** Bounds of what is read of a file, far above what libraries have. */
const MAX_SEGMENTS = 64;
const MAX_DYNAMIC_BYTES = 64 * 1024;
const MAX_NAME_BYTES = 256;

/** A piece of a file; shorter than asked for where the file ends. */
export type ReadAt = (offset: number, bytes: number) => Promise<Buffer>;

/**
 * The libraries that a shared library names as needed, in its order: what the system's loader will look for. Undefined
 * when the file is no 64-bit little-endian ELF library.
 *
 * Source: System V ABI, chapter 5, and its AMD64 supplement.
 */
export async function neededLibraries(path: string): Promise<string[] | undefined> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    return await parseNeeded(async (position, length) => {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position, length });
      return buffer.subarray(0, bytesRead);
    });
  } catch {
    return undefined; // a folder, or a disk that cannot be read
  } finally {
    await file.close();
  }
}

/** As `neededLibraries`, over any bytes. */
export async function parseNeeded(read: ReadAt): Promise<string[] | undefined> {
  const header = await read(0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== MAGIC) return undefined;
  if (header[4] !== CLASS_64 || header[5] !== LITTLE_ENDIAN || header.readUInt16LE(54) !== SEGMENT_BYTES)
    return undefined;
  const count = Math.min(header.readUInt16LE(56), MAX_SEGMENTS);
  const table = await readWhole(read, header.readBigUInt64LE(32), count * SEGMENT_BYTES);
  if (table === undefined) return undefined;
  const segments = Array.from({ length: count }, (_, i) => segmentAt(table, i * SEGMENT_BYTES));
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined || dynamic.fileBytes > MAX_DYNAMIC_BYTES) return undefined;
  const entries = await readWhole(read, dynamic.offset, Number(dynamic.fileBytes));
  if (entries === undefined) return undefined;

  const names: bigint[] = [];
  let strings: bigint | undefined;
  for (let at = 0; at + ENTRY_BYTES <= entries.length; at += ENTRY_BYTES) {
    const [tag, value] = [entries.readBigUInt64LE(at), entries.readBigUInt64LE(at + 8)];
    if (tag === DT_NEEDED) names.push(value);
    else if (tag === DT_STRTAB) strings = fileOffset(segments, value);
  }
  if (strings === undefined) return undefined;
  const needed: string[] = [];
  for (const name of names) {
    const bytes = await readSome(read, strings + name, MAX_NAME_BYTES);
    const end = bytes?.indexOf(0) ?? -1;
    if (bytes === undefined || end <= 0) return undefined;
    needed.push(bytes.toString("latin1", 0, end));
  }
  return needed;
}

type Segment = { type: number; offset: bigint; address: bigint; fileBytes: bigint };

function segmentAt(table: Buffer, at: number): Segment {
  return {
    type: table.readUInt32LE(at),
    offset: table.readBigUInt64LE(at + 8),
    address: table.readBigUInt64LE(at + 16),
    fileBytes: table.readBigUInt64LE(at + 32),
  };
}

/** Where an address of the loaded library stands in its file. */
function fileOffset(segments: readonly Segment[], address: bigint): bigint | undefined {
  const home = segments.find(
    (segment) =>
      segment.type === PT_LOAD && address >= segment.address && address < segment.address + segment.fileBytes,
  );
  return home && address - home.address + home.offset;
}

async function readWhole(read: ReadAt, offset: bigint, bytes: number): Promise<Buffer | undefined> {
  const piece = await readSome(read, offset, bytes);
  return piece?.length === bytes ? piece : undefined;
}

async function readSome(read: ReadAt, offset: bigint, bytes: number): Promise<Buffer | undefined> {
  return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? read(Number(offset), bytes) : undefined;
}
