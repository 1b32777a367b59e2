import { SubforgeError } from "../../shared/errors.ts";
import type { Hex } from "../../shared/types.ts";

/** Longest wait for one answer: making many blocks with a real runtime takes a while. */
const TIMEOUT_MS = 60_000;

/** A node as JSON-RPC over HTTP shows it, and nothing of what is behind it. */
export type RpcNode = {
  /** @throws SubforgeError CHAIN_TIMEOUT, CHAIN_UNREACHABLE, CHAIN_BAD_ANSWER with the node's own words */
  ask<T>(method: string, ...params: unknown[]): Promise<T>;
};

/** @param endpoint - `ws://…` or `http://…`; one port serves both. */
export function openRpcNode(endpoint: string): RpcNode {
  const url = endpoint.replace(/^ws/, "http");
  return {
    async ask<T>(method: string, ...params: unknown[]): Promise<T> {
      const answer = await post(url, { jsonrpc: "2.0", id: 1, method, params });
      if (answer.error === undefined) return answer.result as T;
      const problem = JSON.stringify(answer.error);
      throw new SubforgeError("CHAIN_BAD_ANSWER", { what: method, problem });
    },
  };
}

async function post(url: string, request: object): Promise<{ result?: unknown; error?: unknown }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return (await response.json()) as { result?: unknown; error?: unknown };
  } catch (error) {
    if ((error as Error).name === "TimeoutError")
      throw new SubforgeError("CHAIN_TIMEOUT", { what: url, timeoutMs: TIMEOUT_MS }, { cause: error });
    throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint: url, reason: String(error) }, { cause: error });
  }
}

/** What a node answers about its runtime. */
export type NodeVersion = { specName: string; specVersion: number };

export type StoragePair = [key: Hex, value: Hex];
