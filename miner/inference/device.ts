import type { InferenceSession } from "onnxruntime-node";
import { SubforgeError } from "../../shared/errors.ts";

/** What an operator may ask for. `auto` takes CUDA when it loads, and the status says which one it is. */
export const DEVICES = ["cpu", "cuda", "auto"] as const;
export type DeviceChoice = (typeof DEVICES)[number];

/** Where a model really runs. */
export type Device = "cpu" | "cuda";

/**
 * How one session uses CUDA: all that onnxruntime-node 1.30 can be told.
 *
 * Its binding reads `name` and `deviceId` of an execution provider, text entries of a session, and of a run only its tag
 * and log level. So there is no memory limit of the arena, no way to choose how it grows, no shrinking after a run, and,
 * for want of fixed buffers, no CUDA graph: none of these is offered here. A limit of memory is kept by looking at the
 * process (`miner/gpu/gpu-sampler.ts`) and recycling it between batches. TF32 is switched by the process's environment
 * (`miner/gpu/cuda-environment.ts`).
 *
 * Source: microsoft/onnxruntime, js/node/src/session_options_helper.cc and run_options_helper.cc.
 */
export type CudaOptions = {
  /** Among the cards the process may see, in the order of `nvidia-smi` when `cudaEnvironment` made its environment. */
  deviceId: number;
  /** Refuse a model of which any node would run on the CPU. Shapes are often computed there, and that costs little. */
  wholeGraph: boolean;
};

export const DEFAULT_CUDA: CudaOptions = { deviceId: 0, wholeGraph: false };

/** The part of a session's options that says where it runs. */
export function placement(
  device: Device,
  { deviceId, wholeGraph }: CudaOptions = DEFAULT_CUDA,
): Pick<InferenceSession.SessionOptions, "executionProviders" | "extra"> {
  if (device === "cpu") return { executionProviders: ["cpu"] };
  return {
    executionProviders: [{ name: "cuda", deviceId }],
    ...(wholeGraph && { extra: { session: { disable_cpu_ep_fallback: "1" } } }),
  };
}

/**
 * Opens a session where it was asked for. A miner that asked for CUDA never runs on the CPU without saying so.
 *
 * @param open - Opens the model with one execution provider, or throws.
 * @throws SubforgeError MINER_NO_CUDA when the model opens on the CPU and not on CUDA
 * @throws what `open` throws for the CPU
 */
export async function openOnDevice<Session>(
  choice: DeviceChoice,
  open: (device: Device) => Promise<Session>,
): Promise<{ session: Session; device: Device }> {
  if (choice !== "cpu") {
    try {
      return { session: await open("cuda"), device: "cuda" };
    } catch (error) {
      if (choice === "cuda") {
        await open("cpu"); // is it the provider, or the model?
        throw new SubforgeError("MINER_NO_CUDA", { reason: cudaReason(error) });
      }
    }
  }
  return { session: await open("cpu"), device: "cpu" };
}

/** What the runtime, cuBLAS and cuDNN say when the card has no memory left. The process and its session go on. */
const OUT_OF_MEMORY = [
  /failed to allocate memory for requested buffer/i,
  /available memory of \d+ is smaller than requested/i,
  /cuda (failure|error) 2\b|cudaErrorMemoryAllocation/i,
  /CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_(ALLOC_FAILED|INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)/,
];

/** @returns true when a run failed for want of memory: a smaller batch may still fit. */
export function isOutOfMemory(error: unknown): boolean {
  const text = messageOf(error);
  return OUT_OF_MEMORY.some((pattern) => pattern.test(text));
}

/** After these CUDA errors every later call of the process fails too. Source: CUDA runtime API, cudaError. */
const STICKY_CUDA_ERRORS = new Set([
  46, 214, 220, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719, 720, 721,
]);

/** @returns true when the process lost its card, by a kernel that went wrong or a card that did: start another process. */
export function isDeviceLost(error: unknown): boolean {
  const code = /CUDA (?:failure|error) (\d+)/i.exec(messageOf(error))?.[1];
  return code !== undefined && STICKY_CUDA_ERRORS.has(Number(code));
}

const MAX_REASON_CHARS = 200;

/** CUDA's own words, without the places in the runtime's source around them. */
function cudaReason(error: unknown): string {
  const text = messageOf(error);
  const failure = /CUDA failure \d+: [^;\n]*/.exec(text)?.[0].trim();
  return (failure ?? text.split("\n")[0]!).slice(0, MAX_REASON_CHARS);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
