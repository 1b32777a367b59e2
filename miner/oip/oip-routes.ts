import type { ServedModel } from "../inference/served-model.ts";
import type { PublicPage, Reply, SignedRoute } from "../route.ts";
import { describeConfig, describeModel, describeServer } from "./describe.ts";
import { inferErrorReply, oipRefusal } from "./error-reply.ts";
import { infer, MODEL_VERSION } from "./infer.ts";

/** The models of a miner, as `ModelShelf` has them: the same ones for as long as it runs. */
export type Models = { readonly all: readonly ServedModel[] };

export type InferLimits = {
  /** From the last header to the answer; the model's own deadline may be shorter. */
  timeoutMs: number;
  maxRequestBytes: number;
  maxResponseBytes: number;
};

/** Eight images of 224 x 224 in float32 are 4.8 MB. */
export const DEFAULT_INFER_LIMITS: InferLimits = {
  timeoutMs: 30_000,
  maxRequestBytes: 8 * 2 ** 20,
  maxResponseBytes: 8 * 2 ** 20,
};

const JSON_TYPE = "application/json";

/**
 * Health and metadata: for everybody, as any client of the protocol asks for them.
 *
 * @param version - Of this program.
 * @param isReady - May questions be asked now? Health is more than loaded models: a miner that drains is not ready.
 */
export function oipPages(models: Models, version: string, isReady: () => boolean): PublicPage[] {
  const page = (path: string, show: () => Reply): PublicPage => ({ method: "GET", path, show });
  const server = json(describeServer(version));
  return [
    page("/v2", () => server),
    page("/v2/health/live", () => json({ live: true })),
    page("/v2/health/ready", () => health({ ready: isReady() })),
    ...models.all.flatMap((model) =>
      modelPaths(model).flatMap((path) => [
        page(path, whileSame(model, describeModel)),
        page(`${path}/config`, whileSame(model, describeConfig)),
        page(`${path}/ready`, () => health({ name: model.name, ready: model.isReady })),
      ]),
    ),
  ];
}

/**
 * `POST /v2/models/<name>/infer` for callers who proved who they are. Only btauth/1: its signature covers the path, so
 * that nobody turns a question to one model into a question to another.
 */
export function oipInferRoutes(models: Models, limits: InferLimits = DEFAULT_INFER_LIMITS): SignedRoute[] {
  return models.all.flatMap((model) =>
    inferPaths(model).map(
      (path): SignedRoute => ({
        ...{ method: "POST", path, accepts: ["btauth/1"], ...limits, refusal: oipRefusal },
        answer: async (question) => {
          try {
            return await infer(model, question, (feeds) => model.infer(feeds, question.signal));
          } catch (error) {
            const reply = inferErrorReply(error);
            // What is wrong with the request is part of a signed answer; the axon itself says and counts the rest.
            if (reply.status === 400) return reply;
            throw error;
          }
        },
      }),
    ),
  );
}

export function inferPaths(model: ServedModel): string[] {
  return modelPaths(model).map((path) => `${path}/infer`);
}

/** With and without the version. */
export function modelPaths({ name }: ServedModel): string[] {
  return [`/v2/models/${name}`, `/v2/models/${name}/versions/${MODEL_VERSION}`];
}

/** Written again only when the file was replaced: strangers may ask as often as they like. */
function whileSame(model: ServedModel, describe: (model: ServedModel) => object): () => Reply {
  let [info, reply] = [model.info, json(describe(model))];
  return () => {
    if (model.info !== info) [info, reply] = [model.info, json(describe(model))];
    return reply;
  };
}

/** Clients look at the status alone. */
function health(body: { name?: string; ready: boolean }): Reply {
  return { ...json(body), status: body.ready ? 200 : 503 };
}

function json(body: object): Reply {
  return { status: 200, contentType: JSON_TYPE, body: Buffer.from(JSON.stringify(body)) };
}
