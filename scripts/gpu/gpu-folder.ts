import { homedir } from "node:os";
import { join } from "node:path";
import { runtimeVersion } from "../../miner/gpu/cuda-report.ts";

/**
 * Where the CUDA build of the runtime is, or would be: outside node_modules, because `npm ci` empties that, and by
 * release, because runtime and provider must be of one. Resolves `gpuOptions`.
 */
export function gpuFolder(args: { gpuDir: string | undefined }): string {
  const data = process.env.XDG_DATA_HOME || join(homedir(), ".local", "share");
  return join(args.gpuDir ?? join(data, "subforge", "gpu"), `onnxruntime-${runtimeVersion()}`);
}
