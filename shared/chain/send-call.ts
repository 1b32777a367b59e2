import { SubforgeError } from "../errors.ts";
import type { Keypair } from "../keys/keypair.ts";
import { callName } from "./call-shape.ts";
import type { Call, Chain, Inclusion } from "./chain.ts";

/**
 * Sign a call, send it and wait until a block has it. For calls that may simply be made again after a failure;
 * weights have a life cycle of their own.
 *
 * @throws SubforgeError CHAIN_CALL_REFUSED, CHAIN_CALL_FAILED, CHAIN_OUTCOME_UNKNOWN and those of the `Chain` port
 */
export async function sendCall(
  chain: Pick<Chain, "sign" | "submit">,
  call: Call,
  signer: Keypair,
): Promise<Extract<Inclusion, { ok: true }>> {
  const inclusion = await chain.submit(await chain.sign(call, signer));
  if (inclusion.ok) return inclusion;
  const { error, block } = inclusion;
  throw new SubforgeError("CHAIN_CALL_FAILED", {
    call: callName(call),
    error: error.name,
    docs: error.docs,
    block,
  });
}
