import { SubforgeError } from "../../errors.ts";
import { EndpointFailure, RpcRefusal } from "./rpc-socket.ts";

/** Questions by name, for messages. */
const WORDS: Record<string, string> = {
  chain_getHeader: "a block header",
  chain_getBlockHash: "the hash of a block",
  chain_getBlock: "a block",
  chain_getFinalizedHead: "the last final block",
  state_queryStorageAt: "storage",
  state_getStorage: "storage",
  state_call: "a runtime API",
  system_accountNextIndex: "the nonce",
};

/** A node that keeps less history says so; another one may still have it. */
export function isMissingState(error: unknown): boolean {
  return (
    error instanceof RpcRefusal &&
    /discarded|pruned|UnknownBlock|unknown Block|not found in the database/i.test(
      `${error.message} ${error.data}`,
    )
  );
}

/**
 * What went wrong with a question, by the codes of this project.
 *
 * @returns undefined when there was nobody to ask.
 */
export function toChainError(method: string, error: unknown, timeoutMs: number): SubforgeError | undefined {
  const what = WORDS[method] ?? method;
  if (error instanceof SubforgeError) return error;
  if (error instanceof RpcRefusal) {
    const problem = [error.message, error.data].filter(Boolean).join(": ");
    return isMissingState(error)
      ? new SubforgeError("CHAIN_STATE_PRUNED", { what, reason: problem }, { cause: error })
      : new SubforgeError("CHAIN_BAD_ANSWER", { what, problem }, { cause: error });
  }
  if (error instanceof EndpointFailure && error.kind === "late") {
    return new SubforgeError("CHAIN_TIMEOUT", { what, timeoutMs }, { cause: error });
  }
  return undefined;
}
