import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../shared/process-entry.ts";

/** Digest of a template's code, of what it imports and of its packages, as the build wrote it. Undefined: not built. */
export function templateCode(id: string): string | undefined {
  try {
    const text = readFileSync(join(packageRoot(), "dist", "templates.json"), "utf8");
    const codes = JSON.parse(text) as Record<string, unknown>;
    const code = Object.hasOwn(codes, id) ? codes[id] : undefined;
    return typeof code === "string" ? code : undefined;
  } catch {
    return undefined;
  }
}
