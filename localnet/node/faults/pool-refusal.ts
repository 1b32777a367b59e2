import { blake2b256 } from "../../state/hashing.ts";
import { bytesToHex } from "../../types/hex.ts";
import { poolError, RpcError } from "../rpc-error.ts";
import type { FaultOf } from "./fault.ts";

/** The pool's refusal that a fault asks for, in the words of the real pool unless it brings its own. */
export function poolRefusal({ code, custom, data }: FaultOf<"pool">, extrinsic: Uint8Array): RpcError {
  const refusal = usual(code, custom, extrinsic);
  return data === undefined ? refusal : new RpcError(refusal.code, refusal.message, data);
}

function usual(code: number, custom: number | undefined, extrinsic: Uint8Array): RpcError {
  switch (code) {
    case 1002:
      return poolError.verification("Runtime error: made by a fault");
    case 1010:
      return poolError.invalid(custom === undefined ? "Stale" : { custom });
    case 1011:
      return poolError.invalid("CannotLookup");
    case 1012:
      return poolError.temporarilyBanned();
    case 1013:
      return poolError.alreadyImported(bytesToHex(blake2b256(extrinsic)));
    case 1014:
      return poolError.tooLowPriority(1n, 1n);
    default:
      return poolError.immediatelyDropped();
  }
}
