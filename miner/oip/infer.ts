import type { WireHeaders } from "../../shared/wire/btauth.ts";
import type { ServedModel } from "../inference/served-model.ts";
import type { Reply } from "../route.ts";
import { encodeInferReply, type InferOutput } from "./infer-reply.ts";
import { type InferRequest, parseInferRequest } from "./infer-request.ts";
import { oipInvalid, printable } from "./invalid.ts";

/** The only one: a file that is replaced keeps its name and its number, its digest tells them apart. */
export const MODEL_VERSION = "1";

/**
 * One inference: parse, run, encode.
 *
 * @throws SubforgeError OIP_INVALID, and what `ServedModel.infer` throws
 */
export async function infer(
  model: ServedModel,
  { body, headers }: { body: Uint8Array; headers: WireHeaders },
  run: (feeds: InferRequest["feeds"]) => ReturnType<ServedModel["infer"]>,
): Promise<Reply> {
  const request = parseInferRequest(body, headers);
  const wanted = wantedOutputs(request, model);
  const results = await run(request.feeds);
  const outputs = wanted.map(({ name, binary }): InferOutput => {
    const tensor = results[name];
    if (!tensor) throw new Error(`the model gave no output ${name}`);
    return { name, tensor, binary };
  });
  return encodeInferReply({ model: model.name, version: MODEL_VERSION, id: request.id }, outputs);
}

/** Before the model runs: a misspelt name shall cost nothing. */
function wantedOutputs(
  { outputs, binary }: InferRequest,
  { info }: ServedModel,
): { name: string; binary: boolean }[] {
  if (!outputs) return info.outputs.map(({ name }) => ({ name, binary }));
  for (const { name } of outputs) {
    if (!info.outputs.some((port) => port.name === name))
      throw oipInvalid(`${printable(name)} is no output of this model`);
  }
  return [...outputs];
}
