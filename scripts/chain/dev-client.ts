import { SubforgeError } from "../../shared/errors.ts";
import { endpointOf } from "../networks.ts";

/** Longest wait for one answer: the node makes up to 500 blocks meanwhile. */
const TIMEOUT_MS = 60_000;

/** Largest answer: the file of a large chain, in base64. */
const MAX_ANSWER_BYTES = 400 * 1024 * 1024;

/** Which chain a `chain …` command speaks to. */
export type ChainArgs = { network: string; endpoint: string | undefined };

/** A node that is asked over HTTP, one call at a time. */
export type DevClient = {
  endpoint: string;
  /**
   * @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_TIMEOUT, CHAIN_BAD_ANSWER, CHAIN_NOT_LOCAL where there is no such
   *   method, CHAIN_DEV_REFUSED for any other error
   */
  ask(method: string, ...params: unknown[]): Promise<unknown>;
};

type RpcAnswer = { result?: unknown; error?: { code: number; message: string; data?: unknown } };

/** @throws SubforgeError CLI_USAGE for an address that is none */
export function connectDevChain({ network, endpoint }: ChainArgs, timeoutMs = TIMEOUT_MS): DevClient {
  const address = endpointOf((endpoint ?? network).replace(/^http/, "ws"));
  const url = address.replace(/^ws/, "http");
  return {
    endpoint: address,
    async ask(method, ...params) {
      const { result, error } = await post(url, { method, params }, timeoutMs, address);
      if (error === undefined) return result;
      if (error.code === -32601) throw new SubforgeError("CHAIN_NOT_LOCAL", { endpoint: address, method });
      const reason = String(error.data ?? error.message);
      throw new SubforgeError("CHAIN_DEV_REFUSED", { method, reason });
    },
  };
}

async function post(
  url: string,
  { method, params }: { method: string; params: unknown[] },
  timeoutMs: number,
  endpoint: string,
): Promise<RpcAnswer> {
  let status: number;
  let text: string | undefined;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    text = await readText(response);
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError")
      throw new SubforgeError("CHAIN_TIMEOUT", { what: method, timeoutMs });
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error && cause.message ? cause.message : "connection refused";
    throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint, reason }, { cause: error });
  }
  const answer = text === undefined ? undefined : parse(text);
  if (answer !== undefined) return answer;
  if (status !== 200)
    throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint, reason: `HTTP status ${status}` });
  throw new SubforgeError("CHAIN_BAD_ANSWER", { what: method, problem: "it is no JSON-RPC" });
}

/** @returns undefined when it is too large */
async function readText(response: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parse(text: string): RpcAnswer | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null) return undefined;
    return "result" in answer || "error" in answer ? (answer as RpcAnswer) : undefined;
  } catch {
    return undefined;
  }
}
