import { isSubforgeError, SubforgeError } from "../errors.ts";
import { failPoint } from "../fail-point.ts";
import type { ChainSigner } from "../keys/external-signer.ts";
import { callName } from "./call-shape.ts";
import type { Call, Chain, Inclusion } from "./chain.ts";

/** Other programs that sign with the same key can take a nonce away: so often it is signed again. */
const MAX_SIGNATURES = 3;

/**
 * Sign a call, send it and wait until a block has it, in turn with other calls of the same key. For calls that may simply be made again after a failure;
 * weights have a life cycle of their own.
 *
 * @throws SubforgeError CHAIN_CALL_REFUSED, CHAIN_CALL_FAILED, CHAIN_NONCE_TAKEN, CHAIN_OUTCOME_UNKNOWN and those of the `Chain` port
 */
export async function sendCall(
  chain: Pick<Chain, "sign" | "submit" | "inTurn">,
  call: Call,
  signer: ChainSigner,
): Promise<Extract<Inclusion, { ok: true }>> {
  const inclusion = await chain.inTurn(signer.address, () => signAndSubmit(chain, call, signer));
  if (inclusion.ok) return inclusion;
  const { error, block } = inclusion;
  throw new SubforgeError("CHAIN_CALL_FAILED", {
    call: callName(call),
    error: error.name,
    docs: error.docs,
    block,
  });
}

async function signAndSubmit(
  chain: Pick<Chain, "sign" | "submit">,
  call: Call,
  signer: ChainSigner,
): Promise<Inclusion> {
  for (let signatures = 1; ; signatures++) {
    const signed = await chain.sign(call, signer);
    failPoint("call.sign.after");
    try {
      return await chain.submit(signed);
    } catch (error) {
      if (!isSubforgeError(error, "CHAIN_NONCE_TAKEN") || signatures >= MAX_SIGNATURES) throw error;
    }
  }
}
