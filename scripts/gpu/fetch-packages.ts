import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import { runProgram } from "../interop/run-program.ts";
import type { GpuPackage } from "./gpu-packages.ts";

/** The largest archive has some 420 MB: half an hour is a slow line of 2 Mbit/s. */
const DOWNLOAD_TIMEOUT_MS = 1_800_000;
const PROBE_TIMEOUT_MS = 30_000;

/** What a person needs to fetch a file elsewhere. */
export function describeFile({ file, bytes, sha256 }: GpuPackage): string {
  return `${file} (${bytes} bytes, sha256 ${sha256})`;
}

/**
 * Finds the wanted archives among files that somebody fetched, by what is in them and not by how they are called.
 *
 * @throws SubforgeError GPU_FILE_UNKNOWN, also for a wanted file that was changed; GPU_FILES_NEEDED when one is not there
 */
export async function recognizeFiles(
  paths: readonly string[],
  wanted: readonly GpuPackage[],
  known: readonly GpuPackage[],
  signal: AbortSignal,
): Promise<Map<GpuPackage, string>> {
  const found = new Map<GpuPackage, string>();
  for (const path of paths) {
    const sha256 = await hashOf(path, signal);
    const match = known.find((candidate) => candidate.sha256 === sha256);
    if (match === undefined)
      throw new SubforgeError("GPU_FILE_UNKNOWN", { file: path, found: `sha256 ${sha256}` });
    found.set(match, path);
  }
  const absent = wanted.filter((candidate) => !found.has(candidate));
  if (absent.length > 0) {
    const why = "--from-file named only some of them";
    throw new SubforgeError("GPU_FILES_NEEDED", { why, files: absent.map(describeFile) });
  }
  return found;
}

/**
 * Fetches archives with pip, from wherever pip takes its packages, and hashes each again.
 *
 * @param folder - To put them in.
 * @param onStart - Told before each file, which may take minutes.
 * @throws SubforgeError GPU_FILES_NEEDED without pip, GPU_DOWNLOAD_FAILED, GPU_FILE_UNKNOWN
 */
export async function downloadPackages(
  wanted: readonly GpuPackage[],
  folder: string,
  onStart: (next: GpuPackage) => void,
  signal: AbortSignal,
): Promise<Map<GpuPackage, string>> {
  await requirePip(wanted, signal);
  const found = new Map<GpuPackage, string>();
  for (const next of wanted) {
    onStart(next);
    found.set(next, await download(next, join(folder, next.name), signal));
  }
  return found;
}

async function requirePip(wanted: readonly GpuPackage[], signal: AbortSignal): Promise<void> {
  const probe = await runProgram("python3", ["-m", "pip", "--version"], {
    timeoutMs: PROBE_TIMEOUT_MS,
    signal,
  }).catch(() => undefined);
  signal.throwIfAborted();
  if (probe?.code === 0) return;
  const why = "there is no python3 with pip here to fetch them with";
  throw new SubforgeError("GPU_FILES_NEEDED", { why, files: wanted.map(describeFile) });
}

async function download(wanted: GpuPackage, folder: string, signal: AbortSignal): Promise<string> {
  const { name, version, sha256, tags } = wanted;
  await mkdir(folder, { recursive: true });
  const requirements = join(folder, "requirements.txt");
  await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
  const args = [
    ...["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"],
    ...["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", folder],
    ...["--python-version", tags.python, "--implementation", tags.implementation],
    ...["--abi", tags.abi, "--platform", tags.platform, "--requirement", requirements],
  ];
  const ran = await runProgram("python3", args, { timeoutMs: DOWNLOAD_TIMEOUT_MS, signal });
  signal.throwIfAborted();
  const file = (await readdir(folder)).find((entry) => entry.endsWith(".whl"));
  if (ran.code !== 0 || file === undefined) {
    const lines = ran.stderr.split("\n").filter((line) => line.startsWith("ERROR"));
    const said = ran.timedOut ? "it took too long" : (lines.at(-1) ?? "pip failed without a word");
    throw new SubforgeError("GPU_DOWNLOAD_FAILED", { file: wanted.file, reason: said.slice(0, 300) });
  }
  const path = join(folder, file);
  const found = await hashOf(path, signal);
  if (found !== sha256) throw new SubforgeError("GPU_FILE_UNKNOWN", { file: path, found: `sha256 ${found}` });
  return path;
}

/** @throws SubforgeError GPU_FILE_UNKNOWN when it cannot be read */
async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  try {
    if (!(await stat(path)).isFile()) throw new Error("it is no plain file");
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("GPU_FILE_UNKNOWN", { file: path, found: reason }, { cause: error });
  }
}
