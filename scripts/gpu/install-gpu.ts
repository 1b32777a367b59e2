import { mkdir, readdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { findLibraries } from "../../miner/gpu/cuda-libraries.ts";
import { type CudaReport, inspectCuda, runtimeVersion } from "../../miner/gpu/cuda-report.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { askYesNo, hasTerminal } from "../ask.ts";
import { extractZip } from "../extract-zip.ts";
import { createOutput, type Output } from "../output.ts";
import { describeFile, downloadPackages, recognizeFiles } from "./fetch-packages.ts";
import { GPU_RUNTIME_VERSION, type GpuPackage, PINNED, type PinnedPackages } from "./gpu-packages.ts";
import { type CudaTrial, tryCuda } from "./try-cuda.ts";

export type InstallGpuArgs = {
  /** Where to, as `gpuFolder` says. */
  folder: string;
  /** Archives that somebody fetched; then nothing is fetched. */
  fromFile: readonly string[];
  dryRun: boolean;
  yes: boolean;
  json: boolean;
  /** Unpack also where nothing can be tried. */
  allowNoDriver: boolean;
};

/** What was done, or with `--dry-run` would be. */
export type InstalledGpu = {
  folder: string;
  installed: boolean;
  /** Empty: everything is there already. */
  packages: { name: string; version: string; file: string; bytes: number; sha256: string }[];
  /** `cuda`: a model ran on every card; `cpu`: the runtime loads, and there was no card to try. */
  tried: "cuda" | "cpu" | undefined;
};

const MIB = 2 ** 20;
const MAX_ENTRIES = 10_000;
/** Unpacked archives reach 23 times their size. */
const MAX_RATIO = 60;
const MAX_UNPACKED_BYTES = 2 ** 31;

/**
 * Brings the CUDA build of the runtime, and those libraries of CUDA that the system lacks, into a folder of their own.
 * All or nothing: archives are compared with pinned hashes, unpacked into a draft, a model runs from there on every card,
 * and only then the draft takes the folder's name. An interrupted or failed run leaves the folder as it was.
 *
 * @param options.pinned - What may be installed; a test has smaller packages of its own.
 * @throws SubforgeError GPU_RELEASE, GPU_DRIVER, GPU_NO_SPACE, GPU_DECLINED, GPU_FILES_NEEDED, GPU_FILE_UNKNOWN,
 * GPU_DOWNLOAD_FAILED, ARCHIVE_REFUSED, GPU_LOAD_FAILED
 */
export async function installGpu(
  args: InstallGpuArgs,
  signal: AbortSignal,
  { pinned = PINNED, output = createOutput(args) }: { pinned?: PinnedPackages; output?: Output } = {},
): Promise<void> {
  if (runtimeVersion() !== GPU_RUNTIME_VERSION)
    throw new SubforgeError("GPU_RELEASE", { runtime: runtimeVersion(), pinned: GPU_RUNTIME_VERSION });
  const before = await inspectCuda(args.folder, process.env, signal);
  const packages = await packagesFor(before, args.folder, pinned);
  const installed = (outcome: Pick<InstalledGpu, "installed" | "tried">): InstalledGpu => ({
    folder: args.folder,
    packages: packages.map(({ name, version, file, bytes, sha256 }) => ({
      name,
      version,
      file,
      bytes,
      sha256,
    })),
    ...outcome,
  });

  for (const line of describePlan(packages, args)) output.line(line);
  if (args.dryRun) {
    output.result(installed({ installed: false, tried: undefined }), ["nothing was done: --dry-run"]);
    return;
  }
  requireDriver(before, args);
  if (packages.length === 0) {
    const tried = await tryOrFail(before, before.gpus.length, signal);
    output.result(installed({ installed: true, tried }), [`everything is installed, and ${TRIED[tried]}`]);
    return;
  }
  await requireSpace(packages, args);
  await confirm(args);
  const tried = await build(packages, before, args, { pinned, output, signal });
  output.result(installed({ installed: true, tried }), [
    `installed in ${args.folder}: checksums match, and ${TRIED[tried]}`,
    ...(tried === "cpu" ? ["on the machine with the cards, run: subforge gpu check"] : []),
  ]);
}

const TRIED = {
  cuda: "a model ran on every card",
  cpu: "the runtime loads; there was no card to try CUDA on",
};

/** The provider unless it is there, and what the system has nowhere else. The folder is made anew, so what it has counts not. */
async function packagesFor(
  report: CudaReport,
  folder: string,
  { provider, cuda }: PinnedPackages,
): Promise<GpuPackage[]> {
  const hasAll = report.runtimeFolder === folder && report.libraries.every(isThereOrOfTheDriver);
  if (hasAll) return [];
  const names = cuda.flatMap((one) => librariesOf(one));
  const elsewhere = await findLibraries(names, [], process.env);
  const absent = new Set(elsewhere.filter(({ path }) => path === undefined).map(({ name }) => name));
  return [provider, ...cuda.filter((one) => librariesOf(one).some((name) => absent.has(name)))];
}

function isThereOrOfTheDriver({ name, path }: CudaReport["libraries"][number]): boolean {
  return path !== undefined || name === "libcuda.so.1" || name === "libz.so.1";
}

function librariesOf({ files }: GpuPackage): string[] {
  return files.map(({ as }) => as).filter((name) => name.includes(".so"));
}

function describePlan(packages: readonly GpuPackage[], { folder }: InstallGpuArgs): string[] {
  if (packages.length === 0) return [];
  return [
    `plan     into ${folder}`,
    ...packages.map((one) => `         ${describeFile(one)}`),
    `takes    ${mib(packages.reduce((sum, { bytes }) => sum + bytes, 0))} MiB to fetch, ${mib(unpackedBytes(packages))} MiB unpacked`,
    "licence  the libraries named nvidia- are NVIDIA's, under its own terms; they are installed with them",
  ];
}

function requireDriver(report: CudaReport, { allowNoDriver }: InstallGpuArgs): void {
  if (allowNoDriver) return;
  // What is about to be installed mends the rest.
  const problem = report.problems.find(({ what }) => /driver|nvidia-smi|has no CUDA/.test(what));
  if (problem !== undefined) throw new SubforgeError("GPU_DRIVER", { problem: problem.what });
}

/** @throws SubforgeError GPU_NO_SPACE */
async function requireSpace(
  packages: readonly GpuPackage[],
  { folder, fromFile }: InstallGpuArgs,
): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const { bavail, bsize } = await statfs(dirname(folder));
  const fetched = fromFile.length > 0 ? 0 : packages.reduce((sum, { bytes }) => sum + bytes, 0);
  const needed = unpackedBytes(packages) + fetched;
  if (bavail * bsize >= needed) return;
  const details = { folder: dirname(folder), neededMiB: mib(needed), freeMiB: mib(bavail * bsize) };
  throw new SubforgeError("GPU_NO_SPACE", details);
}

async function confirm({ yes, json }: InstallGpuArgs): Promise<void> {
  if (yes) return;
  const asked = hasTerminal() && !json;
  if (!asked || !(await askYesNo("do it?"))) throw new SubforgeError("GPU_DECLINED", { asked });
}

async function build(
  packages: readonly GpuPackage[],
  before: CudaReport,
  { folder, fromFile }: InstallGpuArgs,
  { pinned, output, signal }: { pinned: PinnedPackages; output: Output; signal: AbortSignal },
): Promise<"cuda" | "cpu"> {
  await removeOldDrafts(folder);
  const draft = draftName(folder, process.pid);
  try {
    const downloads = join(draft, "downloads");
    await mkdir(downloads, { recursive: true, mode: 0o700 });
    const archives =
      fromFile.length > 0
        ? await recognizeFiles(fromFile, packages, [pinned.provider, ...pinned.cuda], signal)
        : await downloadPackages(
            packages,
            downloads,
            ({ file, bytes }) => output.line(`fetch    ${file}, ${mib(bytes)} MiB`),
            signal,
          );
    for (const one of packages) {
      output.line(`unpack   ${one.file}`);
      const files = new Map(one.files.map(({ entry, as }) => [entry, as]));
      const limits = { entries: MAX_ENTRIES, bytes: MAX_UNPACKED_BYTES, ratio: MAX_RATIO };
      await extractZip(archives.get(one)!, join(draft, "runtime"), files, limits, signal);
    }
    await writeFile(join(draft, "runtime", "installed.json"), manifest(packages));
    await rm(downloads, { recursive: true });
    const runtime = await inspectCuda(join(draft, "runtime"), process.env, signal);
    output.line("try      a small model on every card");
    const tried = await tryOrFail(runtime, before.gpus.length, signal);
    await rename(folder, join(draft, "before")).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(join(draft, "runtime"), folder);
    return tried;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** @throws SubforgeError GPU_LOAD_FAILED */
async function tryOrFail(report: CudaReport, cards: number, signal: AbortSignal): Promise<"cuda" | "cpu"> {
  const device = cards > 0 ? "cuda" : "cpu";
  const deviceIds = Array.from({ length: Math.max(cards, 1) }, (_, id) => id);
  const trial: CudaTrial = await tryCuda(report, { device, deviceIds, signal });
  if (!trial.ok) {
    const named = report.problems.map(({ what }) => what);
    throw new SubforgeError("GPU_LOAD_FAILED", { reason: [trial.reason, ...named].join("; ") });
  }
  return device;
}

function manifest(packages: readonly GpuPackage[]): string {
  const list = packages.map(({ name, version, sha256 }) => ({ name, version, sha256 }));
  return `${JSON.stringify({ runtime: GPU_RUNTIME_VERSION, packages: list }, undefined, 2)}\n`;
}

function draftName(folder: string, pid: number): string {
  return `${folder}.draft-${pid}`;
}

/** Of installations that were killed. */
async function removeOldDrafts(folder: string): Promise<void> {
  const names = await readdir(dirname(folder)).catch(() => []);
  for (const name of names) {
    const pid = Number(/^\.draft-(\d+)$/.exec(name.slice(basename(folder).length))?.[1]);
    if (!name.startsWith(basename(folder)) || !Number.isInteger(pid) || isAlive(pid)) continue;
    await rm(draftName(folder, pid), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function unpackedBytes(packages: readonly GpuPackage[]): number {
  return packages.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
}

function mib(bytes: number): number {
  return Math.ceil(bytes / MIB);
}
