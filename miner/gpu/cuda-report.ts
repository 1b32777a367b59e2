import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type FoundLibrary, findLibraries } from "./cuda-libraries.ts";
import { neededLibraries } from "./needed-libraries.ts";
import { type Gpu, type GpuQuery, queryGpus } from "./nvidia-smi.ts";
import { visibleGpus } from "./visible-gpus.ts";

/** The library that makes onnxruntime use CUDA. It must lie next to the runtime that loads it. */
const PROVIDER_LIBRARY = "libonnxruntime_providers_cuda.so";

/**
 * What a provider opens by itself when a model first needs it, by the CUDA release it was built for: the loader does not
 * know of them, so a session opens and its first convolution fails. cuDNN in turn needs zlib, which small images lack.
 */
const OPENED_LATE: Record<string, readonly string[]> = {
  "12": ["libcudnn.so.9", "libz.so.1", "libcufft.so.11", "libnvrtc.so.12"],
  "13": ["libcudnn.so.9", "libz.so.1", "libcufft.so.12", "libnvrtc.so.13"],
};

/** Oldest driver on which the libraries of a CUDA release run. Source: NVIDIA, CUDA toolkit release notes, table 3. */
const OLDEST_DRIVER: Record<string, string> = { "12": "525.60.13", "13": "580.65.06" };

/** What a provider needs of the system and not of CUDA: on every machine that runs Node. */
const OF_THE_SYSTEM = /^(ld-linux|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so)/;

/** The driver's own library: comes with the driver and never with a package. */
const DRIVER_LIBRARY = "libcuda.so.1";

export type CudaProblem = { what: string; next: string };

/** Everything between a card and a session on it. Nothing of it was loaded yet: see `problems`. */
export type CudaReport = {
  /** Version of the onnxruntime that this program uses. */
  runtime: string;
  /** Undefined without a driver that answers. */
  driver: string | undefined;
  /** Those that CUDA_VISIBLE_DEVICES leaves, in its order: the place in the list is the device id. */
  gpus: readonly Gpu[];
  provider: { path: string; cuda: string | undefined } | undefined;
  /** What the provider needs; empty without one. */
  libraries: readonly FoundLibrary[];
  /** Empty: a session on CUDA should open. */
  problems: readonly CudaProblem[];
  /** For `cudaEnvironment`. */
  runtimeFolder: string | undefined;
  libraryFolders: readonly string[];
};

const requireHere = createRequire(import.meta.url);

/** Version of the installed onnxruntime-node. */
export function runtimeVersion(): string {
  return String((requireHere("onnxruntime-node/package.json") as { version: unknown }).version);
}

/**
 * Looks at this machine without loading anything of it.
 *
 * @param installed - Folder in which `subforge gpu install` puts the CUDA build of the runtime, whether or not it did.
 */
export async function inspectCuda(
  installed: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<CudaReport> {
  const [answer, path] = await Promise.all([queryGpus(environment, signal), findProvider(installed)]);
  const query = onlyVisible(answer, environment.CUDA_VISIBLE_DEVICES);
  const needed = path === undefined ? [] : ((await neededLibraries(path)) ?? []);
  const cuda = needed
    .map((name) => /^libcudart\.so\.(\d+)/.exec(name)?.[1])
    .find((major) => major !== undefined);
  const names = [...needed.filter((name) => !OF_THE_SYSTEM.test(name)), ...(OPENED_LATE[cuda ?? ""] ?? [])];
  const folder = path && dirname(path);
  const libraries = await findLibraries(names, folder === undefined ? [] : [folder], environment);
  const provider = path === undefined ? undefined : { path, cuda };
  return {
    runtime: runtimeVersion(),
    driver: query.ok ? query.gpus[0]?.driver : undefined,
    gpus: query.ok ? query.gpus : [],
    provider,
    libraries,
    problems: problemsOf({ query, provider, libraries }),
    runtimeFolder: folder === installed ? folder : undefined,
    libraryFolders: [...new Set(libraries.flatMap(({ addFolder }) => addFolder ?? []))],
  };
}

function onlyVisible(query: GpuQuery, variable: string | undefined): GpuQuery {
  if (!query.ok) return query;
  const gpus = visibleGpus(query.gpus, variable);
  if (gpus.length === 0) return { ok: false, reason: `CUDA_VISIBLE_DEVICES=${variable} hides every card` };
  return { ...query, gpus };
}

/** What stands between the cards and a session, in the order in which it should be mended. */
export function problemsOf({
  query,
  provider,
  libraries,
}: {
  query: GpuQuery;
  provider: CudaReport["provider"];
  libraries: readonly FoundLibrary[];
}): CudaProblem[] {
  const problems: CudaProblem[] = [];
  if (process.platform !== "linux" || process.arch !== "x64") {
    const what = `onnxruntime-node has no CUDA on ${process.platform}-${process.arch}`;
    problems.push({ what, next: "use Linux on x64, or --device cpu" });
  }
  if (!query.ok)
    problems.push({ what: query.reason, next: "install NVIDIA's driver, or give the container its GPUs" });
  if (provider === undefined) {
    problems.push({
      what: "the CUDA provider of the runtime is not installed",
      next: "run: subforge gpu install",
    });
    return problems;
  }
  if (provider.cuda === undefined) {
    problems.push({ what: `${provider.path} is no CUDA provider`, next: "run: subforge gpu install" });
    return problems;
  }
  const oldest = OLDEST_DRIVER[provider.cuda];
  const driver = query.ok ? query.gpus[0]?.driver : undefined;
  if (oldest !== undefined && driver !== undefined && isOlder(driver, oldest)) {
    const what = `driver ${driver} is too old for CUDA ${provider.cuda}, which wants ${oldest} or newer`;
    problems.push({ what, next: "update the driver" });
  }
  const missing = libraries.filter(({ path }) => path === undefined).map(({ name }) => name);
  if (missing.includes(DRIVER_LIBRARY))
    problems.push({ what: `${DRIVER_LIBRARY} is missing`, next: "it belongs to NVIDIA's driver" });
  const others = missing.filter((name) => name !== DRIVER_LIBRARY);
  if (others.length > 0) {
    const next = `run: subforge gpu install, or put the folder of CUDA ${provider.cuda} and cuDNN 9 into LD_LIBRARY_PATH`;
    problems.push({ what: `missing: ${others.join(", ")}`, next });
  }
  return problems;
}

/** The folder of `gpu install` first; then the package's own, where its install script puts one. */
async function findProvider(installed: string): Promise<string | undefined> {
  const own = join(dirname(requireHere.resolve("onnxruntime-node")), "..", "bin", "napi-v6", "linux", "x64");
  for (const folder of [installed, own]) {
    const path = join(folder, PROVIDER_LIBRARY);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

/** Versions of numbers and dots; a missing part is 0. */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split(".").map(Number));
  for (let i = 0; i < Math.max(left!.length, right!.length); i++) {
    const difference = (left![i] ?? 0) - (right![i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
