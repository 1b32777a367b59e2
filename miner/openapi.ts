import type { SubnetTemplate } from "../shared/template.ts";
import { MESSAGE_CONTENT_TYPE } from "../shared/wire/message.ts";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { synapseRoute } from "../shared/wire/route.ts";
import { OIP_SCHEMAS, oipOperations } from "./oip/oip-openapi.ts";
import type { Models } from "./oip/oip-routes.ts";
import { securityOf, securitySchemes } from "./openapi-security.ts";
import type { PublicPage, SignedRoute } from "./route.ts";

/** What a path does, in the words of OpenAPI. */
export type Operation = { summary: string; tags: string[]; responses: object; [field: string]: unknown };

export type Served = {
  routes: readonly SignedRoute[];
  /** Without those that every axon has of its own. */
  pages: readonly PublicPage[];
  template: Pick<SubnetTemplate, "id" | "synapses">;
  models: Models;
  /** Which conventions are taken; a route may accept more. */
  protocols: readonly ProtocolId[];
  /** Of this program. */
  version: string;
};

const PATH = "/openapi.json";
const JSON_TYPE = "application/json";
const HEALTH_TAG = "Health";
const DESCRIPTION =
  "Questions are signed by the caller's hotkey; answers to btauth/1 questions are signed by the miner's, in the same " +
  "headers. A refusal is a small constant body with a code.";

/**
 * `GET /openapi.json`: everything that this miner answers, as an OpenAPI 3.1 document. It is made once, from the very
 * routes that are served.
 */
export function openApiPage(served: Served): PublicPage {
  const body = Buffer.from(JSON.stringify(openApiDocument(served)));
  return { method: "GET", path: PATH, show: () => ({ status: 200, contentType: JSON_TYPE, body }) };
}

function openApiDocument({ routes, pages, template, models, protocols, version }: Served): object {
  const known = new Map([...ownOperations(), ...oipOperations(models), ...templateOperations(template)]);
  const paths: Record<string, Record<string, object>> = {};
  const add = (method: string, path: string, operation: object) => {
    paths[path] ??= {};
    paths[path][method.toLowerCase()] = { ...operation, operationId: operationId(method, path) };
  };
  for (const path of ownPaths()) add("GET", path, known.get(`GET ${path}`)!);
  for (const { method, path } of pages) add(method, path, known.get(`${method} ${path}`) ?? OTHER_PAGE);
  for (const { method, path, accepts, timeoutMs, maxRequestBytes, maxResponseBytes } of routes) {
    add(method, path, {
      ...(known.get(`${method} ${path}`) ?? OTHER_ROUTE),
      security: securityOf(accepts.filter((protocol) => protocols.includes(protocol))),
      "x-limits": { timeoutMs, maxRequestBytes, maxResponseBytes },
    });
  }
  return {
    openapi: "3.1.0",
    info: { title: `subforge miner: ${template.id}`, version, description: DESCRIPTION },
    paths,
    components: { schemas: { ...OWN_SCHEMAS, ...OIP_SCHEMAS }, securitySchemes: securitySchemes(protocols) },
  };
}

const OWN_SCHEMAS = {
  Health: { type: "object", required: ["ok"], properties: { ok: { type: "boolean" } } },
  Refusal: {
    type: "object",
    required: ["code", "detail"],
    properties: { code: { type: "string" }, detail: { type: "string" } },
  },
  Message: {
    type: "object",
    description: "A question or answer of the subnet. A tensor is {dtype, shape, data}, data in base64.",
  },
};

const REFUSED = { description: "No answer", content: json("Refusal") };
const OTHER_PAGE: Operation = {
  tags: ["Other"],
  summary: "A page",
  responses: { 200: { description: "Yes" } },
};
/** Python peers of SDK 7 to 10 know their class; its fields are not ours to describe. */
const OTHER_ROUTE: Operation = {
  ...{ tags: ["Python peers"], summary: "A synapse of SDK 7 to 10" },
  requestBody: { required: true, content: { [JSON_TYPE]: { schema: { type: "object" } } } },
  responses: { 200: { description: "The synapse, filled in" }, default: { description: "No answer" } },
};

/** Served by every axon, whatever its routes. */
function ownOperations(): [string, Operation][] {
  const health = (summary: string): Operation => ({
    ...{ tags: [HEALTH_TAG], summary },
    responses: {
      200: { description: "Yes", content: json("Health") },
      503: { description: "Not now", content: json("Health") },
    },
  });
  return [
    ["GET /health/live", health("Is the miner alive?")],
    ["GET /health/ready", health("Does the miner take questions?")],
    [
      `GET ${PATH}`,
      { tags: [HEALTH_TAG], summary: "This document", responses: { 200: { description: "OpenAPI 3.1" } } },
    ],
  ];
}

function ownPaths(): string[] {
  return ownOperations().map(([key]) => key.slice("GET ".length));
}

function templateOperations({ id, synapses }: Served["template"]): [string, Operation][] {
  const content = {
    [MESSAGE_CONTENT_TYPE]: { schema: { type: "string", format: "binary" } },
    ...json("Message"),
  };
  return Object.keys(synapses).map((name) => [
    `POST ${synapseRoute(id, name)}`,
    {
      ...{ tags: [`Subnet ${id}`], summary: `Synapse ${name}` },
      requestBody: { required: true, content },
      responses: {
        200: { description: "The answer, in the form of the question", content },
        default: REFUSED,
      },
    },
  ]);
}

function json(schema: string): Record<string, object> {
  return { [JSON_TYPE]: { schema: { $ref: `#/components/schemas/${schema}` } } };
}

/** A name in most languages, and another one for each path: model names differ in more than letters. */
function operationId(method: string, path: string): string {
  const hex = (character: string) => `_${character.charCodeAt(0).toString(16)}_`;
  return `${method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9/]/g, hex).replaceAll("/", "__")}`;
}
