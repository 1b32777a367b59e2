import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The model that is served, and those before it: the running epoch may ask for the one that it began with. */
const MAX_KEPT = 3;

/**
 * Copies of the models that this miner committed to. The file itself may be replaced at any moment, and whoever asks by
 * the hash of what was committed must get that.
 */
export class HandedOutModels {
  readonly #folder: string;
  /** By SHA-256, oldest first. */
  readonly #kept = new Map<string, string>();

  static async open(): Promise<HandedOutModels> {
    return new HandedOutModels(await mkdtemp(join(tmpdir(), "subforge-committed-")));
  }

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Path of the copy; undefined for what was never kept, or long ago. */
  pathOf(sha256: string): string | undefined {
    return this.#kept.get(sha256);
  }

  /** @returns false when the file no longer holds what was loaded from it. */
  async keep(path: string, sha256: string): Promise<boolean> {
    if (this.#kept.has(sha256)) return true;
    const bytes = await readFile(path);
    if (createHash("sha256").update(bytes).digest("hex") !== sha256) return false;
    const copy = join(this.#folder, `${sha256}.onnx`);
    await writeFile(copy, bytes, { mode: 0o600 });
    this.#kept.set(sha256, copy);
    const [oldest] = this.#kept;
    if (this.#kept.size > MAX_KEPT && oldest) {
      this.#kept.delete(oldest[0]);
      await rm(oldest[1], { force: true });
    }
    return true;
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
