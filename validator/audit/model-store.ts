import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { MAX_AUDITED_MODEL_BYTES } from "../../shared/wire/model-file.ts";
import { ModelRefusal } from "./model-refusal.ts";

/** What all models of a validator's miners may take on its disk. */
const MAX_BYTES = 10 * MAX_AUDITED_MODEL_BYTES;

type File = { sha256: string; size: number };

/** Models by their hash, in a folder of bounded size: what was not used for longest goes first. */
export class ModelStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  #ready: Promise<void> | undefined;

  constructor(folder: string, maxBytes = MAX_BYTES) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** @returns undefined when it is not here. */
  async pathOf({ sha256, size }: File): Promise<string | undefined> {
    const path = this.#pathOf(sha256);
    const entry = await stat(path).catch(() => undefined);
    if (entry?.size !== size) return undefined;
    const now = new Date();
    await utimes(path, now, now);
    return path;
  }

  /**
   * Keeps what comes, when it is what was committed to.
   *
   * @throws ModelRefusal wrong-hash, for more or fewer bytes too; and what `pieces` throws
   */
  async put({ sha256, size }: File, pieces: AsyncIterable<Uint8Array>): Promise<string> {
    this.#ready ??= this.#open();
    await this.#ready;
    await this.#makeRoom(size);
    const part = join(this.#folder, `${randomUUID()}.part`);
    const file = await open(part, "wx", 0o600);
    try {
      const hash = createHash("sha256");
      let length = 0;
      for await (const piece of pieces) {
        length += piece.length;
        if (length > size) throw new ModelRefusal("wrong-hash", `more than the ${size} bytes it should have`);
        hash.update(piece);
        await file.write(piece);
      }
      const found = hash.digest("hex");
      if (found !== sha256) throw new ModelRefusal("wrong-hash", `${length} bytes of sha256 ${found}`);
      await file.close();
      await rename(part, this.#pathOf(sha256));
      return this.#pathOf(sha256);
    } finally {
      await file.close().catch(() => undefined); // it may be closed already
      await rm(part, { force: true });
    }
  }

  /** For one whose bytes on this disk are no longer what was put. */
  async drop(sha256: string): Promise<void> {
    await rm(this.#pathOf(sha256), { force: true });
  }

  #pathOf(sha256: string): string {
    return join(this.#folder, `${sha256}.onnx`);
  }

  /** What a process that was killed had begun is of no use. */
  async #open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder))
      if (name.endsWith(".part")) await rm(join(this.#folder, name), { force: true });
  }

  async #makeRoom(bytes: number): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(".onnx"));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
        return { path, size, mtimeMs };
      }),
    );
    let held = files.reduce((sum, { size }) => sum + size, bytes);
    for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (held <= this.#maxBytes) return;
      await rm(path, { force: true });
      held -= size;
    }
  }
}
