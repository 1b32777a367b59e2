import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Where a folder has its template. */
const ENTRY = join("template", "index.ts");

/** Is this where a template lies, and not the name of one that ships with subforge? */
export function isTemplatePath(name: string): boolean {
  return /^\.{0,2}\//.test(name) || name === "." || name === ".." || existsSync(templateEntry(name));
}

/** Absolute path of the source that is compiled: of a folder, or a file in its `template/`, as `task new` writes. */
export function templateEntry(path: string): string {
  return path.endsWith(".ts") ? resolve(path) : resolve(path, ENTRY);
}

/** The folder of the template with that source: what belongs to it lies there. */
export function templateRoot(entry: string): string {
  return resolve(dirname(entry), "..");
}

/** The template that a command means which names none: that of the folder it is started in, else `fallback`. */
export function templateHere(fallback: string): string {
  return existsSync(templateEntry(".")) ? "." : fallback;
}
