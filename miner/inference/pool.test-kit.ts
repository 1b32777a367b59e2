import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { type Logger, silentLogger } from "../../shared/logger.ts";
import { tensor } from "../../shared/tensor.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool, type PoolOptions } from "./pool.ts";

/** The signal of a caller who waits for ever. */
export const never = new AbortController().signal;

/** Rows of two for the doubler and its like. */
export const row = (...values: number[]) => ({
  x: tensor("float32", [values.length / 2, 2], Float32Array.from(values)),
});

/** A folder for the models of this test file, and an end after each test for whatever was opened in it. */
export function modelFolder() {
  let folder: string;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "subforge-models-"));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function put(model: Uint8Array): Promise<string> {
    const path = join(folder, `${Math.random()}.onnx`);
    await writeFile(path, model);
    return path;
  }
  function closing<Opened extends { close(): Promise<void> }>(opened: Opened): Opened {
    open.push(opened);
    return opened;
  }
  async function startPool(
    model: Uint8Array,
    options: Partial<PoolOptions> = {},
    logger: Logger = silentLogger,
  ): Promise<{ pool: InferencePool; modelPath: string }> {
    const modelPath = await put(model);
    const all = { ...DEFAULT_POOL_OPTIONS, modelPath, ...options };
    const pool = closing(await InferencePool.start(all, { logger, clock: systemClock }));
    return { pool, modelPath };
  }
  return { path: () => folder, put, closing, startPool };
}

/** Resolves with the fields of the next event of that name. */
export function listen(event: string): { heard: Promise<Record<string, unknown>>; logger: Logger } {
  let hear = (_fields: Record<string, unknown>) => {};
  const heard = new Promise<Record<string, unknown>>((resolve) => {
    hear = resolve;
  });
  const note = (name: string, fields: Record<string, unknown> = {}) => {
    if (name === event) hear(fields);
  };
  return { heard, logger: { info: note, warn: note, error: note, debug: note } };
}
