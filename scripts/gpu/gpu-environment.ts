import { cudaEnvironment } from "../../miner/gpu/cuda-environment.ts";
import { inspectCuda } from "../../miner/gpu/cuda-report.ts";
import { gpuFolder } from "./gpu-folder.ts";

/** Variables for inference processes that use CUDA, wherever its libraries are on this machine. */
export async function gpuEnvironment(
  args: { gpuDir: string | undefined; tf32: boolean },
  signal?: AbortSignal,
): Promise<Readonly<Record<string, string | undefined>>> {
  const { runtimeFolder, libraryFolders } = await inspectCuda(gpuFolder(args), process.env, signal);
  return cudaEnvironment(process.env, { runtimeFolder, libraryFolders, tf32: args.tf32 });
}
