import { readModelFile } from "../../miner/inference/model-file.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool } from "../../miner/inference/pool.ts";
import { systemClock } from "../../shared/clock.ts";
import { type ErrorCode, isSubforgeError } from "../../shared/errors.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Tensors } from "../../shared/tensor.ts";
import type { RunModel } from "../../validator/audit/model-auditor.ts";
import { ModelRefusal } from "../../validator/audit/model-refusal.ts";

/** Some rows on one CPU: what takes so long does not end. */
const LOAD_TIMEOUT_MS = 15_000;
const RUN_TIMEOUT_MS = 15_000;
const MAX_ROWS = 256;

/** What a stranger's model does when it is loaded and run; everything else is our own trouble. */
const HOSTILE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["MINER_MODEL_INVALID"]);
const FAILED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "INFERENCE_CRASHED",
  "INFERENCE_INPUT",
  "INFERENCE_QUARANTINED",
]);

/**
 * Runs models of strangers on the CPU, each in a process of its own that reads, checks and loads the file and is gone
 * afterwards.
 */
export function createModelRunner(logger: Logger): RunModel {
  return async ({ path, sha256 }, feeds, signal) => {
    try {
      return await runOnce({ path, sha256 }, feeds, { logger, signal });
    } catch (error) {
      if (signal.aborted) throw error; // its process was killed by us
      if (isOneOf(error, HOSTILE)) throw new ModelRefusal("hostile", String(error));
      if (isOneOf(error, FAILED)) throw new ModelRefusal("failed", String(error));
      throw error;
    }
  };
}

async function runOnce(
  { path, sha256 }: { path: string; sha256: string },
  feeds: Tensors,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
) {
  const pool = await InferencePool.start(
    {
      ...{ ...DEFAULT_POOL_OPTIONS, modelPath: path, sha256, maxRows: MAX_ROWS },
      ...{ loadTimeoutMs: LOAD_TIMEOUT_MS, runTimeoutMs: RUN_TIMEOUT_MS },
    },
    { logger, clock: systemClock, signal },
  );
  try {
    const { y } = await pool.infer(feeds, signal);
    if (!y) throw new ModelRefusal("failed", "it has no output y");
    const { arithmetic } = await readModelFile(path); // the process took it already: nothing in it can hurt
    return { y, precision: arithmetic };
  } finally {
    await pool.close();
  }
}

function isOneOf(error: unknown, codes: ReadonlySet<ErrorCode>): boolean {
  return isSubforgeError(error) && codes.has(error.code);
}
