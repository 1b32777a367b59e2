import { createHash } from "node:crypto";
import { lstat, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import { inspectModel, MAX_MODEL_BYTES, type ModelInfo } from "./model-guard.ts";

/** A model that passed the guard. The runtime gets these very bytes, so the file may be replaced meanwhile. */
export type ModelFile = {
  path: string;
  bytes: Uint8Array;
  info: ModelInfo;
  /** Of the file, without external ones. 64 hex digits. */
  sha256: string;
};

/** @throws SubforgeError MINER_MODEL_MISSING, MINER_MODEL_INVALID */
export async function readModelFile(path: string): Promise<ModelFile> {
  const bytes = await readBounded(path);
  const info = inspectModel(bytes, path);
  await confineExternalFiles(path, info.externalFiles);
  return { path, bytes, info, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_MODEL_BYTES) {
      throw new SubforgeError("MINER_MODEL_INVALID", {
        path,
        problem: `it is larger than ${MAX_MODEL_BYTES} bytes`,
      });
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    throw new SubforgeError("MINER_MODEL_MISSING", { path, reason: reasonOf(error) });
  }
}

/** The names were checked as text; here that no link leads out of the folder either. */
async function confineExternalFiles(path: string, files: readonly string[]): Promise<void> {
  const folder = dirname(await realpath(path));
  for (const file of files) {
    const target = join(folder, file);
    const problem = await lstat(target).then(
      async (entry) =>
        entry.isFile() && (await realpath(target)) === target ? undefined : "is a link or no file",
      () => "is missing",
    );
    if (problem) {
      throw new SubforgeError("MINER_MODEL_INVALID", {
        path,
        problem: `its weights file ${file} ${problem}`,
      });
    }
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  return code ?? String(error);
}
