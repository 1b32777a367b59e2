import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { Dtype, Tensor, Tensors } from "../shared/tensor.ts";

/** A real onnxruntime session on a graph that was built, for tests only. */
export async function runOnOrt(graph: Uint8Array, feeds: Tensors, threads = 1): Promise<Tensors> {
  const { run, close } = await openOnOrt(graph, threads);
  return run(feeds).finally(close);
}

/** The same for many runs of one graph. */
export async function openOnOrt(graph: Uint8Array, threads = 1) {
  const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 } as const;
  const session = await InferenceSession.create(graph, options);
  const run = async (feeds: Tensors): Promise<Tensors> => {
    const inputs = Object.entries(feeds).map(([name, { dtype, data, shape }]) => {
      return [name, new OrtTensor(dtype as "float32", data as Float32Array<ArrayBuffer>, shape)] as const;
    });
    const outputs = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { dims, data, type }]) => [
        name,
        { dtype: type as Dtype, shape: dims, data } as Tensor,
      ]),
    );
  };
  return { run, close: () => session.release() };
}
