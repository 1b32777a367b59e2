import type { Logger } from "../../shared/logger.ts";
import type { RpcContext, RpcMethod } from "./rpc/rpc.ts";
import { RpcError } from "./rpc-error.ts";

/** Calls in one batch. */
const MAX_BATCH = 1_000;

/** Characters of a method name that an error repeats. */
const MAX_SHOWN = 80;

type Id = string | number | null;
type Answer = { jsonrpc: "2.0"; id: Id } & ({ result: unknown } | { error: object });

/** Answers JSON-RPC 2.0 texts, single or in batches. */
export class JsonRpc {
  readonly #methods: ReadonlyMap<string, RpcMethod>;
  readonly #logger: Logger;

  constructor(methods: ReadonlyMap<string, RpcMethod>, logger: Logger) {
    this.#methods = methods;
    this.#logger = logger;
  }

  /** @returns the answer as text; undefined when there is nothing to answer, as for a notification */
  answer(text: string, context: RpcContext): string | undefined {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return JSON.stringify(failure(null, new RpcError(-32700, "Parse error")));
    }
    if (!Array.isArray(message)) return stringify(this.#one(message, context));
    if (message.length === 0 || message.length > MAX_BATCH)
      return JSON.stringify(
        failure(null, new RpcError(-32600, "Invalid request", `a batch has 1 to ${MAX_BATCH} calls`)),
      );
    const answers = message.map((part) => this.#one(part, context)).filter((one) => one !== undefined);
    return answers.length === 0 ? undefined : JSON.stringify(answers);
  }

  #one(request: unknown, context: RpcContext): Answer | undefined {
    if (typeof request !== "object" || request === null || !("method" in request))
      return failure(null, new RpcError(-32600, "Invalid request"));
    const { method, params } = request as { method: unknown; params?: unknown };
    const id = "id" in request ? request.id : undefined;
    if (typeof method !== "string" || (id !== undefined && !isId(id)))
      return failure(null, new RpcError(-32600, "Invalid request"));
    const answer = this.#call(id ?? null, method, params, context);
    return id === undefined ? undefined : answer;
  }

  #call(id: Id, name: string, params: unknown, context: RpcContext): Answer {
    const method = this.#methods.get(name);
    if (method === undefined) {
      const data = `this local chain has no method ${name.slice(0, MAX_SHOWN)}`;
      return failure(id, new RpcError(-32601, "Method not found", data));
    }
    if (params !== undefined && params !== null && !Array.isArray(params))
      return failure(id, new RpcError(-32602, "Invalid params", "parameters are positional"));
    try {
      const result = method(Array.isArray(params) ? params : [], context);
      return { jsonrpc: "2.0", id, result: result ?? null };
    } catch (error) {
      if (error instanceof RpcError) return failure(id, error);
      this.#logger.error("rpc-crashed", {
        method: name,
        reason: error instanceof Error ? error.stack : String(error),
      });
      return failure(id, new RpcError(-32603, "Internal error", String(error)));
    }
  }
}

function failure(id: Id, { code, message, data }: RpcError): Answer {
  return { jsonrpc: "2.0", id, error: data === undefined ? { code, message } : { code, message, data } };
}

function isId(id: unknown): id is Id {
  return id === null || typeof id === "string" || typeof id === "number";
}

function stringify(answer: Answer | undefined): string | undefined {
  return answer && JSON.stringify(answer);
}
