import type { Gpu } from "./nvidia-smi.ts";

/**
 * The cards that a process may use, in the order in which it numbers them.
 *
 * CUDA_VISIBLE_DEVICES names them by index, or by the beginning of an id; what follows the first name that fits no card is
 * hidden too. A slice of a card counts as its card, since which one it is cut from is not told here.
 *
 * Source: NVIDIA, CUDA C++ programming guide, environment variables.
 *
 * @param gpus - In the order of the bus, as `cudaEnvironment` has CUDA number them.
 * @param variable - Undefined: all.
 */
export function visibleGpus(gpus: readonly Gpu[], variable: string | undefined): Gpu[] {
  if (variable === undefined) return [...gpus];
  const visible: Gpu[] = [];
  for (const name of variable.split(",").map((part) => part.trim())) {
    const gpu = findGpu(gpus, name);
    if (gpu === undefined || (visible.includes(gpu) && !name.startsWith("MIG-"))) break;
    visible.push(gpu);
  }
  return visible;
}

function findGpu(gpus: readonly Gpu[], name: string): Gpu | undefined {
  if (/^\d+$/.test(name)) return gpus.find(({ index }) => index === Number(name));
  if (name.startsWith("MIG-")) return gpus[0];
  return name.startsWith("GPU-") ? gpus.find(({ uuid }) => uuid.startsWith(name)) : undefined;
}
