import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { SubforgeError } from "../../shared/errors.ts";
import { listModels } from "../../subnets/models.ts";
import { SUBNET_NAMES } from "../../subnets/registry.ts";
import type { GlobalArgs } from "../options.ts";
import { createOutput } from "../output.ts";
import { copyTemplate } from "./copy-template.ts";
import { gitIgnore, packageFile, readme, scenarioFile, testFile, tsConfig } from "./subnet-files.ts";

const NAME = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

/** The parsed flags of `subforge create`. */
export type CreateArgs = Pick<GlobalArgs, "json"> & { name: string; template: string; dir: string };

/**
 * Make a folder with a template of one's own in it. All of it or nothing: it is written beside the place and moved
 * there.
 *
 * @throws SubforgeError CREATE_NAME, CREATE_EXISTS, MODEL_DAMAGED
 */
export async function createSubnet({ name, template, dir, json }: CreateArgs): Promise<void> {
  assertName(name);
  const folder = resolve(dir, name);
  await assertFree(folder);
  const files = await filesOf(name, template);
  await mkdir(dirname(folder), { recursive: true });
  const part = `${folder}.${process.pid}.part`;
  try {
    for (const [path, content] of files) {
      await mkdir(dirname(join(part, path)), { recursive: true });
      await writeFile(join(part, path), content, { flag: "wx" });
    }
    await rename(part, folder).catch((error: NodeJS.ErrnoException) => {
      if (!["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(error.code ?? "")) throw error;
      throw new SubforgeError("CREATE_EXISTS", { path: folder, found: "something was put there meanwhile" });
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  const shown = relative(".", folder) || ".";
  createOutput({ json }).result({ created: true, name, template, folder, files: [...files.keys()] }, [
    `created  ${shown}  ${files.size} files, a copy of ${template} with the id ${name}`,
    `next: cd ${shown} && subforge task check`,
  ]);
}

/** @throws SubforgeError CREATE_NAME */
export function assertName(name: string): void {
  const problem = !NAME.test(name)
    ? "1 to 32 small letters, digits and dashes, a letter first and no dash last"
    : SUBNET_NAMES.includes(name)
      ? "a template of that name ships with subforge"
      : undefined;
  if (problem) throw new SubforgeError("CREATE_NAME", { name, problem });
}

/** @throws SubforgeError CREATE_EXISTS. An empty folder is free. */
async function assertFree(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const names = await readdir(folder).catch(() => undefined);
  if (names?.length === 0) return;
  const found = names ? `${names.length} things are in it` : "it is a file";
  throw new SubforgeError("CREATE_EXISTS", { path: folder, found });
}

/** Every file by its path in the folder. */
async function filesOf(name: string, template: string): Promise<Map<string, string | Buffer>> {
  const { files: sources, packages } = await copyTemplate(template, name);
  const models = await listModels(template, "all");
  const known: Record<string, string> = packageJson.dependencies;
  const versions = Object.fromEntries(packages.map((each) => [each, known[each] ?? "*"]));
  const files = new Map<string, string | Buffer>([
    ["package.json", packageFile(name, { subforge: `^${packageJson.version}`, ...versions })],
    ["tsconfig.json", tsConfig()],
    [".gitignore", gitIgnore()],
    ["README.md", readme(name, template)],
    ["scenarios/competition.json", scenarioFile(name)],
    [`test/${name}.test.mjs`, testFile(name)],
  ]);
  for (const [path, source] of sources) files.set(`template/${path}`, source);
  // Whoever trains a model anew should not have to count its bytes: digests are for what ships.
  const cards = models.map(({ path: _, sha256: __, accuracy: ___, ...card }) => card);
  files.set("models/models.json", `${JSON.stringify(cards, null, 2)}\n`);
  for (const { file, path } of models) files.set(`models/${file}`, await readFile(path));
  return files;
}
