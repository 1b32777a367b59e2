import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { GpuSampler } from "../../miner/gpu/gpu-sampler.ts";
import { queryGpus } from "../../miner/gpu/nvidia-smi.ts";
import { DEFAULT_CUDA } from "../../miner/inference/device.ts";
import { joinRows } from "../../miner/inference/feeds.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool, type PoolOptions } from "../../miner/inference/pool.ts";
import { MinerMetrics } from "../../miner/metrics.ts";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/logger.ts";
import { writeOnnx } from "../../shared/onnx-writer.ts";
import { type Tensors, tensor } from "../../shared/tensor.ts";
import { convNet, encoder, mlp } from "../bench/batching-models.ts";
import { examine } from "./check-gpu.ts";
import { gpuEnvironment } from "./gpu-environment.ts";
import { gpuFolder } from "./gpu-folder.ts";

/*
 * The CUDA suite, `npm run test:gpu`: real sessions on real cards. On a machine that lacks something for it, every test is
 * skipped with the reason in its name; where nothing is missing and it still does not work, that is a failure.
 */

const gpuDir = process.env.SUBFORGE_GPU_DIR;
const never = new AbortController().signal;
const found = await examine(gpuFolder({ gpuDir }), never);
const reason = found.problems.map(({ what }) => what).join("; ");

/** TF32 keeps 10 bits of each factor; without it only the order of sums differs. */
const TF32_TOLERANCE = 2e-2;
const TOLERANCE = 1e-4;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subforge-cuda-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function open(file: Uint8Array, options: Partial<PoolOptions> & { tf32?: boolean } = {}) {
  const modelPath = join(folder, `${Math.random()}.onnx`);
  await writeFile(modelPath, file);
  const { tf32 = false, ...more } = options;
  const environment = await gpuEnvironment({ gpuDir, tf32 });
  const pool = await InferencePool.start(
    { ...DEFAULT_POOL_OPTIONS, loadTimeoutMs: 300_000, modelPath, device: "cuda", environment, ...more },
    { logger: silentLogger, clock: systemClock },
  );
  onTestFinished(() => pool.close());
  return pool;
}

test.runIf(found.tried)("nothing is missing, so a model runs on every card", () => {
  expect(found.problems).toEqual([]);
});

describe.skipIf(!found.ready)(
  found.ready ? "a model on CUDA" : `no CUDA device: ${reason}`,
  { timeout: 600_000 },
  () => {
    const models = [mlp(), convNet(), encoder()];

    test.each(models)(
      "$name gives the outputs of the CPU, with every node on the card",
      async ({ file, row }) => {
        const rows = joinRows(Array<Tensors>(7).fill(row));
        const onCpu = await open(file, { device: "cpu" });
        const expected = Array.from((await onCpu.infer(rows, never)).y!.data, Number);
        for (const [tf32, tolerance] of [
          [false, TOLERANCE],
          [true, TF32_TOLERANCE],
        ] as const) {
          const onCard = await open(file, { tf32, cuda: { ...DEFAULT_CUDA, wholeGraph: true } });
          expect(onCard.device).toBe("cuda");
          const outputs = Array.from((await onCard.infer(rows, never)).y!.data, Number);
          expect(outputs).toHaveLength(expected.length);
          const scale = Math.max(...expected.map(Math.abs));
          for (const [i, value] of outputs.entries()) {
            expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance * scale);
          }
        }
      },
    );

    test("M1: is refused when the card does not exist, and never falls back to the CPU", async () => {
      const deviceId = found.gpus.length;
      const start = open(models[0]!.file, { cuda: { ...DEFAULT_CUDA, deviceId } });
      await expect(start).rejects.toMatchObject({ code: "MINER_NO_CUDA" });
    });

    test("M1: is refused when its libraries are hidden", async () => {
      const environment = { PATH: process.env.PATH };
      if (found.runtimeFolder === undefined && found.libraryFolders.length === 0) return; // the system has them all
      const start = open(models[0]!.file, { environment });
      await expect(start).rejects.toMatchObject({ code: "MINER_NO_CUDA" });
    });

    test("runs on every card, each process on its own", async () => {
      const deviceIds = found.gpus.map((_, id) => id);
      const pool = await open(models[0]!.file, { deviceIds, processes: deviceIds.length });
      const answers = deviceIds.map(() => pool.infer(models[0]!.row, never));
      for (const answer of answers) await expect(answer).resolves.toHaveProperty("y");
      expect(pool.stats.places.map(({ device }) => device)).toEqual(deviceIds.map(() => "cuda"));
    });

    test("M2: a batch that does not fit is halved until it does, and its process stays", async () => {
      const cardBytes = found.gpus[0]!.memoryBytes!;
      // 16 rows need twice the card and 8 rows all of it, so a batch of 16 must be halved twice.
      const pool = await open(wide(Math.floor(cardBytes / 8 / 4)), { maxRows: 16 });
      const pids = pool.pids;
      const rows = Array.from({ length: 16 }, (_, n) => ({
        x: tensor("float32", [1, 1], Float32Array.of(n)),
      }));
      const answers = await Promise.all(rows.map((feeds) => pool.infer(feeds, never)));
      expect(answers.map(({ y }) => y!.data[0])).toEqual(rows.map((_, n) => n));
      await expect(pool.infer(rows[3]!, never)).resolves.toHaveProperty("y");
      expect(pool.stats.maxRows).toBeLessThan(16);
      expect(pool.pids).toEqual(pids);
    });

    test("M4: is on the card again after its process was lost", async () => {
      const pool = await open(models[0]!.file);
      const before = pool.pids[0];
      process.kill(before!, "SIGKILL");
      await expect(pool.infer(models[0]!.row, never)).resolves.toHaveProperty("y");
      expect(pool.device).toBe("cuda");
      expect(pool.pids[0]).not.toBe(before);
    });

    test("shows the memory of the cards in the metrics", async () => {
      await open(models[2]!.file);
      const metrics = new MinerMetrics();
      const sampler = new GpuSampler(() => queryGpus(process.env), systemClock);
      metrics.onScrape(() => sampler.report(metrics));
      const page = await metrics.page();
      for (const { index } of found.gpus) {
        const used = Number(new RegExp(`^sf_vram_bytes\\{gpu="${index}"\\} (\\S+)$`, "m").exec(page)?.[1]);
        expect(used).toBeGreaterThan(0);
      }
    });
  },
);

/** y = x, on a detour over `columns` copies of it on the card. */
function wide(columns: number): Uint8Array {
  return writeOnnx({
    name: "wide",
    inputs: [{ name: "x", dtype: "float32", shape: ["rows", 1] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["rows", 1] }],
    nodes: [
      { op: "Expand", inputs: ["x", "shape"], outputs: ["copies"] },
      { op: "ReduceMax", inputs: ["copies"], outputs: ["y"], attributes: { axes: [1], keepdims: 1 } },
    ],
    constants: { shape: tensor("int64", [2], BigInt64Array.of(1n, BigInt(columns))) },
  });
}
