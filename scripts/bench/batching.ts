import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { joinRows } from "../../miner/inference/feeds.ts";
import { readModelFile } from "../../miner/inference/model-file.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool } from "../../miner/inference/pool.ts";
import { openSession, type Session } from "../../miner/inference/session.ts";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import { type BatchingModel, convNet, encoder, mlp } from "./batching-models.ts";
import { type BenchCase, compareCosts, compareRates, median, type Round } from "./bench-case.ts";

const CLIENTS = 64;
const ROUNDS = 5;
const SPAN_MS = 1_000;
/** A median of fewer says little. */
const MIN_ARRIVALS = 60;
const SEARCH_MS = 250;
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64];
/** Up to half of the clients: one batch computes while one is on its way. */
const POOL_ROWS = [8, 16, 24, 32];
/** Until both processes have compiled what they run. */
const WARM_MS = 1_500;
const LOW_LOAD = 0.2;
const ALLOWED_MS = 1;

/**
 * Closed-loop clients through pool and batcher, against the runtime alone in a loop at the batch size that suits it
 * best; and what batching adds to the latency while there is nobody to share a batch with. One thread each.
 */
export async function benchBatching(): Promise<BenchCase[]> {
  const folder = await mkdtemp(join(tmpdir(), "subforge-bench-"));
  try {
    return [
      ...(await benchModel(folder, convNet(), { ofRaw: 0.9 })),
      ...(await benchModel(folder, encoder(), { ofRaw: 0.9 })),
      ...(await benchModel(folder, mlp(), { ofRaw: 0.4, ofSingle: 4 })),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function benchModel(
  folder: string,
  model: BatchingModel,
  required: { ofRaw: number; ofSingle?: number },
): Promise<BenchCase[]> {
  const modelPath = join(folder, `${model.name}.onnx`);
  await writeFile(modelPath, model.file);
  const raw = await openSession(await readModelFile(modelPath), { device: "cpu", threads: 1 });
  const start = (maxRows: number) =>
    InferencePool.start(
      { ...DEFAULT_POOL_OPTIONS, modelPath, maxRows, environment: process.env },
      { logger: silentLogger, clock: systemClock },
    );
  const best = await bestBatch(raw, model.row);
  const { pool: batched, rows } = await bestPool(start, model.row);
  const single = await start(1);
  try {
    const ofRaw: Round[] = [];
    const ofSingle: Round[] = [];
    const latency: Round[] = [];
    await poolRate(single, model.row, WARM_MS);
    for (let round = 0; round < ROUNDS; round++) {
      const peer = await rawRate(raw, model.row, best, SPAN_MS);
      const ours = await poolRate(batched, model.row, SPAN_MS);
      const alone = await poolRate(single, model.row, SPAN_MS);
      ofRaw.push({ ours, peer });
      ofSingle.push({ ours, peer: alone });
      const rate = alone * LOW_LOAD;
      const unbatched = await p50Ms(single, model.row, rate);
      latency.push({ ours: await p50Ms(batched, model.row, rate), peer: unbatched + ALLOWED_MS });
    }
    const cases = [
      compareRates(
        `${model.name}: batches of ${rows}, against the runtime alone with ${best}`,
        "rows/s",
        required.ofRaw,
        ofRaw,
      ),
      compareCosts(`${model.name}: p50 at 20 % load, unbatched + ${ALLOWED_MS} ms`, "ms", 1, latency),
    ];
    if (required.ofSingle !== undefined) {
      const what = `${model.name}: against one request at a time`;
      cases.push(compareRates(what, "rows/s", required.ofSingle, ofSingle));
    }
    return cases;
  } finally {
    await Promise.all([batched.close(), single.close(), raw.release()]);
  }
}

async function bestBatch(raw: Session, row: Tensors): Promise<number> {
  let [best, bestRate] = [1, 0];
  for (const size of BATCH_SIZES) {
    await rawRate(raw, row, size, SEARCH_MS / 5); // warm
    const rate = await rawRate(raw, row, size, SEARCH_MS);
    if (rate > bestRate) [best, bestRate] = [size, rate];
  }
  return best;
}

/** The pool with the batches that suit it best, as `subforge miner bench` finds them: that is how it would be run. */
async function bestPool(start: (maxRows: number) => Promise<InferencePool>, row: Tensors) {
  let best: { pool: InferencePool; rows: number; rate: number } | undefined;
  for (const rows of POOL_ROWS) {
    const pool = await start(rows);
    await poolRate(pool, row, WARM_MS);
    const rate = await poolRate(pool, row, SEARCH_MS);
    if (best && rate <= best.rate) await pool.close();
    else {
      await best?.pool.close();
      best = { pool, rows, rate };
    }
  }
  return best!;
}

/** Rows per second of the runtime in a bare loop, on a batch that was joined before. */
export async function rawRate(raw: Session, row: Tensors, size: number, spanMs: number): Promise<number> {
  const feeds = joinRows(Array<Tensors>(size).fill(row));
  const startMs = performance.now();
  let rows = 0;
  while (performance.now() < startMs + spanMs) {
    await raw.run(feeds);
    rows += size;
  }
  return (rows * 1000) / (performance.now() - startMs);
}

/** Rows per second of clients that each wait for their answer and ask again. */
export async function poolRate(
  pool: InferencePool,
  row: Tensors,
  spanMs: number,
  clients = CLIENTS,
): Promise<number> {
  const startMs = performance.now();
  let rows = 0;
  const client = async () => {
    const { signal } = new AbortController();
    while (performance.now() < startMs + spanMs) {
      await pool.infer(row, signal);
      rows += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return (rows * 1000) / (performance.now() - startMs);
}

/** Median latency while requests arrive at random moments, whoever is still waiting. */
async function p50Ms(pool: InferencePool, row: Tensors, perSecond: number): Promise<number> {
  const latencies: number[] = [];
  const answers: Promise<void>[] = [];
  const ask = async () => {
    const askedMs = performance.now();
    await pool.infer(row, new AbortController().signal);
    latencies.push(performance.now() - askedMs);
  };
  const endMs = performance.now() + Math.max(SPAN_MS, (MIN_ARRIVALS * 1000) / perSecond);
  let nextMs = performance.now();
  let state = 1;
  while (nextMs < endMs) {
    while (nextMs <= performance.now()) {
      answers.push(ask());
      state = (state * 48_271) % 2_147_483_647; // the same arrivals each time
      nextMs += (-Math.log(state / 2_147_483_647) * 1000) / perSecond;
    }
    await systemClock.sleep(Math.max(0, nextMs - performance.now()));
  }
  await Promise.all(answers);
  return median(latencies);
}
