import { type Tensor, tensorBytes } from "../../shared/tensor.ts";
import type { Reply } from "../route.ts";
import { datatypeOf } from "./datatypes.ts";
import { HEADER_LENGTH } from "./infer-request.ts";
import { tensorToJson } from "./json-values.ts";

const JSON_TYPE = "application/json";
const BINARY_TYPE = "application/octet-stream";
/** Of the widest element: values that begin at a multiple of it can be read where they are. */
const ALIGNMENT = 8;

/** One output of a reply, in the form the client asked for. */
export type InferOutput = { name: string; tensor: Tensor; binary: boolean };

/**
 * A JSON object, and after it the raw values of the binary outputs in their order. Blanks fill the object up, so that
 * the first value is aligned.
 *
 * @throws SubforgeError OIP_INVALID for values that JSON cannot say
 */
export function encodeInferReply(
  { model, version, id }: { model: string; version: string; id: string | undefined },
  outputs: readonly InferOutput[],
): Reply {
  const head = { model_name: model, model_version: version, ...(id === undefined ? {} : { id }) };
  const texts = outputs.map(outputText);
  const json = `${JSON.stringify(head).slice(0, -1)},"outputs":[${texts.join()}]}`;
  const parts = outputs.flatMap(({ tensor, binary }) => (binary ? [tensorBytes(tensor)] : []));
  if (parts.length === 0) return { status: 200, contentType: JSON_TYPE, body: Buffer.from(json) };
  const bytes = Buffer.byteLength(json);
  const text = Buffer.from(json.padEnd(json.length + ((ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT)));
  return {
    status: 200,
    contentType: BINARY_TYPE,
    headers: { [HEADER_LENGTH]: String(text.length) },
    body: Buffer.concat([text, ...parts]),
  };
}

function outputText({ name, tensor, binary }: InferOutput): string {
  const { dtype, shape, data } = tensor;
  const port = JSON.stringify({ name, datatype: datatypeOf(dtype), shape }).slice(0, -1);
  return binary
    ? `${port},"parameters":{"binary_data_size":${data.byteLength}}}`
    : `${port},"data":${tensorToJson(name, tensor)}}`;
}
