import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { type Tensors, tensor } from "../shared/tensor.ts";
import { listModels } from "./models.ts";

/** A real onnxruntime session on one of the models that come with a subnet, for tests only. */
export async function loadModel(
  subnet: string,
  name?: string,
): Promise<{ infer(feeds: Tensors): Promise<Tensors> }> {
  const models = await listModels(subnet);
  const model = name === undefined ? models[0] : models.find((candidate) => candidate.name === name);
  const session = await InferenceSession.create(model!.path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  return {
    async infer({ x }) {
      const input = new OrtTensor("float32", x!.data as Float32Array<ArrayBuffer>, x!.shape);
      const { y } = await session.run({ x: input });
      return { y: tensor("float32", y!.dims, y!.data as Float32Array<ArrayBuffer>) };
    },
  };
}
