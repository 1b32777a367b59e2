import type { DeviceChoice } from "../../miner/inference/device.ts";
import { gpuEnvironment } from "../gpu/gpu-environment.ts";

/** Variables for inference processes: with CUDA, those that lead to its libraries on this machine. */
export async function inferenceEnvironment(args: {
  device: DeviceChoice;
  gpuDir: string | undefined;
  /** Default true, as CUDA's. */
  tf32?: boolean;
}): Promise<Readonly<Record<string, string | undefined>>> {
  const { device, gpuDir, tf32 = true } = args;
  return device === "cpu" ? process.env : gpuEnvironment({ gpuDir, tf32 });
}
