import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { SubforgeError } from "../../shared/errors.ts";

/** As the node refuses more. */
const MAX_STATE_BYTES = 256 * 1024 * 1024;

/**
 * The content of a file with a chain's state.
 *
 * @returns undefined when there is no such file
 * @throws SubforgeError CHAIN_STATE_FILE
 */
export async function readStateFile(path: string): Promise<Uint8Array | undefined> {
  const refuse = (reason: string, cause?: unknown) =>
    new SubforgeError("CHAIN_STATE_FILE", { path, reason }, { cause });
  // Without O_NONBLOCK a pipe in place of the file would keep us waiting for somebody to write.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw refuse(error instanceof Error ? error.message : String(error), error);
  });
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refuse("it is no plain file");
    if (stat.size > MAX_STATE_BYTES) throw refuse(`${stat.size} bytes are too many`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}
