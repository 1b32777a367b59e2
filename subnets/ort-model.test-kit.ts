import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { type Tensors, tensor } from "../shared/tensor.ts";
import { listModels } from "./models.ts";

/** A real onnxruntime session on one of the models that come with a subnet, for tests only. */
export async function loadModel(
  subnet: string,
  name?: string,
  preset?: string,
): Promise<{ infer(feeds: Tensors): Promise<Tensors> }> {
  const models = await listModels(subnet, preset);
  const model = name === undefined ? models[0] : models.find((candidate) => candidate.name === name);
  const session = await InferenceSession.create(model!.path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  return {
    async infer(feeds) {
      const inputs = Object.entries(feeds).map(([key, { dtype, data, shape }]) => {
        const values = data as Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>;
        return [key, new OrtTensor(dtype as "float32" | "int64", values, shape)] as const;
      });
      const { y } = await session.run(Object.fromEntries(inputs));
      return { y: tensor("float32", y!.dims, y!.data as Float32Array<ArrayBuffer>) };
    },
  };
}
