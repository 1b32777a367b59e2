import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DEFAULT_POOL_OPTIONS, InferencePool } from "../../miner/inference/pool.ts";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/logger.ts";
import { type OnnxGraph, writeOnnx } from "../../shared/onnx-writer.ts";
import { processEntry } from "../../shared/process-entry.ts";
import { examine } from "../gpu/check-gpu.ts";
import { gpuEnvironment } from "../gpu/gpu-environment.ts";
import { gpuFolder } from "../gpu/gpu-folder.ts";
import { poolRate } from "./batching.ts";
import { type BatchingModel, encoder, weights } from "./batching-models.ts";
import { type BenchCase, compareRates, type Round } from "./bench-case.ts";

const ROUNDS = 5;
const SPAN_MS = 3_000;
const SEARCH_MS = 1_000;
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** Batches of clients: one computes, one is on its way, one is on its way back. */
const BATCHES_IN_FLIGHT = 3;
const LOAD_TIMEOUT_MS = 300_000;
const REQUIRED = 0.95;

/** Large enough that a card computes most of the time: what moves bytes only is measured by `batching`. */
const MODELS = [
  () => encoder({ name: "340 MB encoder", tokens: 128, width: 768, heads: 12, layers: 12 }),
  deepConvNet,
];

/**
 * Requests of one row through pool and batcher on a card, against the runtime alone in a loop on the same card at the
 * batch size that suits it best. Without a card nothing is measured, and that is said.
 */
export async function benchGpu(): Promise<BenchCase[]> {
  const gpuDir = process.env.SUBFORGE_GPU_DIR;
  const signal = new AbortController().signal;
  const { ready, problems, gpus, driver, provider, runtime } = await examine(gpuFolder({ gpuDir }), signal);
  if (!ready) {
    const why = problems.map(({ what }) => what).join("; ");
    process.stderr.write(`no CUDA device: ${why}; nothing was measured\n`);
    return [];
  }
  const card = `${gpus[0]?.name}, driver ${driver}, CUDA ${provider?.cuda}, onnxruntime ${runtime}`;
  process.stderr.write(`${card}\n`);
  const environment = await gpuEnvironment({ gpuDir, tf32: true });
  const folder = await mkdtemp(join(tmpdir(), "subforge-bench-"));
  try {
    const cases: BenchCase[] = [];
    for (const model of MODELS) cases.push(await benchModel(model(), folder, environment, card));
    return cases;
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function benchModel(
  { name, file, row }: BatchingModel,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
  card: string,
): Promise<BenchCase> {
  const modelPath = join(folder, `${name}.onnx`);
  await writeFile(modelPath, file);
  const raw = new RawLoop(modelPath, environment);
  try {
    const best = await bestBatch(raw);
    const options = { ...DEFAULT_POOL_OPTIONS, modelPath, device: "cuda", environment } as const;
    const clients = best * BATCHES_IN_FLIGHT;
    const pool = await InferencePool.start(
      { ...options, maxRows: best, maxWaiting: clients, loadTimeoutMs: LOAD_TIMEOUT_MS },
      { logger: silentLogger, clock: systemClock },
    );
    try {
      const rounds: Round[] = [];
      await poolRate(pool, row, SEARCH_MS, clients); // warm
      for (let round = 0; round < ROUNDS; round++) {
        const peer = await raw.rate(best, SPAN_MS);
        rounds.push({ ours: await poolRate(pool, row, SPAN_MS, clients), peer });
      }
      return compareRates(`${name}, batch ${best}, on ${card}`, "rows/s", REQUIRED, rounds);
    } finally {
      await pool.close();
    }
  } finally {
    raw.close();
  }
}

async function bestBatch(raw: RawLoop): Promise<number> {
  let [best, bestRate] = [1, 0];
  for (const rows of BATCH_SIZES) {
    await raw.rate(rows, SEARCH_MS / 5); // warm
    const rate = await raw.rate(rows, SEARCH_MS);
    if (rate === 0) break; // it did not fit
    if (rate > bestRate) [best, bestRate] = [rows, rate];
  }
  return best;
}

/** The runtime alone in a process: see `gpu-loop.ts`. */
class RawLoop {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(modelPath: string, environment: Readonly<Record<string, string | undefined>>) {
    this.#process = spawn(process.execPath, [processEntry("bench-gpu-loop"), modelPath], {
      env: environment,
    });
    this.#process.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Rows per second, 0 when the batch does not fit. */
  async rate(rows: number, spanMs: number): Promise<number> {
    this.#process.stdin.write(`${JSON.stringify({ rows, spanMs })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the process of the bare loop ended; what it said stands above");
    return (JSON.parse(value) as { rate: number }).rate;
  }

  close(): void {
    this.#process.stdin.on("error", () => undefined); // it may be gone already
    this.#process.kill("SIGKILL");
  }
}

/** Sixteen convolutions over 64 x 64 pixels in colour. */
function deepConvNet(): BatchingModel {
  const conv = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  const layers = 16;
  const channels = 64;
  const constants: Record<string, OnnxGraph["constants"][string]> = {
    w: weights(channels, 10),
    b: weights(10),
  };
  const nodes: OnnxGraph["nodes"][number][] = [];
  for (let layer = 0; layer < layers; layer++) {
    constants[`c${layer}`] = weights(channels, layer === 0 ? 3 : channels, 3, 3);
    nodes.push(
      {
        op: "Conv",
        inputs: [layer === 0 ? "x" : `a${layer - 1}`, `c${layer}`],
        outputs: [`h${layer}`],
        attributes: conv,
      },
      { op: "Relu", inputs: [`h${layer}`], outputs: [`a${layer}`] },
    );
  }
  nodes.push(
    { op: "GlobalAveragePool", inputs: [`a${layers - 1}`], outputs: ["g"] },
    { op: "Flatten", inputs: ["g"], outputs: ["f"] },
    { op: "Gemm", inputs: ["f", "w", "b"], outputs: ["y"] },
  );
  const graph: OnnxGraph = {
    name: "deep-conv",
    inputs: [{ name: "x", dtype: "float32", shape: ["rows", 3, 64, 64] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["rows", 10] }],
    ...{ nodes, constants },
  };
  return { name: "deep conv net", file: writeOnnx(graph), row: { x: weights(1, 3, 64, 64) } };
}
