import { EndpointFailure, openRpcSocket, RpcRefusal } from "../shared/chain/link/rpc-socket.ts";
import { SubforgeError } from "../shared/errors.ts";

export type AskEndpoint = (method: string, ...params: unknown[]) => Promise<unknown>;

/**
 * Ask one endpoint a few questions over a connection of its own, without following the chain.
 *
 * @param what - What is being read, for the errors: "the runtime".
 * @param timeoutMs - Deadline of the connection, and of each question.
 * @throws SubforgeError CHAIN_UNREACHABLE, CHAIN_TIMEOUT, CHAIN_BAD_ANSWER, and what `work` throws
 */
export async function askEndpoint<T>(
  endpoint: string,
  { what, timeoutMs, signal }: { what: string; timeoutMs: number; signal: AbortSignal },
  work: (ask: AskEndpoint) => Promise<T>,
): Promise<T> {
  try {
    const socket = await openRpcSocket(endpoint, timeoutMs, signal);
    try {
      return await work((method, ...params) => socket.ask(method, params, timeoutMs));
    } finally {
      socket.end(new EndpointFailure("closed", "nothing more is asked"));
    }
  } catch (error) {
    if (error instanceof RpcRefusal)
      throw new SubforgeError("CHAIN_BAD_ANSWER", { what, problem: error.message }, { cause: error });
    if (!(error instanceof EndpointFailure)) throw error;
    if (error.kind === "late")
      throw new SubforgeError("CHAIN_TIMEOUT", { what, timeoutMs }, { cause: error });
    throw new SubforgeError("CHAIN_UNREACHABLE", { endpoint, reason: error.message }, { cause: error });
  }
}
