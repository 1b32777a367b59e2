import { readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/process-entry.ts";

/** Specifiers of imports and exports, as the formatter writes them: in double quotes. */
const SPECIFIER = /(\bfrom |\bimport |\bimport\()"([^"]+)"/g;
const SHARED = "shared/";

export type CopiedTemplate = {
  /** By path below `template/`. */
  files: Map<string, string>;
  /** Packages that it imports, besides subforge and Node's own modules. */
  packages: string[];
};

/**
 * The sources of a template that ships with subforge, as somebody else's own: everything that `index.ts` reaches in its
 * folder, `shared/` as what subforge exports, and another id.
 */
export async function copyTemplate(template: string, id: string): Promise<CopiedTemplate> {
  const home = `subnets/${template}/`;
  const files = new Map<string, string>();
  const packages = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    const name = path.slice(home.length);
    if (files.has(name)) return;
    files.set(name, "");
    const inside: string[] = [];
    const source = await readFile(join(packageRoot(), path), "utf8");
    const imported = source.replace(SPECIFIER, (whole: string, before: string, specifier: string) => {
      if (!specifier.startsWith(".")) {
        const [scope = "", rest = ""] = specifier.split("/");
        if (!specifier.startsWith("node:")) packages.add(scope.startsWith("@") ? `${scope}/${rest}` : scope);
        return whole;
      }
      const target = posix.join(dirname(path), specifier);
      if (target.startsWith(home)) {
        inside.push(target);
        return whole;
      }
      if (!target.startsWith(SHARED)) {
        throw new SubforgeError("INTERNAL", { what: `${path} imports ${target}, which no template may` });
      }
      return `${before}"subforge/${target.slice(SHARED.length).replace(/\.ts$/, "")}"`;
    });
    files.set(name, imported.replaceAll(`"${template}"`, `"${id}"`));
    for (const target of inside) await visit(target);
  };
  await visit(`${home}index.ts`);
  return { files, packages: [...packages].sort() };
}
