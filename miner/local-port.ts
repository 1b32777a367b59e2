import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../shared/clock.ts";
import { closeNow, listen } from "../shared/listening.ts";
import type { Logger } from "../shared/logger.ts";
import type { RefusalCode } from "../shared/wire/refusals.ts";
import { bodyBytes, refuseForm } from "./admission.ts";
import { AnswersInWork } from "./answers-in-work.ts";
import { type AxonLimits, DEFAULT_AXON_LIMITS } from "./axon-limits.ts";
import { createHttpServer } from "./http-server.ts";
import type { ServedModel } from "./inference/served-model.ts";
import { hostOf, isFromProgram, LOOPBACK, localCallers } from "./local-callers.ts";
import { describeRepository } from "./oip/describe.ts";
import { errorReply, inferErrorReply, oipRefusal } from "./oip/error-reply.ts";
import { infer } from "./oip/infer.ts";
import {
  DEFAULT_INFER_LIMITS,
  type InferLimits,
  inferPaths,
  type Models,
  oipPages,
} from "./oip/oip-routes.ts";
import { readBody } from "./read-body.ts";
import type { Reply } from "./route.ts";
import { RouteTable } from "./route-table.ts";
import { ScratchBuffers } from "./scratch-buffers.ts";
import { send } from "./send.ts";
import { toWireHeaders } from "./wire-headers.ts";

export type LocalPortOptions = {
  /** Address to listen on. Default 127.0.0.1. */
  host?: string | undefined;
  /** 0 for any free one. */
  port: number;
  /** Exact addresses of other machines that may call. Without it nothing but loopback is listened on. */
  allow?: readonly string[] | undefined;
  limits?: Partial<AxonLimits> | undefined;
  infer?: Partial<InferLimits> | undefined;
};

export type LocalPortDeps = {
  models: Models;
  /** Of this program. */
  version: string;
  isReady(): boolean;
  logger: Logger;
  clock: Clock;
};

export type LocalPort = {
  url: string;
  port: number;
  /** Refuses new questions, lets those in work finish for at most `withinMs`, and closes every connection. */
  drain(withinMs: number): Promise<void>;
};

/** Programs of one operator: few callers, many questions. */
const DEFAULT_LOCAL_LIMITS: AxonLimits = {
  ...DEFAULT_AXON_LIMITS,
  ...{ maxConnections: 128, connectionsPerSecond: 1_000, connectionBurst: 1_000, maxAnswers: 64 },
  ...{ placesOfProven: 0, strangersPerSecond: 1_000, strangerBurst: 1_000 }, // nobody proves anything here
};

/** Of each model's queue, so that whoever pays for answers always finds room. */
const QUEUE_SHARE = 0.5;

const NOT_FOUND = errorReply(404, "there is no such route, model or version here", "AXON_NOT_FOUND");

/** Clients of the protocol list models with a POST that has no body. */
const INDEX_PATH = "/v2/repository/index";

/**
 * The Open Inference Protocol without signatures, for the operator's own programs on this machine: the same models and
 * the same batches as the axon, but only a share of their queues.
 *
 * @throws SubforgeError LOCAL_PORT_EXPOSED, CONFIG_INVALID, PORT_IN_USE, PORT_FORBIDDEN
 */
export async function openLocalPort(options: LocalPortOptions, deps: LocalPortDeps): Promise<LocalPort> {
  const server = new LocalServer(options, deps);
  await server.listen();
  return server;
}

class LocalServer implements LocalPort {
  readonly #deps: LocalPortDeps;
  readonly #host: string;
  readonly #wantedPort: number;
  readonly #limits: AxonLimits;
  readonly #infer: InferLimits;
  readonly #mayCall: (address: string | undefined) => boolean;
  readonly #pages: RouteTable;
  readonly #models: ReadonlyMap<string, ServedModel>;
  readonly #server: Server;
  #isStopping = false;
  readonly #answers = new AnswersInWork();
  readonly #bodyMemory = new ScratchBuffers();

  constructor({ host = LOOPBACK, port, allow = [], limits, infer }: LocalPortOptions, deps: LocalPortDeps) {
    this.#mayCall = localCallers(host, allow);
    this.#deps = deps;
    this.#host = host;
    this.#wantedPort = port;
    this.#limits = { ...DEFAULT_LOCAL_LIMITS, ...limits };
    this.#infer = { ...DEFAULT_INFER_LIMITS, ...infer };
    const isReady = () => !this.#isStopping && deps.isReady();
    this.#pages = new RouteTable([], oipPages(deps.models, deps.version, isReady));
    this.#models = new Map(
      deps.models.all.flatMap((model) => inferPaths(model).map((path) => [path, model])),
    );
    this.#server = createHttpServer(this.#limits, (request, response) => this.#take(request, response));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${hostOf(this.#host)}:${this.port}`;
  }

  listen(): Promise<void> {
    return listen(this.#server, { host: this.#host, port: this.#wantedPort });
  }

  async drain(withinMs: number): Promise<void> {
    this.#isStopping = true;
    await this.#answers.idle(withinMs, this.#deps.clock);
    await closeNow(this.#server);
  }

  /** Nothing that goes wrong with one request may reach the process. */
  #take(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#mayCall(request.socket.remoteAddress)) {
      response.destroy();
      return;
    }
    this.#handle(request, response)
      .catch((error) => {
        this.#deps.logger.error("local.error", { error: String(error) });
        return { reply: oipRefusal("AXON_FAILED"), keeps: false };
      })
      .then(({ reply, keeps }) => send(response, reply, !keeps))
      .catch(() => response.destroy());
  }

  /** A connection is kept only where the body was read. */
  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ reply: Reply; keeps: boolean }> {
    const { method = "", url: target = "" } = request;
    if (!isFromProgram(request.headers, request.socket.localAddress))
      return {
        reply: errorReply(403, "call by localhost or the address itself, not from a web page"),
        keeps: false,
      };
    const page = this.#pages.page(method, target);
    if (page) return { reply: page.show(), keeps: true };
    if (method === "POST" && target === INDEX_PATH) return { reply: this.#index(), keeps: false };
    const model = method === "POST" ? this.#models.get(target) : undefined;
    return model ? this.#answer(model, request, response) : { reply: NOT_FOUND, keeps: false };
  }

  async #answer(
    model: ServedModel,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<{ reply: Reply; keeps: boolean }> {
    const { method = "", url: target = "", rawHeaders } = request;
    const headers = toWireHeaders(rawHeaders);
    const refused =
      this.#refuseBusy() ??
      refuseForm({ method, target, headers, maxBodyBytes: this.#infer.maxRequestBytes });
    if (refused) return { reply: oipRefusal(refused), keeps: false };
    this.#answers.enter(response); // in one step with the look whether there is room
    if (headers.expect !== undefined) response.writeContinue();
    const length = bodyBytes({ method, headers })!;
    const body = await readBody(request, length, this.#limits.bodyTimeoutMs, this.#bodyMemory);
    if (!body) return { reply: oipRefusal("BTAUTH_BODY_TIMEOUT"), keeps: false };
    const over = new AbortController();
    const end = () => over.abort();
    const timer = setTimeout(end, this.#infer.timeoutMs);
    response.once("close", end);
    try {
      const answer = infer(model, { body: body.bytes, headers }, (feeds) =>
        model.infer(feeds, over.signal, QUEUE_SHARE),
      );
      body.giveBack(); // it was parsed before the first wait
      const reply = await answer;
      if (reply.body.length > this.#infer.maxResponseBytes)
        return {
          reply: errorReply(400, "the outputs are too large; ask for fewer rows or outputs"),
          keeps: true,
        };
      return { reply, keeps: true };
    } catch (error) {
      const reply = inferErrorReply(error);
      if (reply.status === 500)
        this.#deps.logger.warn("local.failed", { model: model.name, error: String(error) });
      return { reply, keeps: true };
    } finally {
      clearTimeout(timer);
      response.off("close", end);
    }
  }

  #index(): Reply {
    const body = Buffer.from(JSON.stringify(describeRepository(this.#deps.models.all)));
    return { status: 200, contentType: "application/json", body };
  }

  #refuseBusy(): RefusalCode | undefined {
    if (this.#isStopping) return "AXON_STOPPING";
    return this.#answers.count >= this.#limits.maxAnswers ? "AXON_OVERLOADED" : undefined;
  }
}
