import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../process-entry.ts";

const folder = join(packageRoot(), "../shared/vectors/wire");

/** Empty when the vectors are there; else why a test is skipped, for its name. */
export const wireVectorsAbsent = existsSync(folder)
  ? ""
  : " (skipped: the vectors are not part of a public clone)";

/** One file of the vectors of v10, Epistula and Fiber. */
export function readWireVectors(name: string) {
  return JSON.parse(readFileSync(join(folder, name), "utf8"));
}
