import type { Hex } from "../../shared/types.ts";
import { hexToBytes } from "./hex.ts";
import { U32 } from "./primitives.ts";

/** Name of one nonce of one account: what a transaction provides to the pool, and the next one requires. */
export function nonceTag(account: Hex, nonce: number): string {
  return Buffer.concat([hexToBytes(account), U32.encode(nonce)]).toString("hex");
}
