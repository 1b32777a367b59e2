import type { ModelPort } from "../inference/model-guard.ts";
import type { ServedModel } from "../inference/served-model.ts";
import type { Operation } from "../openapi.ts";
import { DATATYPE_NAMES, datatypeOf } from "./datatypes.ts";
import { HEADER_LENGTH } from "./infer-request.ts";
import { MAX_JSON_VALUES } from "./json-values.ts";
import { inferPaths, type Models, modelPaths } from "./oip-routes.ts";

const TAG = "Open Inference Protocol v2";

/** What each page and route of the protocol does, by `METHOD path`. */
export function oipOperations(models: Models): Map<string, Operation> {
  return new Map<string, Operation>([
    ["GET /v2", page("What this server is", "ServerMetadata")],
    ["GET /v2/health/live", page("Is the server alive?", "Live")],
    ["GET /v2/health/ready", page("Are all models ready?", "Ready", true)],
    ...models.all.flatMap((model) => [
      ...modelPaths(model).flatMap((path): [string, Operation][] => [
        [`GET ${path}`, page(`Inputs and outputs of ${model.name}`, "ModelMetadata")],
        [`GET ${path}/config`, page(`Configuration of ${model.name}, as Triton words it`, "ModelConfig")],
        [`GET ${path}/ready`, page(`Is ${model.name} ready?`, "Ready", true)],
      ]),
      ...inferPaths(model).map((path): [string, Operation] => [`POST ${path}`, inferOperation(model)]),
    ]),
  ]);
}

function page(summary: string, schema: string, mayBeUnready = false): Operation {
  const content = { "application/json": { schema: ref(schema) } };
  return {
    ...{ tags: [TAG], summary },
    responses: {
      200: { description: "Yes", content },
      ...(mayBeUnready ? { 503: { description: "Not now", content } } : {}),
    },
  };
}

function inferOperation({ name, info }: ServedModel): Operation {
  const length = { schema: { type: "integer", minimum: 1 }, description: "Bytes of the JSON object" };
  const binary = { schema: { type: "string", format: "binary" } };
  return {
    ...{ tags: [TAG], summary: `Infer with ${name}` },
    description:
      `Inputs: ${ports(info.inputs)}. Outputs: ${ports(info.outputs)}. Values of a tensor travel in the JSON, at most ` +
      `${MAX_JSON_VALUES} of a request or reply, or behind it in the order of the tensors (binary_data_size).`,
    parameters: [{ name: HEADER_LENGTH, in: "header", required: false, ...length }],
    requestBody: {
      required: true,
      content: { "application/json": { schema: ref("InferRequest") }, "application/octet-stream": binary },
    },
    responses: {
      200: {
        description: "The outputs",
        headers: { [HEADER_LENGTH]: length },
        content: { "application/json": { schema: ref("InferReply") }, "application/octet-stream": binary },
      },
      default: {
        description: "No answer",
        content: { "application/json": { schema: ref("InferError") } },
      },
    },
  };
}

function ports(list: readonly ModelPort[]): string {
  const size = (dimension: number | null) => dimension ?? -1;
  return list
    .map(({ name, dtype, shape }) => `${name} ${datatypeOf(dtype)} [${shape?.map(size) ?? "any"}]`)
    .join(", ");
}

const string = { type: "string" };
const shape = { type: "array", items: { type: "integer" } };
const parameters = { type: "object", additionalProperties: { type: ["boolean", "number", "string"] } };
const portSchema = object({ name: string, datatype: string, shape });
const configPort = object({ name: string, data_type: string, dims: shape });
const datatype = { type: "string", enum: DATATYPE_NAMES };

/** Of its requests and replies, by name. */
export const OIP_SCHEMAS: Record<string, object> = {
  Live: object({ live: { type: "boolean" } }),
  Ready: object({ ready: { type: "boolean" }, name: string }, ["ready"]),
  ServerMetadata: object({ name: string, version: string, extensions: { type: "array", items: string } }),
  ModelMetadata: object({
    ...{ name: string, versions: { type: "array", items: string }, platform: string },
    ...{ inputs: { type: "array", items: portSchema }, outputs: { type: "array", items: portSchema } },
  }),
  ModelConfig: object({
    ...{ name: string, platform: string, backend: string, max_batch_size: { type: "integer" } },
    ...{ input: { type: "array", items: configPort }, output: { type: "array", items: configPort } },
  }),
  InferRequest: object(
    {
      ...{ id: string, parameters },
      inputs: {
        type: "array",
        minItems: 1,
        items: object({ name: string, datatype, shape, parameters, data: { type: "array" } }, [
          ...["name", "datatype", "shape"],
        ]),
      },
      outputs: { type: "array", items: object({ name: string, parameters }, ["name"]) },
    },
    ["inputs"],
  ),
  InferReply: object(
    {
      ...{ model_name: string, model_version: string, id: string },
      outputs: {
        type: "array",
        items: object({ name: string, datatype, shape, parameters, data: { type: "array" } }, [
          ...["name", "datatype", "shape"],
        ]),
      },
    },
    ["model_name", "outputs"],
  ),
  InferError: object({ error: string, code: string }, ["error"]),
};

/** @param required - Default: all of them. */
function object(properties: Record<string, object>, required = Object.keys(properties)): object {
  return { type: "object", required, properties };
}

function ref(schema: string): object {
  return { $ref: `#/components/schemas/${schema}` };
}
