import { type CudaReport, inspectCuda } from "../../miner/gpu/cuda-report.ts";
import { EXIT } from "../../shared/errors.ts";
import { createOutput, table } from "../output.ts";
import { tryCuda } from "./try-cuda.ts";

/** What `gpu check` found. */
export type CheckedGpu = CudaReport & {
  /** Nothing was missing, so a model was run on the cards. */
  tried: boolean;
  /** It ran on every card. */
  ready: boolean;
};

const GIB = 2 ** 30;

/** Says what this machine has for CUDA, and what is missing, by name. Ends with 8 when a model cannot run on it. */
export async function checkGpu(args: { folder: string; json: boolean }, signal: AbortSignal): Promise<void> {
  const checked = await examine(args.folder, signal);
  createOutput(args).result(checked, describe(checked));
  if (!checked.ready) process.exitCode = EXIT.notReady;
}

/** Looks; and where nothing is missing, tries. */
export async function examine(folder: string, signal: AbortSignal): Promise<CheckedGpu> {
  const report = await inspectCuda(folder, process.env, signal);
  if (report.problems.length > 0) return { ...report, tried: false, ready: false };
  const deviceIds = report.gpus.map((_, id) => id);
  const trial = await tryCuda(report, { device: "cuda", deviceIds, signal });
  if (trial.ok) return { ...report, tried: true, ready: true };
  const problem = { what: trial.reason, next: "run: subforge explain MINER_NO_CUDA" };
  return { ...report, tried: true, ready: false, problems: [problem] };
}

function describe({ driver, runtime, gpus, provider, libraries, problems, ready }: CheckedGpu): string[] {
  const gib = (bytes: number | undefined) => (bytes === undefined ? "?" : (bytes / GIB).toFixed(1));
  return [
    `driver   ${driver ?? "none"}`,
    ...gpus.map(({ index, name, memoryBytes, usedBytes, capability, celsius }) => {
      const heat = celsius === undefined ? "" : `, ${celsius} °C`;
      return `GPU ${index}    ${name}, ${gib(usedBytes)} of ${gib(memoryBytes)} GiB in use, capability ${capability ?? "?"}${heat}`;
    }),
    `runtime  onnxruntime ${runtime}, ${provider ? `CUDA ${provider.cuda ?? "?"} provider in ${provider.path}` : "without CUDA provider"}`,
    ...(libraries.length === 0
      ? []
      : table([["library", "found"], ...libraries.map(({ name, path }) => [name, path ?? "missing"])])),
    ...problems.flatMap(({ what, next }) => [`problem  ${what}`, `         ${next}`]),
    ready ? "ready    a model ran on every card" : "not ready",
  ];
}
