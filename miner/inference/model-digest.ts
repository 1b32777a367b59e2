import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModelFile } from "./model-file.ts";

/** What a loaded model is made of. */
export type ModelDigest = {
  /** Of the file, as `sha256sum` prints it; with external weights, of the file's digest and theirs, in the file's order. */
  sha256: string;
  /** Asked after loading: are the weights next to the file still those that were hashed? The runtime reads them itself. */
  isUnchanged(): Promise<boolean>;
};

export async function digestModel({ path, sha256, info }: ModelFile): Promise<ModelDigest> {
  const files = info.externalFiles.map((file) => join(dirname(path), file));
  if (files.length === 0) return { sha256, isUnchanged: async () => true };
  const before = await Promise.all(files.map(fingerprint));
  const whole = createHash("sha256").update(sha256);
  for (const file of files) whole.update(await hashOf(file));
  return {
    sha256: whole.digest("hex"),
    isUnchanged: async () => {
      const after = await Promise.all(files.map((file) => fingerprint(file).catch(() => "gone")));
      return after.every((one, i) => one === before[i]);
    },
  };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }))
    hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

/** Changes with every write to the file and with every file that takes its place: nobody sets a file's ctime. */
export async function fingerprint(path: string): Promise<string> {
  const { dev, ino, size, ctimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, ctimeNs].join(":");
}
