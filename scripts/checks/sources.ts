import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../shared/process-entry.ts";

/* What the checks read: the files of the project, and who imports what. */

export const ROOMS = [
  "shared",
  "miner",
  "validator",
  "subnets",
  "localnet",
  "simulator",
  "dashboard",
  "scripts",
] as const;

/** `to` is a path from the root of the project, or the name of a package. */
export type Import = { from: string; to: string; typeOnly: boolean };

/** Files that git knows or would take, from the root of the project, with `/`. Binary ones are left to the caller. */
export function projectFiles(...extensions: string[]): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const listed = execFileSync("git", args, { cwd: packageRoot(), encoding: "utf8" });
  return listed
    .split("\n")
    .filter((path) => path && extensions.some((extension) => path.endsWith(extension)));
}

/** Undefined when the file was deleted and git was not told yet. */
export function readSource(path: string): string | undefined {
  try {
    return readFileSync(join(packageRoot(), path), "utf8");
  } catch {
    return undefined;
  }
}

/** Tests, benchmarks and what only they use. */
export function isTestFile(path: string): boolean {
  return /\.(test|bench|test-kit)\.ts$/.test(path) || path.startsWith("scripts/");
}

export function roomOf(path: string): string {
  return path.split("/", 1)[0]!;
}

/** Every import of every TypeScript file of the rooms. */
export function allImports(): Import[] {
  return projectFiles(".ts")
    .filter((path) => ROOMS.some((room) => room === roomOf(path)))
    .flatMap(importsOf);
}

function importsOf(from: string): Import[] {
  return parseImports(readSource(from) ?? "").map(({ specifier, typeOnly }) => ({
    from,
    to: specifier.startsWith(".") ? join(from, "..", specifier).replaceAll("\\", "/") : specifier,
    typeOnly,
  }));
}

/** Reads what Biome's formatter writes: statements begin a line, specifiers stand in double quotes. */
export function parseImports(source: string): { specifier: string; typeOnly: boolean }[] {
  const found = [];
  for (const [, kind, specifier] of source.matchAll(
    /^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"/gm,
  )) {
    found.push({ specifier: specifier!, typeOnly: kind !== undefined });
  }
  for (const [, specifier] of source.matchAll(/^import\s+"([^"]+)"/gm)) {
    found.push({ specifier: specifier!, typeOnly: false });
  }
  for (const [, specifier] of source.matchAll(/\b(?:import|require|require\.resolve)\(\s*"([^"]+)"/g)) {
    found.push({ specifier: specifier!, typeOnly: false });
  }
  return found;
}
