import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cudaEnvironment } from "../../miner/gpu/cuda-environment.ts";
import type { CudaReport } from "../../miner/gpu/cuda-report.ts";
import { DEFAULT_CUDA, type Device } from "../../miner/inference/device.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool } from "../../miner/inference/pool.ts";
import { systemClock } from "../../shared/clock.ts";
import { isSubforgeError } from "../../shared/errors.ts";
import { silentLogger } from "../../shared/logger.ts";
import { type OnnxGraph, writeOnnx } from "../../shared/onnx-writer.ts";
import { tensor } from "../../shared/tensor.ts";

/** CUDA compiles for a card that is newer than the files when it first meets it. */
const LOAD_TIMEOUT_MS = 300_000;

/** Touches what a session needs of CUDA: cuBLAS by a product, cuDNN by a convolution. */
const PROBE: OnnxGraph = {
  name: "probe",
  inputs: [{ name: "x", dtype: "float32", shape: ["N", 1, 4, 4] }],
  outputs: [{ name: "y", dtype: "float32", shape: ["N", 2] }],
  nodes: [
    { op: "Conv", inputs: ["x", "kernel"], outputs: ["c"], attributes: { kernel_shape: [3, 3] } },
    { op: "Flatten", inputs: ["c"], outputs: ["f"], attributes: { axis: 1 } },
    { op: "MatMul", inputs: ["f", "w"], outputs: ["y"] },
  ],
  constants: {
    kernel: tensor("float32", [1, 1, 3, 3], new Float32Array(9).fill(1)),
    w: tensor("float32", [4, 2], Float32Array.of(1, 0, 1, 0, 1, 0, 1, 2)),
  },
};

export type CudaTrial = { ok: true } | { ok: false; reason: string };

/**
 * Runs a small model in an inference process, as a miner does, on every card that may be seen, and checks its numbers.
 *
 * @param where - Folders for the process, as in a `CudaReport`.
 * @param device - `cpu` proves only that the runtime of that folder loads.
 */
export async function tryCuda(
  where: Pick<CudaReport, "runtimeFolder" | "libraryFolders">,
  options: { device: Device; deviceIds: readonly number[]; signal: AbortSignal },
): Promise<CudaTrial> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-gpu-"));
  try {
    const modelPath = join(folder, "probe.onnx");
    await writeFile(modelPath, writeOnnx(PROBE));
    for (const deviceId of options.deviceIds) {
      const trial = await tryOn(deviceId, modelPath, where, options);
      if (!trial.ok) return trial;
    }
    return { ok: true };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function tryOn(
  deviceId: number,
  modelPath: string,
  { runtimeFolder, libraryFolders }: Pick<CudaReport, "runtimeFolder" | "libraryFolders">,
  { device, signal }: { device: Device; signal: AbortSignal },
): Promise<CudaTrial> {
  const environment = cudaEnvironment(process.env, { runtimeFolder, libraryFolders, tf32: true });
  const options = { ...DEFAULT_POOL_OPTIONS, modelPath, device, environment, loadTimeoutMs: LOAD_TIMEOUT_MS };
  const deps = { logger: silentLogger, clock: systemClock, signal };
  try {
    const pool = await InferencePool.start({ ...options, cuda: { ...DEFAULT_CUDA, deviceId } }, deps);
    try {
      const feeds = { x: tensor("float32", [1, 1, 4, 4], new Float32Array(16).fill(1)) };
      const { y } = await pool.infer(feeds, signal);
      const isRight = pool.device === device && y?.data[0] === 36 && y.data[1] === 18;
      return isRight ? { ok: true } : { ok: false, reason: `card ${deviceId} computes wrong numbers` };
    } finally {
      await pool.close();
    }
  } catch (error) {
    if (signal.aborted || !isSubforgeError(error)) throw error;
    return { ok: false, reason: `${error.code}: ${error.message}` };
  }
}
