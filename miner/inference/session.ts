import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { SubforgeError } from "../../shared/errors.ts";
import { isDtype, type Tensor, type Tensors } from "../../shared/tensor.ts";
import { type CudaOptions, type Device, type DeviceChoice, openOnDevice, placement } from "./device.ts";
import { checkFeeds } from "./feeds.ts";
import type { ModelFile } from "./model-file.ts";

export type SessionOptions = {
  device: DeviceChoice;
  /** CPU threads of one run. */
  threads: number;
  cuda?: CudaOptions | undefined;
};

/** A loaded model. `run` computes on the calling thread although it returns a promise. */
export type Session = {
  device: Device;
  /** @throws SubforgeError INFERENCE_INPUT; anything else is the runtime's own failure */
  run(feeds: Tensors): Promise<Tensors>;
  release(): Promise<void>;
};

const LOG_ERRORS_ONLY = 3;

/** @throws SubforgeError MINER_MODEL_INVALID, MINER_NO_CUDA */
export async function openSession(
  model: ModelFile,
  { device: choice, threads, cuda }: SessionOptions,
): Promise<Session> {
  const open = async (device: Device) => {
    const options: InferenceSession.SessionOptions = {
      ...placement(device, cuda),
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: "sequential",
      logSeverityLevel: LOG_ERRORS_ONLY,
    };
    // External weights are found next to the file; otherwise the bytes that were inspected are the ones that run.
    return model.info.externalFiles.length > 0
      ? InferenceSession.create(model.path, options)
      : InferenceSession.create(model.bytes, options);
  };
  const { session, device } = await openOnDevice(choice, open).catch((error: unknown) => {
    if (error instanceof SubforgeError) throw error;
    throw new SubforgeError("MINER_MODEL_INVALID", { path: model.path, problem: firstLine(error) });
  });
  return {
    device,
    run: async (feeds) => {
      checkFeeds(feeds, model.info);
      return fromOrt(await session.run(toOrt(feeds)));
    },
    release: () => session.release(),
  };
}

function toOrt(feeds: Tensors): Record<string, OrtTensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
      name,
      new OrtTensor(dtype, data as never, shape),
    ]),
  );
}

function fromOrt(outputs: InferenceSession.ReturnType): Tensors {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => {
      const { type, dims, data } = value as OrtTensor;
      if (!isDtype(type)) throw new Error(`output ${name} has type ${type}, which cannot travel`);
      return [name, { dtype: type, shape: dims, data } as Tensor];
    }),
  );
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.slice(0, 300);
}
