import type { ModelPort } from "../inference/model-guard.ts";
import type { ServedModel } from "../inference/served-model.ts";
import { datatypeOf } from "./datatypes.ts";
import { MODEL_VERSION } from "./infer.ts";

/*
 * What a client may ask about this server before it infers. All of it is in the model file or in this program: nothing
 * here tells one caller about another.
 *
 * Sources: kserve/open-inference-protocol, inference_rest.md; triton-inference-server/server, docs/protocol:
 * extension_model_configuration.md, extension_model_repository.md.
 */

const PLATFORM = "onnxruntime_onnx";
/** "Any size", and also the only thing to say of a shape that the file leaves open. */
const ANY = -1;

/** @param version - Of this program. */
export function describeServer(version: string): object {
  return { name: "subforge", version, extensions: ["binary_tensor_data", "model_configuration"] };
}

export function describeModel({ name, info }: ServedModel): object {
  const port = ({ name, dtype, shape }: ModelPort) => ({
    name,
    datatype: datatypeOf(dtype),
    shape: sizes(shape),
  });
  return {
    ...{ name, versions: [MODEL_VERSION], platform: PLATFORM },
    inputs: info.inputs.map(port),
    outputs: info.outputs.map(port),
  };
}

/** Shapes are whole, as in the metadata: `max_batch_size` 0 says that no dimension is left out of them. */
export function describeConfig({ name, info }: ServedModel): object {
  const port = ({ name, dtype, shape }: ModelPort) => ({
    ...{ name, data_type: configType(datatypeOf(dtype)), dims: sizes(shape) },
  });
  return {
    ...{ name, platform: PLATFORM, backend: "onnxruntime", max_batch_size: 0 },
    input: info.inputs.map(port),
    output: info.outputs.map(port),
  };
}

/** Also the models that are not ready, with the reason. */
export function describeRepository(models: readonly ServedModel[]): object[] {
  return models.map(({ name, isReady }) => ({
    ...{ name, version: MODEL_VERSION },
    ...(isReady
      ? { state: "READY", reason: "" }
      : { state: "UNAVAILABLE", reason: "no process has it loaded" }),
  }));
}

function configType(datatype: string): string {
  return `TYPE_${datatype}`;
}

function sizes(shape: ModelPort["shape"]): number[] {
  return shape === null ? [ANY] : shape.map((size) => size ?? ANY);
}
