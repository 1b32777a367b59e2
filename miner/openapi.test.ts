import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import type { ProtocolId } from "../shared/wire/protocol.ts";
import { doublingTemplate } from "./miner.test-kit.ts";
import { oipInferRoutes, oipPages } from "./oip/oip-routes.ts";
import { doublingModel } from "./oip/served-model.test-kit.ts";
import { openApiPage } from "./openapi.ts";
import type { SignedRoute } from "./route.ts";
import { templateRoutes } from "./template-routes.ts";

type Document = {
  paths: Record<string, Record<string, { operationId: string; security?: object[]; summary: string }>>;
  components: { securitySchemes: Record<string, { name: string }> };
};

function serve(extra: SignedRoute[] = []) {
  const { template } = doublingTemplate();
  const models = { all: ["double", "a-b", "a_b"].map((name) => doublingModel(name).model) };
  const answering = { answer: async () => undefined };
  const routes = [...templateRoutes(template, answering), ...oipInferRoutes(models), ...extra];
  const pages = oipPages(models, "1.2.3", () => true);
  const protocols: ProtocolId[] = extra.length > 0 ? ["btauth/1", "v10"] : ["btauth/1"];
  const page = openApiPage({ routes, pages, template, models, protocols, version: "1.2.3" });
  const document: Document = JSON.parse(Buffer.from(page.show().body).toString());
  return { routes, pages, page, document };
}

const python: SignedRoute = {
  ...{
    method: "POST",
    path: "/Synapse",
    accepts: ["v10"],
    timeoutMs: 1,
    maxRequestBytes: 2,
    maxResponseBytes: 3,
  },
  answer: async () => undefined,
};

test("the document of a miner is one of OpenAPI 3.1", async () => {
  const { document } = serve([python]);
  const validator = new Validator();
  expect(await validator.validate(document)).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
});

test("it has every route that is served, and none too many", () => {
  const { document, routes, pages, page } = serve([python]);
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const served = [...routes, ...pages, page].map(({ method, path }) => `${method} ${path}`);
  expect(documented.sort()).toEqual([...served, "GET /health/live", "GET /health/ready"].sort());
});

test("it says of each route which headers prove who asks, and of each page that none are needed", () => {
  const { document } = serve([python]);
  for (const [path, { post, get }] of Object.entries(document.paths)) {
    const names = post?.security?.map((all) =>
      Object.keys(all).map((key) => document.components.securitySchemes[key]!.name),
    );
    if (path === "/Synapse") expect(names).toEqual([expect.arrayContaining(["bt_header_dendrite_nonce"])]);
    else if (post) expect(names).toEqual([expect.arrayContaining(["X-Bittensor-Version"])]);
    expect(get?.security).toBeUndefined();
  }
  expect(Object.keys(serve().document.components.securitySchemes)).toHaveLength(5); // of btauth/1 alone
});

test("it names each operation once, and each of the known ones by what it does", () => {
  const operations = Object.values(serve().document.paths).flatMap((methods) => Object.values(methods));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const { summary } of operations) expect(summary).not.toMatch(/^A page|SDK 7 to 10/);
});

test("it is the same bytes at each call", () => {
  const { page } = serve();
  expect(page.show().body).toBe(page.show().body);
});
