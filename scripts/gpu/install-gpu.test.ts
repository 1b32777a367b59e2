import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runtimeVersion } from "../../miner/gpu/cuda-report.ts";
import { queryGpus } from "../../miner/gpu/nvidia-smi.ts";
import { runProgram } from "../interop/run-program.ts";
import type { Output } from "../output.ts";
import { type Item, zip } from "../zip.test-kit.ts";
import { downloadPackages } from "./fetch-packages.ts";
import { GPU_RUNTIME_VERSION, type GpuPackage, PINNED } from "./gpu-packages.ts";
import { type InstalledGpu, installGpu } from "./install-gpu.ts";

const never = new AbortController().signal;
const here = `${process.platform}-${process.arch}`;
const gpus = await queryGpus(process.env);
/** The packages of this test carry no CUDA, and where there is a card it would be tried. */
const cannot =
  here !== "linux-x64"
    ? `onnxruntime-node has no CUDA on ${here}`
    : gpus.ok
      ? "this machine has a card"
      : undefined;

test("what is pinned belongs to the runtime that is installed, and is whole", () => {
  expect(GPU_RUNTIME_VERSION).toBe(runtimeVersion());
  const all = [PINNED.provider, ...PINNED.cuda];
  for (const { sha256, bytes, file, files, version } of all) {
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(bytes).toBeGreaterThan(0);
    expect(file).toContain(`-${version}-`);
    expect(files.some(({ as }) => as.startsWith("LICENSE."))).toBe(true);
  }
  const names = all.flatMap(({ files }) => files.map(({ as }) => as));
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(all.map(({ sha256 }) => sha256)).size).toBe(all.length);
});

describe.skipIf(cannot !== undefined)(
  cannot === undefined ? "installing CUDA's files" : `installing CUDA's files, skipped: ${cannot}`,
  () => {
    let folder: string;
    let provider: { wheel: GpuPackage; path: string };
    let broken: { wheel: GpuPackage; path: string };
    let cuda: { wheel: GpuPackage; path: string };
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "subforge-install-"));
      const runtime = join(
        dirname(createRequire(import.meta.url).resolve("onnxruntime-node")),
        "../bin/napi-v6/linux/x64/libonnxruntime.so.1",
      );
      provider = await wheel("provider", [
        { name: "capi/libonnxruntime.so.1", data: await readFile(runtime) },
        { name: "capi/libonnxruntime_providers_cuda.so", data: Buffer.from("no library at all") },
      ]);
      broken = await wheel("broken", [
        { name: "capi/libonnxruntime.so.1", data: Buffer.from("no library at all") },
        { name: "capi/libonnxruntime_providers_cuda.so", data: Buffer.from("neither") },
      ]);
      cuda = await wheel("cuda", [{ name: "lib/libsubforge-no-such-library.so.13", data: Buffer.from("x") }]);
    });
    afterAll(() => rm(folder, { recursive: true }));

    async function wheel(name: string, items: Item[]) {
      const path = join(folder, `${name}-1-py3-none-manylinux_2_17_x86_64.whl`);
      const bytes = zip(items);
      await writeFile(path, bytes);
      return { path, wheel: describeWheel(name, path, bytes, items) };
    }

    /** Runs the command and returns its document. */
    async function install(more: {
      target: string;
      files?: string[];
      from?: { wheel: GpuPackage };
      options?: { dryRun?: boolean; yes?: boolean; allowNoDriver?: boolean };
    }): Promise<InstalledGpu> {
      let document: unknown;
      const output: Output = { line: () => undefined, result: (outcome) => (document = outcome) };
      const pinned = { provider: (more.from ?? provider).wheel, cuda: [cuda.wheel] };
      const args = { dryRun: false, yes: true, json: true, allowNoDriver: true, ...more.options };
      const target = join(folder, more.target, "onnxruntime");
      await installGpu({ ...args, folder: target, fromFile: more.files ?? [] }, never, { pinned, output });
      return document as InstalledGpu;
    }

    test("unpacks what was named, runs a model with it, and only then puts it in place", async () => {
      const done = await install({ target: "a", files: [cuda.path, provider.path] });
      expect(done).toMatchObject({ installed: true, tried: "cpu" });
      expect((await readdir(done.folder)).sort()).toEqual([
        "installed.json",
        "libonnxruntime.so.1",
        "libonnxruntime_providers_cuda.so",
        "libsubforge-no-such-library.so.13",
      ]);
      expect(await readdir(dirname(done.folder))).toEqual(["onnxruntime"]);
    });

    test("leaves what was installed as it was when the new files do not work, and nothing else behind", async () => {
      await mkdir(join(folder, "b/onnxruntime"), { recursive: true });
      await writeFile(join(folder, "b/onnxruntime/mine"), "as it was");
      await mkdir(join(folder, "b/onnxruntime.draft-999999999/runtime"), { recursive: true }); // of one that was killed
      const failing = install({ target: "b", from: broken, files: [broken.path, cuda.path] });
      await expect(failing).rejects.toMatchObject({ code: "GPU_LOAD_FAILED" });
      expect(await readdir(join(folder, "b"))).toEqual(["onnxruntime"]);
      expect(await readFile(join(folder, "b/onnxruntime/mine"), "utf8")).toBe("as it was");
    });

    test("T46: an archive that was tampered with is refused, whatever it is called", async () => {
      const bytes = await readFile(cuda.path);
      bytes[bytes.length >> 1]! ^= 1;
      await mkdir(join(folder, "tampered"));
      const tampered = join(folder, "tampered", basename(cuda.path));
      await writeFile(tampered, bytes);
      const installing = install({ target: "c", files: [provider.path, tampered] });
      await expect(installing).rejects.toMatchObject({ code: "GPU_FILE_UNKNOWN" });
      expect(await readdir(join(folder, "c"))).toEqual([]);
    });

    test("takes a file by what is in it, and names those that are still needed", async () => {
      await copyFile(provider.path, join(folder, "renamed"));
      const installing = install({ target: "d", files: [join(folder, "renamed")] });
      await expect(installing).rejects.toMatchObject({
        code: "GPU_FILES_NEEDED",
        details: { files: [expect.stringContaining(cuda.wheel.sha256)] },
      });
      expect(await readdir(join(folder, "d"))).toEqual([]);
    });

    test("fetches nothing without a driver, without a yes, or with --dry-run", async () => {
      const noDriver = install({ target: "e", options: { allowNoDriver: false } });
      await expect(noDriver).rejects.toMatchObject({ code: "GPU_DRIVER" });
      const noYes = install({ target: "e", options: { yes: false } });
      await expect(noYes).rejects.toMatchObject({ code: "GPU_DECLINED" });
      const planned = await install({ target: "e", options: { dryRun: true } });
      expect(planned).toMatchObject({ installed: false, tried: undefined });
      expect(planned.packages.map(({ name }) => name)).toEqual(["provider", "cuda"]);
      expect(await readdir(join(folder, "e"))).toEqual([]); // it only looked how much room there is
    });
  },
);

const pip = await runProgram("python3", ["-c", "import pip"], { timeoutMs: 30_000 }).catch(() => undefined);

describe.skipIf(pip?.code !== 0)(
  pip?.code === 0 ? "fetching with pip" : "fetching with pip, skipped: there is no python3 with pip",
  { timeout: 60_000 },
  () => {
    test("brings the pinned file, of whatever Python and platform it is", async () => {
      const folder = await mkdtemp(join(tmpdir(), "subforge-pip-"));
      const before = { ...process.env };
      try {
        const file = "subforge_pin-1-cp311-cp311-manylinux_2_28_x86_64.whl";
        const items = ["METADATA", "WHEEL", "RECORD"].map((name) => ({
          name: `subforge_pin-1.dist-info/${name}`,
          data: Buffer.from(WHEEL_FILES[name] ?? ""),
        }));
        await writeFile(join(folder, file), zip(items));
        // Its own index for this one test: a folder.
        Object.assign(process.env, { PIP_NO_INDEX: "1", PIP_FIND_LINKS: folder });
        const good = describeWheel("subforge-pin", join(folder, file), zip(items), items);
        const wanted = { ...good, tags: PINNED.provider.tags };
        const found = await downloadPackages([wanted], join(folder, "to"), () => undefined, never);
        expect(await readFile(found.get(wanted)!)).toEqual(zip(items));
      } finally {
        process.env = before;
        await rm(folder, { recursive: true });
      }
    });
  },
);

const WHEEL_FILES: Record<string, string> = {
  METADATA: "Metadata-Version: 2.1\nName: subforge-pin\nVersion: 1\n",
  WHEEL:
    "Wheel-Version: 1.0\nGenerator: subforge\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_28_x86_64\n",
};

function describeWheel(name: string, path: string, bytes: Buffer, items: readonly Item[]): GpuPackage {
  return {
    ...{ name, version: "1", file: basename(path), bytes: bytes.length },
    sha256: createHash("sha256").update(bytes).digest("hex"),
    tags: { python: "3", implementation: "py", abi: "none", platform: "manylinux_2_17_x86_64" },
    files: items.map((item) => ({ entry: item.name, as: basename(item.name), bytes: item.data.length })),
  };
}
