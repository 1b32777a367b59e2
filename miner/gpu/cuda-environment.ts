import { delimiter } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

export type CudaEnvironmentOptions = {
  /**
   * Folder with a CUDA build of the runtime, as `subforge gpu install` makes it; undefined: the runtime of the package
   * and whatever lies next to it.
   */
  runtimeFolder?: string | undefined;
  /** Other folders with CUDA libraries, as `findLibraries` found them. */
  libraryFolders?: readonly string[];
  /** Let cuBLAS and cuDNN round float32 factors to 10 bits on tensor cores. CUDA's default is to do so. */
  tf32: boolean;
};

/**
 * Variables for an inference process that uses CUDA, to be given to the pool as its `environment`.
 *
 * The binding looks for `libonnxruntime.so.1` in LD_LIBRARY_PATH before its own folder, and the runtime looks for its CUDA
 * provider in the folder that it was loaded from itself: so one folder in front brings the runtime, its provider and
 * CUDA's libraries together, and nothing inside node_modules is touched. Cards are numbered as `nvidia-smi` does.
 */
export function cudaEnvironment(environment: Environment, options: CudaEnvironmentOptions): Environment {
  const folders = [
    options.runtimeFolder,
    ...(environment.LD_LIBRARY_PATH ?? "").split(delimiter),
    ...(options.libraryFolders ?? []),
  ].filter((folder) => folder !== undefined && folder !== "");
  return {
    ...environment,
    CUDA_DEVICE_ORDER: "PCI_BUS_ID", // CUDA's own order puts what it takes for the fastest card first
    ...(folders.length > 0 && { LD_LIBRARY_PATH: [...new Set(folders)].join(delimiter) }),
    ...(!options.tf32 && { NVIDIA_TF32_OVERRIDE: "0" }),
  };
}
