import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";

/** In each folder: what was simulated, as JSON. Two folders of the same question have the same one. */
export const QUESTION_FILE = "question.json";

/** Letters of the digest that tells two questions of one name and seed apart. */
const DIGEST = 8;

/**
 * Where the outcome of a question goes. The same question has the same folder, and no other question's is taken.
 *
 * @param out - As the user named it; undefined: `.subforge/sim/<name>-<seed>`, with a digest behind it where another
 *   question has that folder.
 * @throws SubforgeError SIM_FOLDER_TAKEN when what the user named holds something else
 */
export async function chooseFolder(
  out: string | undefined,
  { name, seed }: { name: string; seed: string },
  question: string,
): Promise<string> {
  if (out !== undefined) {
    const folder = resolve(out);
    if (await isFree(folder, question)) return folder;
    throw new SubforgeError("SIM_FOLDER_TAKEN", { folder });
  }
  const folder = resolve(".subforge", "sim", `${toFileName(name)}-${toFileName(seed)}`);
  if (await isFree(folder, question)) return folder;
  return `${folder}-${createHash("sha256").update(question).digest("hex").slice(0, DIGEST)}`;
}

/**
 * Put files into a folder of their own, all of them or none: until the last is written the folder holds what it held.
 *
 * @param files - Content by name, `QUESTION_FILE` among them.
 */
export async function replaceFolder(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const draft = join(dirname(folder), `.${randomBytes(8).toString("hex")}.new`);
  const old = `${draft}.old`;
  try {
    await mkdir(draft, { recursive: true });
    for (const [name, content] of Object.entries(files)) await writeFile(join(draft, name), content);
    await rename(folder, old).catch(ignoreMissing);
    await rename(draft, folder).catch(async (error) => {
      await rename(old, folder).catch(ignoreMissing);
      throw error;
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("SIM_FOLDER_FAILED", { folder, reason }, { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/** Not there, empty, or left by the same question. */
async function isFree(folder: string, question: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw new SubforgeError("SIM_FOLDER_FAILED", { folder, reason: error.message }, { cause: error });
  });
  if (names.length === 0) return true;
  return names.includes(QUESTION_FILE) && (await readFile(join(folder, QUESTION_FILE), "utf8")) === question;
}

function toFileName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 64);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
