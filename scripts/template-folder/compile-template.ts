import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { BuildFailure, Message, Plugin } from "esbuild";
import { SubforgeError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/process-entry.ts";
import { templateEntry, templateRoot } from "./template-path.ts";

/** Builds that are kept, newest first: a scorer may still read one of the last. */
const KEEP_BUILDS = 16;
/** More is never read: the first names the cause. */
const MAX_PROBLEMS = 8;

/** Packages written as CommonJS call it. */
const REQUIRE =
  "import{createRequire as templateRequire}from'node:module';const require=templateRequire(import.meta.url);";

export type CompiledTemplate = {
  /** One file with everything in it but Node's own modules. */
  file: string;
  /** SHA-256 of that file: the same sources and packages give the same one, wherever the folder lies. */
  digest: string;
  /** Files of the folder that it was made of, absolute: those to watch. */
  sources: string[];
};

/**
 * Compile the template of a folder into `.subforge/build/<digest>.mjs`, for Node itself cannot run TypeScript yet. Packages
 * come from the folder, else from subforge; `subforge/...` is always the subforge that runs.
 *
 * @param path - The folder, or one `.ts` file in its `template/`.
 * @throws SubforgeError TEMPLATE_NOT_FOUND, TEMPLATE_SYNTAX with file, line and column of each problem
 */
export async function compileTemplate(path: string): Promise<CompiledTemplate> {
  const entry = templateEntry(path);
  const root = templateRoot(entry);
  if (!existsSync(entry)) throw new SubforgeError("TEMPLATE_NOT_FOUND", { path: entry });
  const { build } = await import("esbuild"); // late: only templates of one's own need it
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    ...{ bundle: true, write: false, metafile: true, format: "esm", platform: "node", target: "node20" },
    ...{ legalComments: "none", logLevel: "silent", charset: "utf8" },
    banner: { js: REQUIRE },
    plugins: [ownPackages],
  }).catch((error: unknown) => {
    const { errors } = error as Partial<BuildFailure>;
    if (!errors?.length) throw error;
    const problems = errors.slice(0, MAX_PROBLEMS).map((problem) => describe(problem, root));
    throw new SubforgeError("TEMPLATE_SYNTAX", { path: root, problems });
  });
  const text = withoutPaths(outputFiles[0]!.text);
  const digest = createHash("sha256").update(text).digest("hex");
  const sources = Object.keys(metafile.inputs)
    .map((path) => resolve(root, path))
    .filter((path) => !relative(root, path).startsWith("..") && !path.includes("node_modules"));
  return { file: await store(join(root, ".subforge", "build"), digest, text), digest, sources };
}

/** `subforge/...` from the subforge that runs, and whatever the folder has not installed from where subforge has it. */
const ownPackages: Plugin = {
  name: "own-packages",
  setup({ onResolve, resolve: find }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, kind, resolveDir, pluginData, importer }) => {
      if (pluginData === "asked" || path.startsWith("node:") || kind === "entry-point") return undefined;
      if (path.startsWith("subforge/")) {
        const file = join(packageRoot(), "dist", `${path.slice("subforge/".length)}.js`);
        const problem = { text: `${path} is nothing that subforge exports to templates` };
        return existsSync(file) ? { path: file } : { errors: [problem] };
      }
      const found = await find(path, { kind, resolveDir, importer, pluginData: "asked" });
      if (found.errors.length === 0) return found;
      const ours = await find(path, { kind, resolveDir: packageRoot(), pluginData: "asked" });
      return ours.errors.length === 0 ? ours : found;
    });
  },
};

/** The bundler names each module by where it lies: the code is the same elsewhere. Lines stay where they are. */
function withoutPaths(text: string): string {
  return text.replace(/^\/\/ \S+\.(?:[cm]?[jt]s|json)$/gm, "//");
}

function describe({ text, location }: Message, root: string): string {
  if (!location) return text;
  const file = relative(root, resolve(root, location.file)) || location.file;
  return `${file}:${location.line}:${location.column + 1}: ${text}`;
}

/** Whole or not at all: other processes import it at any time. */
async function store(folder: string, digest: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${digest}.mjs`);
  if (existsSync(file)) {
    const now = new Date();
    await utimes(file, now, now); // it is of the newest again
    return file;
  }
  const part = `${file}.${process.pid}`;
  await writeFile(part, text);
  await rename(part, file);
  await dropOld(folder);
  return file;
}

async function dropOld(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
  const ages = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  const old = ages.sort((a, b) => b.at - a.at).slice(KEEP_BUILDS);
  await Promise.all(old.map(({ name }) => rm(join(folder, name), { force: true })));
}
