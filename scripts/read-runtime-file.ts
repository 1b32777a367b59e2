import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { MAX_MODULE_BYTES } from "../localnet/host/runtime-blob.ts";
import { SubforgeError } from "../shared/errors.ts";

/**
 * A runtime blob from a file, for `--runtime`. What it holds is looked at when it is run.
 *
 * @throws SubforgeError CONFIG_INVALID when it cannot be read, RUNTIME_BLOB_INVALID when it is far too large
 */
export async function readRuntimeFile(path: string): Promise<Uint8Array> {
  // Without O_NONBLOCK a pipe in place of the file would keep us waiting for somebody to write.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw refuse(path, error instanceof Error ? error.message : String(error), error);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refuse(path, "it is no plain file");
    if (stat.size > MAX_MODULE_BYTES)
      throw new SubforgeError("RUNTIME_BLOB_INVALID", { problem: `${path} has ${stat.size} bytes` });
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

function refuse(path: string, reason: string, cause?: unknown): SubforgeError {
  const details = { what: "--runtime", problems: [`${path}: ${reason}`] };
  return new SubforgeError("CONFIG_INVALID", details, { cause });
}
