import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../process-entry.ts";

/* Test support: reads the wallet vectors that live outside the repository. A public clone has none. */

const FOLDER = join(packageRoot(), "..", "shared", "vectors", "wallet");

export const haveVectors = existsSync(FOLDER);

/** @returns `fallback` when there are no vectors: the tests that use them are skipped then. */
export function readVectors<Vectors>(name: string, fallback: Vectors): Vectors {
  if (!haveVectors) return fallback;
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")) as Vectors;
}
