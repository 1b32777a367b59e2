import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import type { Arithmetic } from "./arithmetic.ts";
import { inspectModel, MAX_MODEL_BYTES, type ModelInfo } from "./model-guard.ts";
import type { ExternalPart } from "./model-tensor.ts";

/** A model that passed the guard. The runtime gets these very bytes, so the file may be replaced meanwhile. */
export type ModelFile = {
  path: string;
  bytes: Uint8Array;
  info: ModelInfo;
  arithmetic: Arithmetic;
  /** Of the file, without external ones. 64 hex digits. */
  sha256: string;
};

/** Weights may lie over each other in their files, so that two tensors share them: so often at most. */
const MAX_SHARES = 4;

/** @throws SubforgeError MINER_MODEL_MISSING, MINER_MODEL_INVALID */
export async function readModelFile(path: string): Promise<ModelFile> {
  const bytes = await readBounded(path);
  const { info, externalParts, arithmetic } = inspectModel(bytes, path);
  // The runtime looks for weights beside the path it is given: that of the file itself, not that of a link to it.
  const place = info.externalFiles.length > 0 ? await realpath(path) : path;
  await confineExternalFiles(place, info.externalFiles, externalParts);
  return { path: place, bytes, info, arithmetic, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function readBounded(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe would wait for its writer
    const entry = await file.stat();
    if (entry.isDirectory())
      throw new SubforgeError("MINER_MODEL_MISSING", { path, reason: "it is a folder" });
    if (!entry.isFile()) throw invalid(path, "it is no ordinary file");
    if (entry.size > MAX_MODEL_BYTES) throw invalid(path, `it is larger than ${MAX_MODEL_BYTES} bytes`);
    const bytes = new Uint8Array(entry.size); // what is written meanwhile is not waited for
    let filled = 0;
    for (let read = 1; read > 0 && filled < bytes.length; filled += read)
      ({ bytesRead: read } = await file.read(bytes, filled));
    return bytes.subarray(0, filled);
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    throw new SubforgeError("MINER_MODEL_MISSING", { path, reason: reasonOf(error) });
  } finally {
    await file?.close();
  }
}

/** The names were checked as text; here that no link leads out of the folder, and that the files hold what is declared. */
async function confineExternalFiles(
  path: string,
  files: readonly string[],
  parts: readonly ExternalPart[],
): Promise<void> {
  const folder = dirname(path);
  const sizes = new Map<string, number>();
  for (const file of files) {
    const target = join(folder, file);
    const size = await lstat(target).then(
      async (entry) => (entry.isFile() && (await realpath(target)) === target ? entry.size : undefined),
      () => Number.NaN,
    );
    if (size === undefined) throw invalid(path, `its weights file ${file} is a link or no file`);
    if (Number.isNaN(size)) throw invalid(path, `its weights file ${file} is missing`);
    sizes.set(file, size);
  }
  let declared = 0;
  for (const { file, offset, bytes } of parts) {
    const size = sizes.get(file)!;
    if (offset + bytes > size)
      throw invalid(path, `its weights file ${file} has ${size} bytes, and weights up to ${offset + bytes}`);
    declared += bytes;
  }
  const held = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (declared > MAX_SHARES * held)
    throw invalid(path, `it has ${declared} bytes of weights, and its files ${held}`);
}

function invalid(path: string, problem: string): SubforgeError {
  return new SubforgeError("MINER_MODEL_INVALID", { path, problem });
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such file";
  return code ?? String(error);
}
