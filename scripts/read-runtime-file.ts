import { readFile, stat } from "node:fs/promises";
import { MAX_MODULE_BYTES } from "../localnet/host/runtime-blob.ts";
import { SubforgeError } from "../shared/errors.ts";

/**
 * A runtime blob from a file, for `--runtime`.
 *
 * @throws SubforgeError CONFIG_INVALID when it cannot be read, RUNTIME_BLOB_INVALID when it is far too large
 */
export async function readRuntimeFile(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MAX_MODULE_BYTES)
      throw new SubforgeError("RUNTIME_BLOB_INVALID", { problem: `${path} has ${size} bytes` });
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    const problems = [`${path}: ${error instanceof Error ? error.message : String(error)}`];
    throw new SubforgeError("CONFIG_INVALID", { what: "--runtime", problems }, { cause: error });
  }
}
