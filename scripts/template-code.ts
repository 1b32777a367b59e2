import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../shared/process-entry.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import { originOf } from "./template-folder/load-template.ts";

/**
 * Digest of a template's code, of what it imports and of its packages, as the build wrote it, or as it was compiled from a
 * folder. Undefined: not built.
 */
export function templateCode(template: SubnetTemplate): string | undefined {
  const origin = originOf(template);
  if (origin) return origin.code;
  const { id } = template;
  try {
    const text = readFileSync(join(packageRoot(), "dist", "templates.json"), "utf8");
    const codes = JSON.parse(text) as Record<string, unknown>;
    const code = Object.hasOwn(codes, id) ? codes[id] : undefined;
    return typeof code === "string" ? code : undefined;
  } catch {
    return undefined;
  }
}
