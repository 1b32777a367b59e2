import { availableParallelism } from "node:os";
import type { DeviceChoice } from "../../miner/inference/device.ts";
import { joinRows, rowsPerRun, zeroRow } from "../../miner/inference/feeds.ts";
import { readModelFile } from "../../miner/inference/model-file.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool } from "../../miner/inference/pool.ts";
import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import { createOutput, createProgress, table } from "../output.ts";
import { describePorts } from "./describe-model.ts";
import { inferenceEnvironment } from "./inference-environment.ts";
import { toModelEntries } from "./model-entries.ts";

/** The parsed flags of `subforge miner bench`. */
export type BenchModelArgs = {
  json: boolean;
  model: readonly string[];
  device: DeviceChoice;
  gpuDir: string | undefined;
  /** Of each case. */
  seconds: number;
};

/** What one way of asking gave. Latency is of one request of `rows` rows. */
export type BenchCase = {
  processes: number;
  threads: number;
  rows: number;
  rowsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Throughput over that of one row at a time in one process with one thread. */
  ratio: number;
};

type Layout = { processes: number; threads: number };

const MAX_ROWS = 256;
/** Requests on their way per process: while one computes, the next one travels. */
const IN_FLIGHT = 2;
/** Fewer rows for nearly the same throughput answer sooner. */
const GOOD_ENOUGH = 0.95;
/** A run that takes longer keeps callers waiting whatever it brings. */
const MAX_RUN_MS = 1_000;

/**
 * Measures a model through the very pool that serves it, on this machine as it is now.
 *
 * @throws SubforgeError MINER_BENCH_SHAPE for a model that has no size to be asked with, and what the pool throws
 */
export async function benchModel(args: BenchModelArgs): Promise<void> {
  const { path } = toModelEntries(args.model)[0]!;
  const { info } = await readModelFile(path);
  const row = zeroRow(info);
  if (!row) throw new SubforgeError("MINER_BENCH_SHAPE", { path, ports: describePorts(info) });
  const environment = await inferenceEnvironment(args);
  const progress = createProgress();
  const cores = availableParallelism();
  let device = "cpu";
  const measureAll = async (layout: Layout, sizes: readonly number[]): Promise<BenchCase[]> => {
    const options = { ...DEFAULT_POOL_OPTIONS, ...layout, modelPath: path, device: args.device };
    const pool = await InferencePool.start(
      { ...options, maxRows: MAX_ROWS, runTimeoutMs: 60_000, environment },
      { logger: silentLogger, clock: systemClock },
    );
    device = pool.device ?? device;
    try {
      return await measureSizes(pool, row, layout, sizes, args.seconds * 1_000, progress);
    } finally {
      await pool.close();
    }
  };
  const sizes = rowsPerRun(info) === Number.POSITIVE_INFINITY ? powersOfTwo(MAX_ROWS) : [1];
  const one: Layout = { processes: 1, threads: 1 };
  const cases = await measureAll(one, sizes);
  const rows = bestRows(cases);
  const others =
    device === "cuda" || cores === 1
      ? []
      : [
          { processes: 1, threads: cores },
          { processes: cores, threads: 1 },
        ];
  for (const layout of others) cases.push(...(await measureAll(layout, [rows])));
  const base = cases[0]!.rowsPerSecond;
  const rated = cases.map((each) => ({ ...each, ratio: each.rowsPerSecond / base }));
  const best = recommend(rated, rows);
  const recommended = { maxBatchRows: rows, processes: best.processes, threads: best.threads };
  createOutput(args).result({ model: path, device, cores, cases: rated, recommended, ratio: best.ratio }, [
    `${describePorts(info)} on ${device}, ${cores} cores`,
    ...table([
      ["processes", "threads", "rows", "rows/s", "p50", "p99", "to one at a time"],
      ...rated.map(toRow),
    ]),
    `best: --max-batch-rows ${rows} --processes ${best.processes} --threads ${best.threads}, ` +
      `${best.ratio.toFixed(1)} times one row at a time`,
  ]);
}

/** The first case is one row at a time, one after the other. Sizes that only make callers wait longer are left out. */
async function measureSizes(
  pool: InferencePool,
  row: Tensors,
  layout: Layout,
  sizes: readonly number[],
  forMs: number,
  progress: (text: string) => void,
): Promise<BenchCase[]> {
  const cases: BenchCase[] = [];
  for (const rows of sizes) {
    const feeds = joinRows(Array.from({ length: rows }, () => row));
    const clients = rows === 1 && layout.processes === 1 ? 1 : IN_FLIGHT * layout.processes;
    await measure(pool, feeds, clients, forMs / 4); // warm
    const measured = await measure(pool, feeds, clients, forMs);
    cases.push({ ...layout, rows, ...measured, rowsPerSecond: measured.requestsPerSecond * rows, ratio: 1 });
    progress(`${rows} rows: ${Math.round(measured.requestsPerSecond * rows)} rows/s`);
    if (measured.p50Ms > MAX_RUN_MS) break;
  }
  return cases;
}

async function measure(pool: InferencePool, feeds: Tensors, clients: number, forMs: number) {
  const latencies: number[] = [];
  const never = new AbortController().signal;
  const startMs = performance.now();
  const client = async () => {
    do {
      const askedMs = performance.now();
      await pool.infer(feeds, never);
      latencies.push(performance.now() - askedMs);
    } while (performance.now() - startMs < forMs);
  };
  await Promise.all(Array.from({ length: clients }, client));
  const tookMs = performance.now() - startMs;
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { requestsPerSecond: (1_000 * sorted.length) / tookMs, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** The fewest rows that bring nearly as much as the best. */
function bestRows(cases: readonly Pick<BenchCase, "rows" | "rowsPerSecond">[]): number {
  const most = Math.max(...cases.map(({ rowsPerSecond }) => rowsPerSecond));
  return cases.find(({ rowsPerSecond }) => rowsPerSecond >= GOOD_ENOUGH * most)!.rows;
}

/** Among the layouts at that many rows. */
function recommend(cases: readonly BenchCase[], rows: number): BenchCase {
  return cases
    .filter((each) => each.rows === rows)
    .reduce((a, b) => (b.rowsPerSecond > a.rowsPerSecond ? b : a));
}

function powersOfTwo(max: number): number[] {
  return Array.from({ length: Math.log2(max) + 1 }, (_, power) => 2 ** power);
}

function toRow({ processes, threads, rows, rowsPerSecond, p50Ms, p99Ms, ratio }: BenchCase): string[] {
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  return [
    ...[processes, threads, rows, Math.round(rowsPerSecond)].map(String),
    ...[ms(p50Ms), ms(p99Ms), ratio.toFixed(2)],
  ];
}
