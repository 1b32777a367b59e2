import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../process-entry.ts";

/** One file of numeric examples, kept beside the repository and not part of a public clone. */
export type VectorFile<Input, Expected> = {
  cases: { id: string; fn: string; input: Input; expected: Expected }[];
};

/** For tests only. Undefined when the folder is absent: the test skips, and its title says which file it wanted. */
export function subnetVectors<Input = never, Expected = never>(
  name: string,
): VectorFile<Input, Expected> | undefined {
  const path = join(packageRoot(), "..", "shared", "vectors", "subnets", `${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}
