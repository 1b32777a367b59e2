import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SubforgeError } from "./errors.ts";

/** The scripts in dist/ that run as processes or threads of their own. */
export type ProcessEntry =
  | "cli"
  | "inference-process"
  | "inference-thread"
  | "scorer"
  | "stall-watch"
  | "bench-axon"
  | "bench-flood"
  | "bench-gpu-loop"
  | "bench-sweep"
  | "bench-queue"
  | "bench-forecast"
  | "fuzz-models"
  | "nemesis-stages";

/**
 * Path of the built script to give to `fork`. The same from TypeScript sources (tests) and from dist/.
 *
 * @throws SubforgeError BUILD_MISSING
 */
export function processEntry(name: ProcessEntry): string {
  const path = join(packageRoot(), "dist", `${name}.js`);
  if (!existsSync(path)) throw new SubforgeError("BUILD_MISSING", { path });
  return path;
}

/** Folder of this package's package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}
