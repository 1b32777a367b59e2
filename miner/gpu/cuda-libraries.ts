import { execFile } from "node:child_process";
import { access, readdir } from "node:fs/promises";
import { delimiter, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

const LDCONFIG = ["/sbin/ldconfig", "/usr/sbin/ldconfig"];
const LDCONFIG_TIMEOUT_MS = 5_000;
const MAX_CACHE_BYTES = 8 * 2 ** 20;

/** Where toolkits are installed, and the folders of their libraries inside. */
const TOOLKIT_PARENTS = ["/usr/local", "/opt"];
const TOOLKIT_LIBRARIES = ["lib64", "lib", "targets/x86_64-linux/lib"];

/** Folders in which a library may lie although the loader does not look there: kept when one is really found. */
export type FoundLibrary = {
  /** As in `libcudart.so.13`. */
  name: string;
  path: string | undefined;
  /** A folder that must be added to LD_LIBRARY_PATH, because only the toolkit keeps it there. */
  addFolder: string | undefined;
};

/**
 * Looks for libraries where the loader will: `folders`, LD_LIBRARY_PATH, its cache; then in CUDA toolkits, which it does
 * not know of.
 *
 * @param folders - Searched first, as the runtime's own one is.
 */
export async function findLibraries(
  names: readonly string[],
  folders: readonly string[],
  environment: Environment,
): Promise<FoundLibrary[]> {
  const searched = [...folders, ...(environment.LD_LIBRARY_PATH ?? "").split(delimiter).filter(Boolean)];
  const [cache, toolkits] = await Promise.all([readLoaderCache(), toolkitFolders(environment)]);
  return Promise.all(
    names.map(async (name) => {
      const known = (await firstWith(searched, name)) ?? cache.get(name);
      if (known !== undefined) return { name, path: known, addFolder: undefined };
      const path = await firstWith(toolkits, name);
      return { name, path, addFolder: path?.slice(0, -name.length - 1) };
    }),
  );
}

/** Name to path of 64-bit x86 libraries, from what `ldconfig -p` prints. The first of a name wins, as for the loader. */
export function parseLoaderCache(text: string): Map<string, string> {
  const cache = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, kind, path] = /^\s+(\S+) \(([^)]*)\) => (\/.*)$/.exec(line) ?? [];
    if (name === undefined || path === undefined || !kind!.split(/,\s*/).includes("x86-64")) continue;
    if (!cache.has(name)) cache.set(name, path);
  }
  return cache;
}

async function readLoaderCache(): Promise<Map<string, string>> {
  for (const program of LDCONFIG) {
    const text = await new Promise<string | undefined>((resolve) => {
      const options = { timeout: LDCONFIG_TIMEOUT_MS, maxBuffer: MAX_CACHE_BYTES, env: { LC_ALL: "C" } };
      execFile(program, ["-p"], options, (error, stdout) => resolve(error ? undefined : stdout));
    });
    if (text !== undefined) return parseLoaderCache(text);
  }
  return new Map();
}

/** Newest first; what the environment names before all others. */
async function toolkitFolders(environment: Environment): Promise<string[]> {
  const named = [environment.CUDA_PATH, environment.CUDA_HOME].filter((folder) => folder !== undefined);
  const found = await Promise.all(
    TOOLKIT_PARENTS.map(async (parent) =>
      (await readdir(parent).catch(() => []))
        .filter((name) => /^cuda(-\d+(\.\d+)?)?$/.test(name))
        .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
        .map((name) => join(parent, name)),
    ),
  );
  return [...named, ...found.flat()].flatMap((toolkit) =>
    TOOLKIT_LIBRARIES.map((folder) => join(toolkit, folder)),
  );
}

async function firstWith(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
