import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";

/** Written at once; between two of them a crash leaves half a draft. */
const CHUNK_BYTES = 1024 * 1024;

/** Where a replacement has come to: for whoever wants to see it fail there. */
export type ReplaceStep = "opened" | "half-written" | "written" | "synced" | "renamed";

/**
 * Put content in the place of a file, whole or not at all: whenever the process or the machine dies, there is either the
 * old file or the new one. Readable by its owner only.
 *
 * @param onStep - Told before each next step.
 * @throws SubforgeError CHAIN_STATE_FILE; then the old file is as it was
 */
export async function replaceFile(
  path: string,
  content: Uint8Array,
  onStep: (step: ReplaceStep) => void = () => {},
): Promise<void> {
  const draft = join(dirname(path), `.${randomBytes(8).toString("hex")}.new`);
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      onStep("opened");
      await write(file, content, onStep);
      onStep("written");
      await file.sync();
      onStep("synced");
      await rename(draft, path);
      onStep("renamed");
    } finally {
      await file.close();
    }
    await syncFolder(dirname(path));
  } catch (error) {
    await unlink(draft).catch(() => undefined); // renamed, or never made
    const reason = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("CHAIN_STATE_FILE", { path, reason }, { cause: error });
  }
}

async function write(
  file: FileHandle,
  content: Uint8Array,
  onStep: (step: ReplaceStep) => void,
): Promise<void> {
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    if (at > 0 && at <= content.length / 2 + CHUNK_BYTES) onStep("half-written");
    await file.writeFile(content.subarray(at, at + CHUNK_BYTES));
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
