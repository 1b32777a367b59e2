import { isSubforgeError } from "../../../shared/errors.ts";
import { UndecodableExtrinsic, UnknownRuntimeApi } from "../../engine.ts";
import type { ChainNode } from "../chain-node.ts";
import { clientError } from "../rpc-error.ts";
import { blockHashParam } from "./params.ts";

/**
 * Ask a runtime API. @param at - Block hash as the client gave it. @returns SCALE
 *
 * @throws RpcError in the words of Substrate, on which clients match
 */
export function callRuntime(node: ChainNode, method: string, args: Uint8Array, at: unknown): Uint8Array {
  try {
    return node.query(blockHashParam(at), (engine, store, ref) => engine.call(store, method, args, ref));
  } catch (error) {
    if (error instanceof UnknownRuntimeApi)
      throw clientError(`Execution failed: Other: Exported method ${method} is not found`);
    const stopped = isSubforgeError(error, "RUNTIME_TRAPPED") || isSubforgeError(error, "RUNTIME_TOO_SLOW");
    const undecodable = error instanceof TypeError || error instanceof UndecodableExtrinsic;
    if (stopped || undecodable) throw clientError(`Execution failed: ${error.message}`);
    throw error;
  }
}
