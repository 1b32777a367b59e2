import { join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/process-entry.ts";
import { pythonEnv } from "../interop/python-env.ts";
import { runProgram } from "../interop/run-program.ts";

const TIMEOUT_MS = 120_000;

/** The Python that has numpy, or why there is none: a benchmark then says so and goes on without that peer. */
export async function findNumpy(): Promise<{ path: string } | { absent: string }> {
  try {
    return { path: (await pythonEnv("numpy")).python };
  } catch (error) {
    const isAbsent =
      error instanceof SubforgeError && (error.code === "PYTHON_MISSING" || error.code === "PYTHON_PACKAGES");
    if (isAbsent) return { absent: error.message };
    throw error;
  }
}

/**
 * Runs a script of this folder on one core.
 *
 * @param python - As found by `findNumpy`.
 * @param input - One JSON object, as its only line of input.
 * @returns The JSON it printed.
 */
export async function runNumpy<Found>(
  python: string,
  script: string,
  words: readonly string[],
  input: object,
): Promise<Found> {
  const path = join(packageRoot(), "scripts", "bench", script);
  const { code, stdout, stderr } = await runProgram(python, [path, ...words], {
    timeoutMs: TIMEOUT_MS,
    input: `${JSON.stringify(input)}\n`,
    env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
  });
  if (code !== 0) throw new Error(`numpy ended with ${code}: ${stderr.slice(-300)}`);
  return JSON.parse(stdout);
}
